import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SparkError } from '../../../src/shared/errors.js';
import type { Answer, Question } from '../../../src/shared/questions.js';
import { freePort, type Sshd, startSshd } from '../../support/sshd.js';
import { canCreateUsers, createSystemUser, type SystemUser } from '../../support/systemUser.js';
import { newStorage, TestWindow } from '../../support/window.js';

describe('keys to log in with', () => {
  const home = process.env['HOME'];
  let fakeHome: string;
  let storage: ReturnType<typeof newStorage>;
  let user: SystemUser;
  let sshd: Sshd;
  let window: TestWindow;
  let connectionId: string;

  beforeEach(async function () {
    // a machine that asks for passwords needs a user who has one; only root can make them, and CI is root
    if (!canCreateUsers()) this.skip();
    fakeHome = mkdtempSync(join(tmpdir(), 'dgxs-home-'));
    process.env['HOME'] = fakeHome;
    storage = newStorage();
    user = createSystemUser();
    sshd = await startSshd({
      username: user.name,
      config: [
        'AuthorizedKeysFile .ssh/authorized_keys',
        'PasswordAuthentication yes',
        'UsePAM yes',
        'StrictModes yes',
        `SetEnv HOME=${user.home}`,
      ],
    });
    const localPort = await freePort();
    window = await TestWindow.open({
      storage: storage.folder,
      answer: (question: Question): Answer =>
        question.kind === 'password' ? { kind: 'secret', secret: user.password, remember: false } : { kind: 'yes' },
      settings: { localPort },
    });
    ({ id: connectionId } = await window.peer.request('connections/create', {
      name: 'My Spark',
      hostname: '127.0.0.1',
      port: sshd.port,
      username: user.name,
      authMethod: 'password',
    }));
  });
  afterEach(async () => {
    await window.endEngine();
    await sshd.stop();
    user.remove();
    storage.remove();
    process.env['HOME'] = home;
    rmSync(fakeHome, { recursive: true, force: true });
  });

  const asked = () => window.questions.map(({ kind }) => kind);
  const local = (path: string) => path.replace('~', fakeHome);
  const reconnect = async () => {
    await window.peer.request('connections/disconnect', { connectionId });
    return await window.peer.request('connections/connect', { connectionId });
  };

  it('are set up with the password, once, and used from then on', async () => {
    const done = await window.peer.request('connections/setUpKey', { connectionId });
    assert.deepEqual(done, { keyPath: '~/.ssh/id_ed25519_my-spark', made: true, added: true, warnings: [] });
    assert.deepEqual(asked(), ['hostKey', 'password']);
    assert.equal(statSync(local(done.keyPath)).mode & 0o777, 0o600);
    assert.ok(existsSync(`${local(done.keyPath)}.pub`));
    const saved = await window.peer.request('connections/get', { connectionId });
    assert.deepEqual([saved.authMethod, saved.sshKeyPath], ['key', done.keyPath]);

    const status = await reconnect();
    assert.equal(status.state, 'connected');
    // and again: over the session that is up, and over a new one
    for (let round = 0; round < 2; round++) {
      const again = await window.peer.request('connections/setUpKey', { connectionId });
      assert.deepEqual([again.keyPath, again.made, again.added], [done.keyPath, false, false]);
      await window.peer.request('connections/disconnect', { connectionId });
    }
    assert.deepEqual(asked(), ['hostKey', 'password'], 'nothing more was asked');
    const lines = readFileSync(join(user.home, '.ssh', 'authorized_keys'), 'utf8')
      .trim()
      .split('\n');
    assert.equal(lines.length, 1);
  });

  it('change nothing where the server does not take them, and say so', async () => {
    await sshd.stop();
    sshd = await startSshd({
      port: sshd.port,
      username: user.name,
      config: ['AuthorizedKeysFile /nowhere', 'PasswordAuthentication yes', 'UsePAM yes', `SetEnv HOME=${user.home}`],
    });
    await assert.rejects(window.peer.request('connections/setUpKey', { connectionId }), (error: unknown) => {
      assert.ok(SparkError.is(error, 'authFailed'));
      assert.match(error.message, /does not take it/);
      return true;
    });
    const saved = await window.peer.request('connections/get', { connectionId });
    assert.deepEqual([saved.authMethod, saved.sshKeyPath], ['password', null]);
  });

  it('may be kept in the keychain, after which their file is not needed', async () => {
    const { keyPath } = await window.peer.request('connections/setUpKey', { connectionId });
    await window.peer.request('connections/storeKey', { connectionId });
    rmSync(local(keyPath));
    rmSync(`${local(keyPath)}.pub`);
    assert.equal((await reconnect()).state, 'connected');
    const text = [...window.secrets.values()].find(value => value.includes('OPENSSH PRIVATE KEY'));
    assert.ok(text);
    await window.peer.request('engine/flush', {});
    assert.equal(readFileSync(join(storage.folder, 'dgx-spark.sqlite')).includes(text.split('\n')[2]!), false);
    assert.equal(window.logLines.join('\n').includes(text.split('\n')[2]!), false);

    await window.peer.request('connections/forgetSecrets', { connectionId, keepKeys: true });
    assert.equal((await reconnect()).state, 'connected');
    // an edit that is not about the login leaves it there too
    await window.peer.request('connections/update', { connectionId, changes: { addresses: ['localhost'] } });
    assert.equal((await window.peer.request('connections/get', { connectionId })).keyStored, true);

    await window.peer.request('connections/forgetSecrets', { connectionId });
    assert.equal((await window.peer.request('connections/get', { connectionId })).keyStored, false);
    assert.equal(
      [...window.secrets.values()].some(value => value.includes('PRIVATE KEY')),
      false,
    );
    await assert.rejects(reconnect(), (error: unknown) => SparkError.is(error, 'keyMissing'));
  });

  it('are not stored where there is no key', async () => {
    await assert.rejects(window.peer.request('connections/storeKey', { connectionId }), (error: unknown) =>
      SparkError.is(error, 'keyMissing'),
    );
  });
});
