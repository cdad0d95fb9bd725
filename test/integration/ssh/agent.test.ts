import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentKey, listAgentIdentities } from '../../../src/engine/ssh/agent/agentIdentities.js';
import { parsePublicKey } from '../../../src/engine/ssh/keys/publicKey.js';
import { SparkError } from '../../../src/shared/errors.js';
import { type SshAgent, startSshAgent } from '../../support/sshAgent.js';
import { hasSshd, type KeyType, makeKey, type Sshd, startSshd } from '../../support/sshd.js';
import { offerKeys } from './offerKeys.js';

describe('keys of a real ssh-agent', function () {
  this.timeout(30_000);
  let sshd: Sshd;
  let agent: SshAgent;
  const paths = new Map<KeyType, string>();

  before(async function () {
    if (!hasSshd()) this.skip();
    sshd = await startSshd();
    for (const type of ['ed25519', 'ecdsa', 'rsa'] as const) {
      const path = makeKey(join(sshd.folder, `agent-${type}`), type, ['-C', `my ${type}`]);
      sshd.authorize(path);
      paths.set(type, path);
    }
  });

  after(() => sshd.stop());

  async function withAgent(confirms: boolean, check: () => Promise<void>): Promise<void> {
    agent = await startSshAgent(confirms);
    try {
      await check();
    } finally {
      await agent.stop();
    }
  }

  const list = () => listAgentIdentities(agent.endpoint, { signal: new AbortController().signal, timeoutMs: 10_000 });
  const usable = async (): Promise<AgentKey[]> => (await list()).filter(key => key.kind === 'key');

  for (const type of ['ed25519', 'ecdsa', 'rsa'] as const)
    it(`log in: ${type}`, () =>
      withAgent(true, async () => {
        const path = paths.get(type)!;
        agent.add(['-q', path]);
        const keys = await usable();
        const expected = parsePublicKey(readFileSync(`${path}.pub`, 'utf8'))!;
        assert.deepEqual(
          keys.map(({ publicBlob, keyType, label, source }) => ({ publicBlob, keyType, label, source })),
          [{ publicBlob: expected.publicBlob, keyType: expected.keyType, label: `my ${type}`, source: 'agent' }],
        );
        const { loggedIn, errors } = await offerKeys(sshd, keys);
        assert.deepEqual(errors, []);
        assert.ok(loggedIn, sshd.log());
      }));

  it('are none when it is locked, and do not sign when it was locked meanwhile', () =>
    withAgent(true, async () => {
      agent.add(['-q', paths.get('ed25519')!]);
      const keys = await usable();
      agent.add(['-x'], 'lock it');
      assert.deepEqual(await list(), []);
      const { loggedIn, errors } = await offerKeys(sshd, keys);
      assert.equal(loggedIn, false);
      assert.ok(SparkError.is(errors[0], 'authFailed'));
      assert.match(`${errors[0].message} ${errors[0].hint}`, /"my ed25519" was refused.*locked/);
      agent.add(['-X'], 'lock it');
      assert.ok((await offerKeys(sshd, keys)).loggedIn);
    }));

  it('that ask for a confirmation sign when the user gives it', () =>
    withAgent(true, async () => {
      agent.add(['-q', '-c', paths.get('rsa')!]);
      assert.ok((await offerKeys(sshd, await usable())).loggedIn);
    }));

  it('that ask for a confirmation do not sign when the user declines, and the next one is tried', () =>
    withAgent(false, async () => {
      agent.add(['-q', '-c', paths.get('rsa')!]);
      agent.add(['-q', paths.get('ecdsa')!]);
      const keys = await usable();
      assert.deepEqual(
        keys.map(key => key.label),
        ['my rsa', 'my ecdsa'],
      );
      const { loggedIn, errors } = await offerKeys(sshd, keys);
      assert.ok(loggedIn);
      assert.equal(errors.length, 1);
      assert.ok(SparkError.is(errors[0], 'authFailed'));
      assert.match(`${errors[0].message} ${errors[0].hint}`, /"my rsa" was refused.*declined/);
    }));

  it('with a certificate are two, of which the certificate is not supported', () =>
    withAgent(true, async () => {
      const path = makeKey(join(sshd.folder, 'certified'), 'ed25519', ['-C', 'certified']);
      execFileSync('ssh-keygen', ['-q', '-s', sshd.clientKey, '-I', 'me', '-n', sshd.username, `${path}.pub`]);
      agent.add(['-q', path]);
      const keys = await list();
      assert.deepEqual(keys.map(key => [key.kind, key.keyType]).sort(), [
        ['key', 'ssh-ed25519'],
        ['unsupported', 'ssh-ed25519-cert-v01@openssh.com'],
      ]);
    }));

  it('are not there any more when it has ended', () =>
    withAgent(true, async () => {
      agent.add(['-q', paths.get('ed25519')!]);
      const keys = await usable();
      await agent.stop();
      const { loggedIn, errors } = await offerKeys(sshd, keys);
      assert.equal(loggedIn, false);
      assert.ok(SparkError.is(errors[0], 'agentUnavailable'));
    }));
});
