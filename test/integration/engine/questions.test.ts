import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SparkError } from '../../../src/shared/errors.js';
import type { Answer, Question } from '../../../src/shared/questions.js';
import { type Spark, startSpark } from '../../spark/spark.js';
import { newStorage, TestWindow } from '../../support/window.js';

const PASSWORD = 'correct horse';

/** Never answers; settles when the question is withdrawn. */
async function speechless(_question: Question, signal: AbortSignal): Promise<Answer> {
  return await new Promise(resolve => signal.addEventListener('abort', () => resolve({ kind: 'cancelled' })));
}

function answering(question: Question): Answer {
  return question.kind === 'password' ? { kind: 'secret', secret: PASSWORD, remember: false } : { kind: 'yes' };
}

describe('questions to the user', () => {
  const home = process.env['HOME'];
  let fakeHome: string;
  let storage: ReturnType<typeof newStorage>;
  let spark: Spark;
  let connectionId: string;
  const windows: TestWindow[] = [];

  async function open(answer: NonNullable<Parameters<typeof TestWindow.open>[0]['answer']>): Promise<TestWindow> {
    const window = await TestWindow.open({ storage: storage.folder, answer, settings: { localPort: 0x7fff } });
    windows.push(window);
    return window;
  }

  beforeEach(async () => {
    fakeHome = mkdtempSync(join(tmpdir(), 'dgxs-home-'));
    process.env['HOME'] = fakeHome;
    storage = newStorage();
    spark = await startSpark({ password: PASSWORD });
    const leader = await open(speechless);
    ({ id: connectionId } = await leader.peer.request('connections/create', {
      name: 'spark-1',
      hostname: '127.0.0.1',
      port: spark.port,
      username: spark.username,
    }));
  });
  afterEach(async () => {
    const [first, ...others] = windows.splice(0).filter(window => !window.peer.closed.aborted);
    others.forEach(window => window.close());
    await first?.endEngine();
    await spark.close();
    storage.remove();
    process.env['HOME'] = home;
    rmSync(fakeHome, { recursive: true, force: true });
  });

  it('go to the window that started the action', async () => {
    const [leader] = windows;
    const second = await open(answering);
    await second.peer.request('connections/connect', { connectionId });
    assert.deepEqual(
      second.questions.map(question => question.kind),
      ['hostKey', 'password'],
    );
    assert.deepEqual(leader!.questions, []);
  });

  it('move to another window that waits too, when theirs is closed, and the login goes on', async () => {
    const second = await open(speechless);
    const third = await open(answering);
    const connect = async (window: TestWindow) => await window.peer.request('connections/connect', { connectionId });
    connect(second).catch(() => undefined);
    await second.until('the question', window => window.questions[0]);
    const connecting = connect(third);
    await third.peer.request('engine/info', {}); // the engine knows of the second call before the first goes away
    second.close();
    windows[0]!.close(); // the leader would be asked before the third, and never answer
    assert.equal((await connecting).state, 'connected');
    assert.deepEqual(
      third.questions.map(question => question.kind),
      ['hostKey', 'password'],
    );
  });

  it('end with their window when nobody else waits', async () => {
    const [leader] = windows;
    const second = await open(speechless);
    second.peer.request('connections/connect', { connectionId }).catch(() => undefined);
    await second.until('the question', window => window.questions[0]);
    second.close();
    await leader!.until('peace', window => window.connection(connectionId)?.status.state === 'disconnected');
    assert.deepEqual([leader!.questions, spark.loginAttempts()], [[], 0]);
  });

  it('are withdrawn when the action is cancelled, and nothing is sent', async () => {
    const [window] = windows;
    const cancel = new AbortController();
    const connecting = window!.peer.request('connections/connect', { connectionId }, cancel.signal);
    await window!.until('the question', w => w.questions[0]);
    cancel.abort();
    await assert.rejects(connecting, (error: unknown) => SparkError.is(error, 'cancelled'));
    await window!.until('peace', w => w.connection(connectionId)?.status.state === 'disconnected');
    assert.equal(spark.loginAttempts(), 0);
  });

  it('answered with no leave nothing behind', async () => {
    const window = await open(() => ({ kind: 'cancelled' }));
    await assert.rejects(window.peer.request('connections/connect', { connectionId }), (error: unknown) =>
      SparkError.is(error, 'cancelled'),
    );
    await window.until('peace', w => w.connection(connectionId)?.status.state === 'disconnected');
    assert.equal(spark.loginAttempts(), 0);
  });
});
