import assert from 'node:assert/strict';
import { nullLogger } from '../../../src/engine/base/logger.js';
import { Secret } from '../../../src/engine/base/secret.js';
import { Link } from '../../../src/engine/connections/link.js';
import { LoginSecrets } from '../../../src/engine/connections/loginSecrets.js';
import { type ErrorCode, SparkError } from '../../../src/shared/errors.js';
import type { Question } from '../../../src/shared/questions.js';
import { savedConnection } from '../../support/connections.js';
import { FakeClock } from '../../support/fakeClock.js';
import { FakeMachine } from '../../support/fakeMachine.js';

const CONNECTION = savedConnection();
const WHO = { name: 'nvidia@spark.local', isJumpHost: false };

function setUp() {
  const clock = new FakeClock();
  const machine = new FakeMachine();
  const stored = new Map<string, string>();
  const secrets = new LoginSecrets('c1', {
    get: key => Promise.resolve(stored.has(key) ? new Secret(stored.get(key)!) : undefined),
    store: (key, secret) => Promise.resolve(void stored.set(key, secret.reveal())),
    delete: key => Promise.resolve(void stored.delete(key)),
  });
  const link = new Link({
    connector: machine,
    secrets,
    clock,
    log: nullLogger,
    timing: () => ({ connectTimeoutMs: 1, keepaliveMs: 1 }),
    connection: () => CONNECTION,
  });
  const states: string[] = [];
  link.onDidChange(status => {
    if (states.at(-1) !== status.state) states.push(status.state);
  });
  const reached = async (state: string) => {
    while (link.status.state !== state) await new Promise(resolve => setImmediate(resolve));
  };
  return { clock, machine, stored, link, states, reached };
}

const refuse = (code: ErrorCode) => () => Promise.reject(new SparkError({ code, message: code }));
/** Hears nothing, and ends when it is let go of. */
const hangs = (_prompts: unknown, signal: AbortSignal) =>
  new Promise<void>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')));
  });
const noQuestions = () => Promise.reject(new Error('nobody expected a question'));

