import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Secret } from '../../../src/engine/base/secret.js';
import type { LoginPrompts } from '../../../src/engine/ssh/types.js';
import { SparkError } from '../../../src/shared/errors.js';
import { makeKey, type Sshd, type SshdOptions, startSshd } from '../../support/sshd.js';
import { startSshAgent, type SshAgent } from '../../support/sshAgent.js';
import { openSession } from './openSession.js';

/** Logs in as `ssh` would: with what the agent, the configuration and `~/.ssh` offer. */
describe('an automatic login at OpenSSH', () => {
  let sshd: Sshd;
  let agent: SshAgent | undefined;

  afterEach(async () => {
    await agent?.stop();
    agent = undefined;
    await sshd.stop();
  });

  async function start(options: SshdOptions = {}): Promise<void> {
    sshd = await startSshd(options);
    sshd.trust();
  }
  async function startAgent(...keys: string[]): Promise<NodeJS.ProcessEnv> {
    agent = await startSshAgent();
    for (const key of keys) agent.add([key]);
    return { SSH_AUTH_SOCK: agent.path };
  }
  /** A key of the client's, below its `.ssh`; the server does not know it. */
  function ownKey(name: string, more: string[] = []): string {
    const folder = join(sshd.home, '.ssh');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return makeKey(join(folder, name), 'ed25519', more);
  }
  function config(...lines: string[]): void {
    writeFileSync(join(sshd.home, '.ssh', 'config'), `${lines.join('\n')}\n`, { mode: 0o600 });
  }
  const open = async (env: NodeJS.ProcessEnv = {}, prompts: Partial<LoginPrompts> = {}) => {
    const session = await openSession({
      target: { hostname: '127.0.0.1', port: sshd.port, username: sshd.username, auth: { method: 'auto' } },
      home: sshd.home,
      env,
      prompts,
    });
    session.dispose();
  };
  /** How many keys the server was offered that it did not take. */
  const failures = () => sshd.log().split('Failed publickey').length - 1;

  it('uses a key of the agent', async () => {
    await start();
    await open(await startAgent(sshd.clientKey));
  });

  it('uses the usual key files, without a passphrase where the server does not take the key', async () => {
    await start();
    ownKey('id_ed25519', ['-N', 'locked']);
    renameSync(sshd.clientKey, join(sshd.home, '.ssh', 'id_rsa'));
    renameSync(`${sshd.clientKey}.pub`, join(sshd.home, '.ssh', 'id_rsa.pub'));
    await open();
  });

  it('uses the key that the SSH config names, and with IdentitiesOnly nothing else', async () => {
    await start();
    const stranger = ownKey('stranger');
    ownKey('id_ed25519');
    config('Host 127.0.0.1', `  IdentityFile "${sshd.clientKey}"`, '  IdentitiesOnly yes');
    await open(await startAgent(stranger));
    assert.equal(failures(), 0);
  });

  it('asks the agent for a key of which the configuration has only the public half', async () => {
    await start();
    const env = await startAgent(ownKey('other'), sshd.clientKey);
    const publicHalf = join(sshd.home, '.ssh', 'chosen.pub');
    writeFileSync(publicHalf, readFileSync(`${sshd.clientKey}.pub`));
    config('Host *', `  IdentityFile ${publicHalf}`, '  IdentitiesOnly yes');
    await open(env);
    assert.equal(failures(), 0);
  });

  it('offers more keys than the server allows on one connection, and remembers the one that it took', async () => {
    await start({ config: ['MaxAuthTries 2'] });
    const strangers = ['a', 'b', 'c', 'd', 'e'].map(name => ownKey(name));
    const env = await startAgent(...strangers, sshd.clientKey);
    await open(env);
    assert.equal(failures(), strangers.length);
  });

  it('goes on to the password after the keys, also where they have used up the tries', async () => {
    await start({
      config: ['MaxAuthTries 2', 'KbdInteractiveAuthentication yes', 'UsePAM no'],
    });
    const strangers = ['a', 'b', 'c'].map(name => ownKey(name));
    const env = await startAgent(...strangers);
    const asked: string[] = [];
    const prompts: Partial<LoginPrompts> = {
      password: who => {
        asked.push(who.name);
        return Promise.reject(new SparkError({ code: 'cancelled', message: 'no' }));
      },
      answers: () => Promise.resolve([new Secret('')]),
    };
    await assert.rejects(open(env, prompts), (error: unknown) => SparkError.is(error));
    assert.equal(failures(), strangers.length);
  });

  it('says what was tried when nothing is left', async () => {
    await start();
    const key = ownKey('id_ed25519');
    await assert.rejects(open(), (error: unknown) => {
      assert.ok(SparkError.is(error, 'authFailed'));
      assert.ok(error.message.includes(key), error.message);
      return true;
    });
  });

  it('says that there is no key at all', async () => {
    await start();
    await assert.rejects(open(), (error: unknown) => {
      assert.ok(SparkError.is(error, 'authFailed'));
      assert.match(error.message, /no key to log in with/);
      return true;
    });
  });

  it('gives a second key where the server wants two', async () => {
    await start({ config: ['AuthenticationMethods publickey,publickey'] });
    const second = ownKey('id_ed25519');
    sshd.authorize(second);
    await open(await startAgent(sshd.clientKey));
  });

  it('goes on without an agent that has gone', async () => {
    await start();
    renameSync(sshd.clientKey, join(sshd.home, '.ssh', 'id_ed25519'));
    await open({ SSH_AUTH_SOCK: join(sshd.folder, 'gone') });
  });
});
