import assert from 'node:assert/strict';
import { diagnoseConnection } from '../../../src/engine/diagnosis/diagnoseConnection.js';
import { type Finding, finding } from '../../../src/engine/diagnosis/finding.js';
import { SparkError } from '../../../src/shared/errors.js';
import { savedConnection } from '../../support/connections.js';
import { FakeMachine } from '../../support/fakeMachine.js';

const unexpected = () => Promise.reject(new Error('unexpected question'));
const prompts = { confirmHostKey: unexpected, passphrase: unexpected, password: unexpected, answers: unexpected };

describe('the diagnosis of a connection', () => {
  /** @param failure what the login comes to, if not a session */
  async function diagnose(network: Finding[], failure?: SparkError) {
    const connector = new FakeMachine();
    if (failure) connector.login = () => Promise.reject(failure);
    return await diagnoseConnection(
      {
        connection: savedConnection(),
        target: {
          ways: [{ host: 'spark.local', port: undefined, proxyJump: undefined }],
          username: 'nvidia',
          login: { method: 'auto' },
          lastAddress: undefined,
        },
        live: undefined,
        connector,
        prompts,
        open: {
          connectTimeoutMs: 1,
          keepaliveMs: 1,
          signal: new AbortController().signal,
          onStep: () => undefined,
        },
      },
      {
        resolve: () => Promise.resolve({ hostname: 'spark.local', port: 22, through: undefined }),
        network: () => Promise.resolve(network),
        remote: () => Promise.resolve([finding('GPU', 'ok', 'NVIDIA GB10')]),
        about: () => [],
      },
    );
  }
  const states = (findings: readonly { step: string; state: string }[]) =>
    findings.map(({ step, state }) => `${step} ${state}`);

  it('says in one line what came of it', async () => {
    const good = await diagnose([finding('Name', 'ok', 'It is 10.0.0.7')]);
    assert.match(good.report, /^Result: +Everything works\.$/m);
    const refused = new SparkError({ code: 'authFailed', message: 'Refused.' });
    const bad = await diagnose([finding('Clock', 'warning', 'It is late')], refused);
    assert.match(bad.report, /^Result: +1 problem: Login\. 1 warning: Clock\.$/m);
  });

  it('does not say twice why the machine is not reached', async () => {
    const unknown = new SparkError({ code: 'hostNotFound', message: 'Not known.' });
    const { findings, report } = await diagnose([finding('Name', 'problem', 'Not known')], unknown);
    assert.deepEqual(states(findings).slice(0, 3), ['Name problem', 'Host key skipped', 'Login skipped']);
    assert.match(report, /^Result: +1 problem: Name\.$/m);
  });

  it('does not call whole what the user has cut short', async () => {
    const cancelled = new SparkError({ code: 'cancelled', message: 'Cancelled.' });
    const { findings, report } = await diagnose([finding('Name', 'ok', 'It is 10.0.0.7')], cancelled);
    assert.equal(findings.find(({ step }) => step === 'Login')?.state, 'skipped');
    assert.match(report, /^Result: +No problem was found, as far as it went\.$/m);
  });
});