describe('a link', () => {
  it('shares one attempt among all who ask at once', async () => {
    const { machine, link, states } = setUp();
    const sessions = await Promise.all([
      link.connect(noQuestions),
      link.connect(noQuestions),
      link.connect(noQuestions),
    ]);
    assert.equal(new Set(sessions).size, 1);
    assert.equal(machine.attempts, 1);
    assert.deepEqual(states, ['connecting', 'connected']);
  });

  it('fails with the reason and does not try again by itself', async () => {
    const { clock, machine, link } = setUp();
    machine.login = refuse('authFailed');
    await assert.rejects(link.connect(noQuestions), (error: unknown) => SparkError.is(error, 'authFailed'));
    assert.deepEqual([link.status.state, link.status.error?.code], ['error', 'authFailed']);
    clock.advance(3_600_000);
    assert.equal(machine.attempts, 1);
  });

  it('comes back by itself after a loss, waiting longer from time to time', async () => {
    const { clock, machine, link, states, reached } = setUp();
    await link.connect(noQuestions);
    machine.login = refuse('connectTimeout');
    machine.loseLink();
    assert.deepEqual([link.status.state, link.status.error?.code], ['reconnecting', 'connectionLost']);
    const waits: number[] = [];
    for (let n = 0; n < 3; n++) {
      const wait = link.status.nextAttemptAt! - clock.now();
      waits.push(wait);
      const before = link.status;
      clock.advance(wait);
      const hasFailedAgain = () => ![undefined, before.nextAttemptAt].includes(link.status.nextAttemptAt);
      while (!hasFailedAgain()) await new Promise(resolve => setImmediate(resolve));
    }
    assert.ok(waits[0]! <= 1000 && waits[1]! > waits[0]! && waits[2]! > waits[1]!, String(waits));
    machine.login = () => Promise.resolve();
    clock.advance(30_000);
    await reached('connected');
    assert.deepEqual(states, ['connecting', 'connected', 'reconnecting', 'connected']);
  });

  it('stops and waits for a human when coming back needs one', async () => {
    const { clock, machine, link, reached } = setUp();
    await link.connect(noQuestions);
    machine.login = refuse('hostKeyChanged');
    machine.loseLink();
    clock.advance(1000);
    await reached('error');
    const attempts = machine.attempts;
    clock.advance(3_600_000);
    assert.equal(machine.attempts, attempts);
  });

  it('asks once for a password, uses it again after a loss, and forgets it on disconnect', async () => {
    const { clock, machine, link, stored, reached } = setUp();
    const asked: Question[] = [];
    const given: string[] = [];
    machine.login = async prompts => {
      given.push((await prompts.password(WHO, false)).reveal());
    };
    const ask = (question: Question) => {
      asked.push(question);
      return Promise.resolve({ kind: 'secret' as const, secret: 'pw', remember: false });
    };
    await link.connect(ask);
    machine.loseLink();
    clock.advance(1000);
    await reached('connected');
    assert.deepEqual([asked.length, given], [1, ['pw', 'pw']]);
    link.disconnect();
    link.connectQuietly();
    await reached('error');
    assert.equal(link.status.error?.code, 'passwordNeeded');
    assert.equal(stored.size, 0);
  });

  it('keeps a password in the keychain where the user wishes so, and drops one that is refused', async () => {
    const { machine, link, stored, reached } = setUp();
    machine.login = async prompts => {
      await prompts.password(WHO, false);
    };
    await link.connect(() => Promise.resolve({ kind: 'secret', secret: 'old', remember: true }));
    assert.deepEqual([...stored], [['password:c1', 'old']]);
    link.disconnect();
    machine.login = async prompts => {
      await prompts.password(WHO, false);
      await prompts.password(WHO, true); // the server refused it
    };
    link.connectQuietly();
    await reached('error');
    assert.equal(stored.size, 0);
  });

  it('is disconnected, without an error, when the user cancels', async () => {
    const { machine, link } = setUp();
    machine.login = async prompts => {
      await prompts.password(WHO, false);
    };
    await assert.rejects(
      link.connect(() => Promise.reject(new SparkError({ code: 'cancelled', message: 'Cancelled.' }))),
      (error: unknown) => SparkError.is(error, 'cancelled'),
    );
    assert.deepEqual([link.status.state, link.status.error], ['disconnected', undefined]);
  });

  it('asks for everything again when the user has closed one of several questions', async () => {
    const { machine, link } = setUp();
    machine.login = async prompts => {
      await prompts.password(WHO, false);
      await prompts.answers(WHO, { name: '', instructions: '', prompts: [{ text: 'Code', echo: true }] }, false);
    };
    const asked: string[] = [];
    const ask = (question: Question) => {
      asked.push(question.kind);
      if (question.kind === 'password')
        return Promise.resolve({ kind: 'secret' as const, secret: 'pw', remember: true });
      return Promise.reject(new SparkError({ code: 'cancelled', message: 'Cancelled.' }));
    };
    await assert.rejects(link.connect(ask));
    assert.equal(link.status.state, 'disconnected');
    await assert.rejects(link.connect(ask));
    assert.deepEqual(asked, ['password', 'answers', 'password', 'answers']);
  });

  it('keeps a stored password that may have been right, until another one is proved', async () => {
    const { machine, link, stored } = setUp();
    stored.set('password:c1', 'old');
    machine.login = async prompts => {
      await prompts.password(WHO, false);
      await prompts.password(WHO, 'perhaps'); // refused together with a code
    };
    let given = 'old';
    const ask = () => Promise.resolve({ kind: 'secret' as const, secret: given, remember: false });
    await link.connect(ask);
    assert.deepEqual([...stored], [['password:c1', 'old']]);
    link.disconnect();
    given = 'new';
    await link.connect(ask);
    while (stored.size > 0) await new Promise(resolve => setImmediate(resolve));
  });

  it('disposes a session that arrives after a disconnect', async () => {
    const { machine, link } = setUp();
    let proceed: () => void = () => undefined;
    machine.login = () => new Promise<void>(resolve => (proceed = resolve));
    const connecting = link.connect(noQuestions);
    link.disconnect();
    proceed();
    await assert.rejects(connecting, (error: unknown) => SparkError.is(error, 'cancelled'));
    assert.deepEqual([machine.disposed, link.status.state, link.liveSession], [1, 'disconnected', undefined]);
  });

  it('asks the user in a second attempt when a quiet one is under way and fails', async () => {
    const { machine, link } = setUp();
    machine.login = async prompts => {
      await prompts.password(WHO, false);
    };
    link.connectQuietly();
    await link.connect(() => Promise.resolve({ kind: 'secret', secret: 'pw', remember: false }));
    assert.deepEqual([machine.attempts, link.status.state], [2, 'connected']);
  });

  it('connects again at once after a disconnect, whatever the attempt that was let go of still does', async () => {
    const { machine, link, states } = setUp();
    let endFirst: () => void = () => undefined;
    machine.login = () => new Promise<void>((_resolve, reject) => (endFirst = () => reject(new Error('late'))));
    const first = link.connect(noQuestions);
    link.disconnect();
    machine.login = () => Promise.resolve();
    await link.connect(noQuestions);
    endFirst();
    await assert.rejects(first, (error: unknown) => SparkError.is(error, 'cancelled'));
    assert.deepEqual(states, ['connecting', 'disconnected', 'connecting', 'connected']);
    assert.deepEqual([machine.attempts, link.status.state], [2, 'connected']);
  });

  it('starts one attempt for all who waited for a quiet one that failed', async () => {
    const { machine, link } = setUp();
    let asked = 0;
    machine.login = async prompts => {
      await prompts.password(WHO, false);
    };
    link.connectQuietly();
    const ask = () => {
      asked += 1;
      return Promise.resolve({ kind: 'secret' as const, secret: 'pw', remember: false });
    };
    const sessions = await Promise.all([link.connect(ask), link.connect(ask), link.connect(ask)]);
    assert.equal(new Set(sessions).size, 1);
    assert.deepEqual([machine.attempts, asked], [2, 1]);
  });

  it('does not connect after all when it is disconnected while somebody waits for a quiet attempt', async () => {
    const { machine, link } = setUp();
    machine.login = hangs;
    link.connectQuietly();
    const connecting = link.connect(noQuestions);
    link.disconnect();
    await assert.rejects(connecting, (error: unknown) => SparkError.is(error, 'cancelled'));
    assert.deepEqual([machine.attempts, link.status.state], [1, 'disconnected']);
  });

  it('goes on trying when the user asked for it in between and the machine is still away', async () => {
    const { clock, machine, link, reached } = setUp();
    await link.connect(noQuestions);
    machine.login = refuse('hostUnreachable');
    machine.loseLink();
    await assert.rejects(link.connect(noQuestions), (error: unknown) => SparkError.is(error, 'hostUnreachable'));
    assert.equal(link.status.state, 'reconnecting');
    machine.login = () => Promise.resolve();
    clock.advance(1000);
    await reached('connected');
  });

  it('is patient with a machine that takes logins only to drop them', async () => {
    const { clock, machine, link, reached } = setUp();
    await link.connect(noQuestions);
    const waits: number[] = [];
    for (let n = 0; n < 4; n++) {
      machine.loseLink();
      waits.push(link.status.nextAttemptAt! - clock.now());
      clock.advance(30_000);
      await reached('connected');
      clock.advance(100);
    }
    assert.ok(waits[3]! >= 6000, String(waits));
    clock.advance(60_000);
    machine.loseLink();
    assert.ok(link.status.nextAttemptAt! - clock.now() <= 1000, 'a link that lasted begins anew');
  });

  it('neither keeps nor sends again what the server refused', async () => {
    const { machine, link, stored } = setUp();
    const sent: string[] = [];
    machine.login = async prompts => {
      sent.push((await prompts.password(WHO, false)).reveal());
      throw new SparkError({ code: 'authFailed', message: 'refused' });
    };
    const answers = ['first', 'second'];
    const ask = () => Promise.resolve({ kind: 'secret' as const, secret: answers.shift()!, remember: true });
    await assert.rejects(link.connect(ask));
    await assert.rejects(link.connect(ask));
    assert.deepEqual([sent, stored.size], [['first', 'second'], 0]);
  });

  it('takes no answer that comes after the end of its attempt', async () => {
    const { machine, link, reached } = setUp();
    machine.login = async prompts => {
      await prompts.password(WHO, false);
    };
    let answer: () => void = () => undefined;
    const connecting = link.connect(
      () => new Promise(resolve => (answer = () => resolve({ kind: 'secret', secret: 'pw', remember: true }))),
    );
    await new Promise(resolve => setImmediate(resolve));
    link.disconnect();
    answer();
    await assert.rejects(connecting, (error: unknown) => SparkError.is(error, 'cancelled'));
    link.connectQuietly();
    await reached('error');
    assert.equal(link.status.error?.code, 'passwordNeeded');
  });

  describe('that somebody waits for', () => {
    /** Loses the link as often as it takes for the back-off to be long, with the machine away. */
    async function away(setup: ReturnType<typeof setUp>) {
      const { clock, machine, link } = setup;
      await link.connect(noQuestions);
      machine.login = refuse('connectionRefused');
      machine.loseLink();
      for (let attempts = machine.attempts; attempts < 8; attempts++) {
        clock.advance(link.status.nextAttemptAt! - clock.now());
        while (link.status.nextAttemptAt === undefined) await new Promise(resolve => setImmediate(resolve));
      }
      assert.ok(link.status.nextAttemptAt! - clock.now() > 20_000);
    }

    it('is tried again soon, however long the back-off has become, and again and again', async () => {
      const setup = setUp();
      await away(setup);
      const { clock, machine, link, reached } = setup;
      const waiting = link.awaited();
      assert.equal(link.status.nextAttemptAt! - clock.now(), 3_000);
      for (let n = 0; n < 3; n++) {
        clock.advance(3_000);
        while (link.status.nextAttemptAt === undefined) await new Promise(resolve => setImmediate(resolve));
        assert.equal(link.status.nextAttemptAt - clock.now(), 3_000);
      }
      machine.login = () => Promise.resolve();
      clock.advance(3_000);
      await reached('connected');
      waiting.dispose();
      assert.equal(clock.pending, 0);
    });

    it('is tried at once when the last attempt was long ago', async () => {
      const setup = setUp();
      await away(setup);
      const { clock, link, machine, reached } = setup;
      clock.advance(15_000);
      machine.login = () => Promise.resolve();
      link.awaited();
      clock.advance(0);
      await reached('connected');
    });

    it('is left to its back-off when nobody waits any more', async () => {
      const setup = setUp();
      await away(setup);
      const { clock, link } = setup;
      link.awaited().dispose();
      clock.advance(3_000);
      while (link.status.nextAttemptAt === undefined) await new Promise(resolve => setImmediate(resolve));
      assert.ok(link.status.nextAttemptAt - clock.now() > 20_000);
    });

    it('is not tried when it needs a human', async () => {
      const { clock, machine, link, reached } = setUp();
      machine.login = refuse('hostKeyChanged');
      link.connectQuietly();
      await reached('error');
      link.awaited();
      clock.advance(60_000);
      assert.deepEqual([machine.attempts, link.status.state], [1, 'error']);
    });
  });

  describe('after a sleep or a change of the network', () => {
    it('has to show that it lives', async () => {
      const { machine, link } = setUp();
      await link.connect(noQuestions);
      link.checkNow();
      assert.deepEqual([machine.checks, machine.attempts, link.status.state], [1, 1, 'connected']);
    });

    it('is tried again at once, and with little patience from then on', async () => {
      const { clock, machine, link, reached } = setUp();
      await link.connect(noQuestions);
      machine.login = refuse('hostUnreachable');
      machine.loseLink();
      for (let n = 0; n < 5; n++) {
        clock.advance(30_000);
        while (link.status.nextAttemptAt === undefined) await new Promise(resolve => setImmediate(resolve));
      }
      const { attempts } = machine;
      link.checkNow();
      assert.deepEqual([machine.attempts, link.status.state], [attempts + 1, 'reconnecting']);
      while (link.status.nextAttemptAt === undefined) await new Promise(resolve => setImmediate(resolve));
      assert.ok(link.status.nextAttemptAt - clock.now() <= 1_000);
      machine.login = () => Promise.resolve();
      link.checkNow();
      await reached('connected');
      assert.equal(clock.pending, 0);
    });

    it('does not wait for an attempt that hangs on a way that is gone', async () => {
      for (const state of ['connecting', 'reconnecting'] as const) {
        const { machine, link, states, reached } = setUp();
        if (state === 'reconnecting') await link.connect(noQuestions);
        machine.login = hangs;
        if (state === 'connecting') link.connectQuietly();
        else {
          machine.loseLink();
          link.checkNow();
        }
        machine.login = () => Promise.resolve();
        link.checkNow();
        assert.equal(link.status.state, state);
        await reached('connected');
        assert.deepEqual(states.slice(-2), [state, 'connected']);
      }
    });

    it('leaves an attempt alone in which the user may be typing', async () => {
      const { machine, link } = setUp();
      let proceed: () => void = () => undefined;
      machine.login = () => new Promise<void>(resolve => (proceed = resolve));
      const connecting = link.connect(noQuestions);
      link.checkNow();
      proceed();
      await connecting;
      assert.equal(machine.attempts, 1);
    });

    it('stays as it is when nobody wants it or a human is needed', async () => {
      const { clock, machine, link, reached } = setUp();
      link.checkNow();
      assert.equal(link.status.state, 'disconnected');
      machine.login = refuse('authFailed');
      link.connectQuietly();
      await reached('error');
      link.checkNow();
      assert.deepEqual([machine.attempts, link.status.state, clock.pending], [1, 'error', 0]);
    });
  });

  describe('when the user asks for it while it is coming back', () => {
    it('is tried at once', async () => {
      const { clock, machine, link } = setUp();
      await link.connect(noQuestions);
      machine.loseLink();
      await link.connect(noQuestions);
      assert.deepEqual([machine.attempts, link.status.state, clock.pending], [2, 'connected', 0]);
    });

    it('does not wait for long for an attempt that hangs', async () => {
      const { clock, machine, link } = setUp();
      await link.connect(noQuestions);
      machine.login = hangs;
      machine.loseLink();
      clock.advance(1_000);
      assert.equal(machine.attempts, 2);
      machine.login = () => Promise.resolve();
      const connecting = Promise.all([link.connect(noQuestions), link.connect(noQuestions)]);
      clock.advance(1_000);
      const [one, other] = await connecting;
      assert.equal(one, other);
      assert.deepEqual([machine.attempts, link.status.state, clock.pending], [3, 'connected', 0]);
    });

    it('takes what an attempt brings that was about to get through', async () => {
      const { clock, machine, link } = setUp();
      let proceed: () => void = () => undefined;
      machine.login = () => new Promise<void>(resolve => (proceed = resolve));
      link.connectQuietly();
      const connecting = link.connect(noQuestions);
      clock.advance(999);
      proceed();
      await connecting;
      assert.deepEqual([machine.attempts, clock.pending], [1, 0]);
    });

    it('goes on being tried when the machine is still away, also where it was never connected', async () => {
      const { clock, machine, link, reached } = setUp();
      machine.login = hangs;
      link.connectQuietly();
      machine.login = refuse('hostUnreachable');
      const connecting = link.connect(noQuestions);
      clock.advance(1_000);
      await assert.rejects(connecting, (error: unknown) => SparkError.is(error, 'hostUnreachable'));
      machine.login = () => Promise.resolve();
      clock.advance(1_000);
      await reached('connected');
    });
  });

  it('leaves no timer behind', async () => {
    const { clock, machine, link } = setUp();
    await link.connect(noQuestions);
    machine.loseLink();
    link.dispose();
    assert.equal(clock.pending, 0);
  });
});
