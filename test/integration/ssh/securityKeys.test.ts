import assert from 'node:assert/strict';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { listAgentIdentities } from '../../../src/engine/ssh/agent/agentIdentities.js';
import { identityFromFile } from '../../../src/engine/ssh/keys/fileIdentity.js';
import type { Identity } from '../../../src/engine/ssh/keys/identity.js';
import { singleKeyAgent } from '../../../src/engine/ssh/keys/singleKeyAgent.js';
import { SparkError } from '../../../src/shared/errors.js';
import { type FakeAgent, holding, startFakeAgent } from '../../support/fakeAgent.js';
import { SecurityKey, type SecurityKeyType, USER_PRESENT } from '../../support/securityKey.js';
import { hasSshd, type Sshd, startSshd } from '../../support/sshd.js';
import { offerKeys } from './offerKeys.js';

const USER_VERIFIED = 0x04;

describe('security keys (FIDO) of an agent', function () {
  this.timeout(30_000);
  let sshd: Sshd;

  before(async function () {
    if (!hasSshd()) this.skip();
    sshd = await startSshd();
  });

  after(() => sshd.stop());

  for (const type of ['sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com'] satisfies SecurityKeyType[])
    describe(type, () => {
      let key: SecurityKey;
      let agent: FakeAgent;
      let identities: Identity[];

      beforeEach(async () => {
        key = new SecurityKey(type);
        const held = { publicBlob: key.publicBlob, comment: 'token', sign: (data: Buffer) => key.sign(data) };
        agent = await startFakeAgent(holding([held]));
        const options = { signal: new AbortController().signal, timeoutMs: 10_000 };
        identities = (await listAgentIdentities(agent.endpoint, options)).filter(identity => identity.kind === 'key');
        sshd.authorize(key.writeFiles(join(sshd.folder, 'token')));
      });

      afterEach(() => agent.stop());

      it('logs in', async () => {
        const { loggedIn, errors } = await offerKeys(sshd, identities);
        assert.deepEqual(errors, []);
        assert.ok(loggedIn, sshd.log());
        assert.ok(sshd.log().includes('Accepted publickey'));
      });

      it('logs in again and again, each time with a signature of its own', async () => {
        key.flags = USER_PRESENT | USER_VERIFIED;
        for (let login = 0; login < 3; login++) assert.ok((await offerKeys(sshd, identities)).loggedIn, sshd.log());
        assert.equal(agent.requests.filter(request => request[0] === 13).length, 3);
      });

      it('is refused by the server when nobody touched the device, and the next key logs in', async () => {
        key.flags = 0;
        const refused = await offerKeys(sshd, identities);
        assert.equal(refused.loggedIn, false);
        assert.deepEqual(refused.errors, []);
        assert.equal(refused.refusal?.partial, false);
        const passphrase = () => Promise.reject(new Error('asked for a passphrase'));
        const plain = await identityFromFile({ path: sshd.clientKey, home: sshd.home, passphrase });
        assert.ok(plain.kind === 'key');
        assert.ok((await offerKeys(sshd, [...identities, plain])).loggedIn, sshd.log());
      });

      it('is passed over when the server does not know it', async () => {
        const stranger = new SecurityKey(type);
        const unknown: Identity = {
          ...identities[0]!,
          publicBlob: stranger.publicBlob,
          sign: data => Promise.resolve(stranger.sign(data)),
        };
        assert.ok((await offerKeys(sshd, [unknown, ...identities])).loggedIn, sshd.log());
      });

      it('is declined by name where ssh2 is not as expected inside', () => {
        // never connected: what is needed does not exist
        const offered = singleKeyAgent(identities[0]!, new ssh2.Client());
        let error: unknown;
        offered.getIdentities(failure => {
          error = failure;
        });
        assert.ok(SparkError.is(error, 'keyFormat'));
        assert.match(error.message, /token.*security keys \(FIDO\)/);
      });
    });
});
