import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Secret } from '../../../src/engine/base/secret.js';
import { toOpenSshPrivateKey } from '../../../src/engine/ssh/keys/opensshKey.js';
import { SparkError } from '../../../src/shared/errors.js';
import { hasSshd, type KeyType, makeKey, type Sshd, startSshd } from '../../support/sshd.js';
import { openSession, type TestTarget } from './openSession.js';

describe('login by key at OpenSSH', function () {
  this.timeout(30_000);
  let sshd: Sshd;

  before(async function () {
    if (!hasSshd()) this.skip();
    sshd = await startSshd({ hostKeys: ['ed25519', 'ecdsa', 'rsa'] });
    sshd.trust();
  });

  after(() => sshd.stop());

  const target = (keyPath: string): TestTarget => ({
    hostname: '127.0.0.1',
    port: sshd.port,
    username: sshd.username,
    auth: { method: 'key', keyPath },
  });

  async function logsIn(keyPath: string, passphrase?: string): Promise<void> {
    const session = await openSession({
      target: target(keyPath),
      home: sshd.home,
      prompts: passphrase === undefined ? {} : { passphrase: () => Promise.resolve(new Secret(passphrase)) },
    });
    const { stream } = await session.spawn(['echo', 'in']);
    assert.equal(await text(stream), 'in\n');
    session.dispose();
  }

  const keys: [type: KeyType, format: string, more: string[]][] = [
    ['ed25519', 'OpenSSH', []],
    ['ecdsa', 'OpenSSH', []],
    ['ecdsa', 'OpenSSH, 384 bits', ['-b', '384']],
    ['rsa', 'OpenSSH', []],
    ['ecdsa', 'PEM', ['-m', 'PEM']],
    ['rsa', 'PEM', ['-m', 'PEM']],
    ['ecdsa', 'PKCS#8', ['-m', 'PKCS8']],
    ['rsa', 'PKCS#8', ['-m', 'PKCS8']],
  ];
  for (const [type, format, more] of keys)
    for (const passphrase of [undefined, 'open sesame'])
      it(`works with ${type} in ${format}${passphrase === undefined ? '' : ', encrypted'}`, async () => {
        const protection = passphrase === undefined ? [] : ['-N', passphrase];
        const path = makeKey(join(sshd.folder, `${type}-${format}-${passphrase ?? 'plain'}`), type, [
          ...more,
          ...protection,
        ]);
        sshd.authorize(path);
        await logsIn(path, passphrase);
      });

  it('works with ed25519 in PKCS#8, which only openssl makes', async () => {
    for (const passphrase of [undefined, 'open sesame']) {
      const path = join(sshd.folder, `ed25519-pkcs8-${passphrase ?? 'plain'}`);
      const { privateKey } = generateKeyPairSync('ed25519');
      writeFileSync(path, toOpenSshPrivateKey(privateKey) ?? '', { mode: 0o600 });
      writeFileSync(`${path}.pub`, execFileSync('ssh-keygen', ['-y', '-f', path]));
      sshd.authorize(path);
      const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
      const protection = passphrase === undefined ? ['-nocrypt'] : ['-passout', `pass:${passphrase}`];
      writeFileSync(path, execFileSync('openssl', ['pkcs8', '-topk8', ...protection], { input: pem }));
      await logsIn(path, passphrase);
    }
  });

  it('says in words what it does, in order', async () => {
    const steps: string[] = [];
    const session = await openSession({
      target: target(sshd.clientKey),
      home: sshd.home,
      onStep: step => steps.push(step),
    });
    session.dispose();
    assert.deepEqual(steps, [
      `Opening a connection to 127.0.0.1:${sshd.port}`,
      'Verifying the host key',
      `Logging in as ${sshd.username}`,
    ]);
  });

  it('asks for the passphrase only when the server takes the key', async () => {
    const path = makeKey(join(sshd.folder, 'locked-stranger'), 'ed25519', ['-N', 'x']);
    // a question would fail the test
    await assert.rejects(openSession({ target: target(path), home: sshd.home }), (error: unknown) =>
      SparkError.is(error, 'authFailed'),
    );
    sshd.authorize(path);
    const refusal = new SparkError({ code: 'cancelled', message: 'not now' });
    const opening = openSession({
      target: target(path),
      home: sshd.home,
      prompts: { passphrase: () => Promise.reject(refusal) },
    });
    await assert.rejects(opening, refusal);
  });

  it('is refused with a hint when the server does not know the key, after one attempt', async () => {
    const path = makeKey(join(sshd.folder, 'stranger'), 'ed25519');
    await assert.rejects(openSession({ target: target(path), home: sshd.home }), (error: unknown) => {
      assert.ok(SparkError.is(error, 'authFailed'));
      assert.ok(error.message.includes(path) && error.message.includes(`${sshd.username}@127.0.0.1`), error.message);
      assert.match(error.hint ?? '', /authorized_keys/);
      return true;
    });
    const fingerprint = execFileSync('ssh-keygen', ['-lf', `${path}.pub`])
      .toString()
      .split(' ')[1]!;
    assert.equal(sshd.log().split(fingerprint).length - 1, 1, sshd.log());
  });

  it('is refused in the same way by a server that allows one attempt only', async () => {
    const strict = await startSshd({ config: ['MaxAuthTries 1'] });
    strict.trust();
    try {
      const keyPath = makeKey(join(strict.folder, 'stranger'), 'ed25519');
      const opening = openSession({
        target: {
          hostname: '127.0.0.1',
          port: strict.port,
          username: strict.username,
          auth: { method: 'key', keyPath },
        },
        home: strict.home,
      });
      await assert.rejects(opening, (error: unknown) => SparkError.is(error, 'authFailed'));
    } finally {
      await strict.stop();
    }
  });

  it('fails before connecting when the key file is missing', async () => {
    await assert.rejects(openSession({ target: target('~/.ssh/none'), home: sshd.home }), (error: unknown) =>
      SparkError.is(error, 'keyMissing'),
    );
  });

  it('is told apart when the server wants more than a key', async () => {
    const strict = await startSshd({
      config: ['AuthenticationMethods publickey,hostbased', 'HostbasedAuthentication yes'],
    });
    strict.trust();
    try {
      const opening = openSession({
        target: {
          hostname: '127.0.0.1',
          port: strict.port,
          username: strict.username,
          auth: { method: 'key', keyPath: strict.clientKey },
        },
        home: strict.home,
      });
      await assert.rejects(
        opening,
        (error: unknown) => SparkError.is(error, 'authFailed') && error.message.includes('one more proof'),
      );
    } finally {
      await strict.stop();
    }
  });
});
