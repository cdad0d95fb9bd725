import assert from 'node:assert/strict';
import { setUpKey } from '../../../src/engine/connections/keySetUp.js';
import type { SshSession, SshTarget } from '../../../src/engine/ssh/types.js';
import { SparkError } from '../../../src/shared/errors.js';
import { savedConnection } from '../../support/connections.js';
import { FakeMachine } from '../../support/fakeMachine.js';

const PATH = '~/.ssh/id_ed25519_spark-1';
const unexpected = () => Promise.reject(new Error('unexpected question'));

describe('setting up a key', () => {
  /** @param known whether the machine takes the key from the start */
  function setUp({ known = false, made = true } = {}) {
    const done: string[] = [];
    const machine = new FakeMachine();
    const run = async (live?: SshSession) =>
      await setUpKey({
        connection: savedConnection(),
        keyPath: undefined,
        connector: {
          open: async (target: SshTarget, prompts, options) => {
            done.push(`login by ${target.login.method}`);
            if (target.login.method === 'key' && !known)
              throw new SparkError({ code: 'authFailed', message: 'The key is not known.' });
            return await machine.open(target, prompts, options);
          },
        },
        tools: {
          ensureLoginKey: () => Promise.resolve({ path: PATH, publicLine: 'ssh-ed25519 AAAA', made }),
          installPublicKey: () => {
            done.push('install');
            const outcome = known ? 'present' : 'added';
            known = true;
            return Promise.resolve({ outcome } as const);
          },
          readPrivateKey: unexpected,
        },
        target: {
          ways: [{ host: 'spark.local', port: undefined, proxyJump: undefined }],
          username: 'nvidia',
          login: { method: 'password' },
          lastAddress: undefined,
        },
        live,
        prompts: { confirmHostKey: unexpected, passphrase: unexpected, password: unexpected, answers: unexpected },
        open: {
          connectTimeoutMs: 1,
          keepaliveMs: 1,
          signal: new AbortController().signal,
          onStep: () => undefined,
        },
      });
    return { done, machine, run };
  }

  it('logs in as before, adds the key, and proves that the server takes it', async () => {
    const { done, machine, run } = setUp();
    assert.deepEqual(await run(), { keyPath: PATH, made: true, added: true, warnings: [] });
    assert.deepEqual(done, ['login by password', 'install', 'login by key']);
    assert.equal(machine.disposed, 2);
  });

  it('needs no password where the key is taken already', async () => {
    const { done, machine, run } = setUp({ known: true, made: false });
    assert.deepEqual(await run(), { keyPath: PATH, made: false, added: false, warnings: [] });
    assert.deepEqual(done, ['login by key']);
    assert.equal(machine.disposed, 1);
  });

  it('adds a key that was made before and is not known there', async () => {
    const { done, run } = setUp({ made: false });
    assert.equal((await run()).added, true);
    assert.deepEqual(done, ['login by key', 'login by password', 'install', 'login by key']);
  });

  it('uses the session that is up, and leaves it', async () => {
    const { done, machine, run } = setUp();
    const live = await new FakeMachine().open(undefined, {} as never, {
      signal: new AbortController().signal,
      onStep: () => undefined,
    });
    assert.equal((await run(live)).added, true);
    assert.deepEqual(done, ['install', 'login by key']);
    assert.equal(machine.disposed, 1);
  });
});
