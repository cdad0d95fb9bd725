import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AuthContext, Connection } from 'ssh2';
import { Secret } from '../../../src/engine/base/secret.js';
import { SparkError } from '../../../src/shared/errors.js';
import { collectLog, openSession } from './openSession.js';
import { type PasswordServer, startPasswordServer } from './passwordServer.js';

const RIGHT = 'correct horse';

/** Accepts the right password by the methods given, as OpenSSH would. */
const accepting =
  (methods: ('password' | 'keyboard-interactive')[]) =>
  (context: AuthContext, attempts: string[]): void => {
    const offered = [...methods, 'publickey' as const];
    if (context.method === 'password' && methods.includes('password') && context.password === RIGHT) context.accept();
    else if (context.method === 'keyboard-interactive' && methods.includes('keyboard-interactive'))
      context.prompt([{ prompt: 'Password: ', echo: false }], answers => {
        attempts.push(`answer:${answers.join()}`);
        if (answers[0] === RIGHT) context.accept();
        else context.reject(offered);
      });
    else context.reject(offered);
  };

describe('login by password', function () {
  this.timeout(20_000);
  let server: PasswordServer | undefined;
  let asked: (boolean | 'perhaps')[];

  beforeEach(() => {
    asked = [];
  });

  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  const start = async (authenticate: (context: AuthContext, attempts: string[], connection: Connection) => void) => {
    server = await startPasswordServer(authenticate);
    return server;
  };
  const giving = (...passwords: string[]) => ({
    password: (_who: unknown, wrong: boolean | 'perhaps') => {
      asked.push(wrong);
      const next = passwords.shift();
      return next === undefined ? Promise.reject(new Error('asked once too often')) : Promise.resolve(new Secret(next));
    },
  });

  it('asks once and uses the password method, without trying to get in with nothing first', async () => {
    const { target, home, attempts } = await start(accepting(['password', 'keyboard-interactive']));
    const session = await openSession({ target, home, prompts: giving(RIGHT) });
    session.dispose();
    assert.deepEqual(asked, [false]);
    assert.deepEqual(attempts, [`password:${RIGHT}`]);
  });

  it('answers the one hidden prompt of a server that has only keyboard-interactive, without asking again', async () => {
    const { target, home, attempts } = await start(accepting(['keyboard-interactive']));
    const session = await openSession({ target, home, prompts: giving(RIGHT) });
    session.dispose();
    assert.deepEqual(asked, [false]);
    assert.equal(attempts.at(-1), `answer:${RIGHT}`);
  });

  it('asks again when the password was wrong, and logs in with the next', async () => {
    for (const methods of [['password'], ['keyboard-interactive'], ['password', 'keyboard-interactive']] as const) {
      asked = [];
      const { target, home, attempts } = await start(accepting([...methods]));
      const session = await openSession({ target, home, prompts: giving('wrong', RIGHT) });
      session.dispose();
      assert.deepEqual(asked, [false, true]);
      const sent = attempts.filter(attempt => attempt.includes('wrong')).length;
      // a server that has no password method still sees it named once
      assert.equal(sent, methods[0] === 'password' ? 1 : 2, attempts.join());
      await server?.stop();
    }
  });

  it('gives up after three, each of them entered by the user', async () => {
    const { target, home, attempts } = await start(accepting(['password']));
    await assert.rejects(openSession({ target, home, prompts: giving('a', 'b', 'c', RIGHT) }), (error: unknown) =>
      SparkError.is(error, 'authFailed'),
    );
    assert.deepEqual(asked, [false, true, true]);
    assert.deepEqual(attempts, ['password:a', 'password:b', 'password:c']);
  });

  it('never puts the password into a log or an error', async () => {
    const { log, lines } = collectLog();
    const { target, home } = await start(accepting(['password']));
    await assert.rejects(
      openSession({ target, home, log, prompts: giving('s3cret', 's3cret', 's3cret') }),
      (error: unknown) => {
        assert.ok(error instanceof Error);
        assert.ok(!`${error.stack ?? ''}${JSON.stringify(error)}${lines.join()}`.includes('s3cret'));
        return true;
      },
    );
  });

  it('stops when the user does not want to answer', async () => {
    const { target, home, attempts, connections } = await start(accepting(['password']));
    const cancelled = new SparkError({ code: 'cancelled', message: 'no' });
    await assert.rejects(
      openSession({ target, home, prompts: { password: () => Promise.reject(cancelled) } }),
      cancelled,
    );
    assert.deepEqual(attempts, []);
    for (const connection of connections) await once(connection, 'close');
  });

  it('says so when the server takes no passwords', async () => {
    const { target, home } = await start(context => context.reject(['publickey']));
    await assert.rejects(openSession({ target, home, prompts: giving(RIGHT) }), (error: unknown) => {
      assert.ok(SparkError.is(error, 'authFailed'));
      assert.match(error.hint ?? '', /private key/);
      return true;
    });
    assert.deepEqual(asked, [false]);
  });

  it('gives the password to no other question, but asks it, hidden or not as the server says', async () => {
    const questions: { prompt: string; echo: boolean }[][] = [
      [
        { prompt: 'Password: ', echo: false },
        { prompt: 'Code: ', echo: false },
      ],
      [{ prompt: 'Favourite colour?', echo: true }],
    ];
    for (const prompts of questions) {
      const given = prompts.map((_, index) => `answer ${index}`);
      let answered: string[] = [];
      const { target, home } = await start(context => {
        if (context.method !== 'keyboard-interactive') {
          context.reject(['keyboard-interactive']);
          return;
        }
        context.prompt(prompts, answers => {
          answered = answers;
          context.accept();
        });
      });
      const shown: unknown[] = [];
      const session = await openSession({
        target,
        home,
        prompts: {
          ...giving(RIGHT),
          answers: (_who, question) => {
            shown.push(question.prompts);
            return Promise.resolve(given.map(text => new Secret(text)));
          },
        },
      });
      session.dispose();
      assert.deepEqual(shown, [prompts.map(({ prompt, echo }) => ({ text: prompt.trim(), echo }))]);
      assert.deepEqual(answered, given);
      await server?.stop();
    }
  });

  it('answers for the password and asks for the code that follows', async () => {
    const seen: string[] = [];
    const { target, home } = await start(context => {
      if (context.method !== 'keyboard-interactive') {
        context.reject(['keyboard-interactive']);
        return;
      }
      context.prompt([{ prompt: 'Password: ', echo: false }], ([password = '']) => {
        seen.push(password);
        context.prompt([{ prompt: 'Verification code: ', echo: false }], ([code = '']) => {
          seen.push(code);
          context.accept();
        });
      });
    });
    const session = await openSession({
      target,
      home,
      prompts: { ...giving(RIGHT), answers: () => Promise.resolve([new Secret('123456')]) },
    });
    session.dispose();
    assert.deepEqual(seen, [RIGHT, '123456']);
  });

  it('says that answers were refused, and that a password among them may have been right', async () => {
    const seen: string[] = [];
    const { target, home } = await start(context => {
      if (context.method !== 'keyboard-interactive') {
        context.reject(['keyboard-interactive']);
        return;
      }
      context.prompt([{ prompt: 'Password: ', echo: false }], ([password = '']) => {
        context.prompt([{ prompt: 'Verification code: ', echo: false }], ([code = '']) => {
          seen.push(`${password} ${code}`);
          if (code === '123456') context.accept();
          else context.reject(['keyboard-interactive']);
        });
      });
    });
    const codes = ['1', '2', '3', '123456'];
    const wrong: boolean[] = [];
    const prompts = {
      ...giving(RIGHT, RIGHT, RIGHT, RIGHT),
      answers: (_who: unknown, _question: unknown, refused: boolean) => {
        wrong.push(refused);
        return Promise.resolve([new Secret(codes.shift() ?? '')]);
      },
    };
    await assert.rejects(openSession({ target, home, prompts }), (error: unknown) => {
      assert.ok(SparkError.is(error, 'authFailed'));
      return true;
    });
    assert.deepEqual(asked, [false, 'perhaps', 'perhaps']);
    assert.deepEqual(wrong, [false, true, true]);
    const session = await openSession({ target, home, prompts });
    session.dispose();
    assert.deepEqual([asked.at(-1), wrong.at(-1)], [false, false]);
    assert.equal(seen.at(-1), `${RIGHT} 123456`);
  });

  it('names the answers among what was refused, and no missing key', async () => {
    const { target, home } = await start(context => {
      if (context.method === 'keyboard-interactive')
        context.prompt([{ prompt: 'Code: ', echo: true }], () => context.reject(['keyboard-interactive']));
      else context.reject(['keyboard-interactive']);
    });
    const answers = () => Promise.resolve([new Secret('1')]);
    await assert.rejects(
      openSession({ target: { ...target, auth: { method: 'auto' } }, home, prompts: { answers } }),
      (error: unknown) => {
        assert.ok(SparkError.is(error, 'authFailed'));
        assert.match(error.message, /refused.*your answers to its questions/);
        assert.match(error.hint ?? '', /what you have entered/);
        return true;
      },
    );
  });

  it('asks for the next code at once when the server has hung up while the user looked for one', async () => {
    let hasHungUp = false;
    const { target, home, connections } = await start(context => {
      if (context.method === 'keyboard-interactive')
        context.prompt([{ prompt: 'Code: ', echo: true }], () => context.accept());
      else context.reject(['keyboard-interactive']);
    });
    const wrong: boolean[] = [];
    const session = await openSession({
      target: { ...target, auth: { method: 'auto' } },
      home,
      // one that waits for its time to run out fails here
      connectTimeoutMs: 600_000,
      prompts: {
        answers: async (_who, _question, refused) => {
          wrong.push(refused);
          if (!hasHungUp) {
            hasHungUp = true;
            const [connection] = connections;
            assert.ok(connection);
            const closed = once(connection, 'close');
            connection.end();
            await closed;
            // so that the client has noticed too
            await new Promise(resolve => setTimeout(resolve, 100));
          }
          return [new Secret('123456')];
        },
      },
    });
    session.dispose();
    assert.deepEqual(wrong, [false, false]);
  });

  it('ends when the user closes the question for a code', async () => {
    const { target, home, attempts } = await start(context => {
      if (context.method === 'keyboard-interactive')
        context.prompt([{ prompt: 'Code: ', echo: false }], () => undefined);
      else context.reject(['keyboard-interactive']);
    });
    const cancelled = new SparkError({ code: 'cancelled', message: 'Cancelled.' });
    await assert.rejects(
      openSession({ target, home, prompts: { ...giving(RIGHT), answers: () => Promise.reject(cancelled) } }),
      cancelled,
    );
    assert.equal(attempts.filter(method => method === 'keyboard-interactive').length, 1);
  });

  it('says when the password has expired', async () => {
    const { target, home } = await start(context => {
      if (context.method === 'password') context.requestChange('Change it', () => undefined);
      else context.reject();
    });
    await assert.rejects(
      openSession({ target, home, prompts: giving(RIGHT) }),
      (error: unknown) => SparkError.is(error, 'authFailed') && error.message.includes('expired'),
    );
  });

  it('takes as long as the user does: no timer runs, and a server that hangs up meanwhile is called again', async () => {
    const { target, home, attempts, connections } = await start(accepting(['password']));
    const session = await openSession({
      target,
      home,
      connectTimeoutMs: 1500,
      prompts: {
        password: async (_who, wrong) => {
          asked.push(wrong);
          const [connection] = connections;
          assert.ok(connection);
          // like LoginGraceTime; and longer than the whole login may take
          const closed = once(connection, 'close');
          connection.end();
          await closed;
          await new Promise(resolve => setTimeout(resolve, 1700));
          return new Secret(RIGHT);
        },
      },
    });
    session.dispose();
    assert.deepEqual(asked, [false]);
    assert.deepEqual(attempts, [`password:${RIGHT}`]);
  });
});
