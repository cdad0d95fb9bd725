import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunView } from '../../../src/shared/chains.js';
import type { Answer, Question } from '../../../src/shared/questions.js';
import { type Spark, startSpark } from '../../spark/spark.js';
import { freePort } from '../../support/sshd.js';
import { newStorage, TestWindow } from '../../support/window.js';

const PASSWORD = 'correct horse';
const TWO_STEPS = `
model: llama3.1:8b
endpoint: dgx
concurrency: 1
inputs:
  - { topic: rivers }
  - { topic: bridges }
  - { topic: boats }
steps:
  - name: draft
    prompt: Write about {{input.topic}}.
  - name: short
    prompt: "Shorten what was written about {{input.topic}}: {{steps.draft}}"
outputs:
  summary: "{{steps.short}}"
`;

function goodUser(question: Question): Answer {
  if (question.kind === 'password') return { kind: 'secret', secret: PASSWORD, remember: false };
  return question.kind === 'hostKey' ? { kind: 'yes' } : { kind: 'cancelled' };
}

describe('chains on a Spark', () => {
  const home = process.env['HOME'];
  let folder: string;
  let storage: ReturnType<typeof newStorage>;
  let spark: Spark;
  let window: TestWindow;
  let localPort: number;
  let connectionId: string;

  const open = async () => {
    window = await TestWindow.open({ storage: storage.folder, answer: goodUser, settings: { localPort } });
  };
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'dgxs-chains-'));
    mkdirSync(join(folder, '.ssh'), { mode: 0o700 });
    process.env['HOME'] = folder;
    storage = newStorage();
    spark = await startSpark({ password: PASSWORD, chunks: 6 });
    localPort = await freePort();
    await open();
    ({ id: connectionId } = await window.peer.request('connections/create', {
      ...{ name: 'spark-1', hostname: '127.0.0.1', port: spark.port, username: spark.username },
    }));
    await window.peer.request('connections/connect', { connectionId });
    await window.peer.request('connections/setActive', { connectionId });
  });
  beforeEach(() => {
    spark.ollama.chats.length = 0;
  });
  afterEach(() => {
    spark.ollama.release();
  });
  after(async () => {
    await window.endEngine();
    await spark.close();
    storage.remove();
    process.env['HOME'] = home;
    rmSync(folder, { recursive: true, force: true });
  });

  const chain = (name: string, text: string): string => {
    const path = join(folder, `${name}.chain.yaml`);
    writeFileSync(path, text);
    return path;
  };
  const start = async (path: string, more: { step?: string; first?: number } = {}) => {
    const started = await window.peer.request('chains/start', { path, folder, mayAsk: false, ...more });
    assert.equal(started.kind, 'started');
    return started;
  };
  const wait = async ({ runId }: RunView) => await window.peer.request('chains/wait', { runId });
  const asked = (): string[] =>
    spark.ollama.chats.map(({ messages }) => (messages as { content: string }[]).at(-1)?.content ?? '');

  it('goes on where a killed engine stopped, and asks nothing again that is there', async () => {
    const path = chain('killed', TWO_STEPS);
    const { run, continued } = await start(path);
    assert.equal(continued, false);
    await spark.ollama.until(() => spark.ollama.chats.length >= 3 && spark.ollama.streaming === 0);
    spark.ollama.holdAfter(1);
    await spark.ollama.untilHeld();
    const { cells } = await window.until('what is done', ({ runs }) => {
      const last = runs.filter(({ runId }) => runId === run.runId).at(-1);
      return last?.cells.over === spark.ollama.chats.length - 1 && last;
    });
    assert.ok(cells.over >= 3 && cells.over < 6);
    process.kill(await window.enginePid(), 'SIGKILL');
    await window.until('the end of the engine', ({ peer }) => peer.closed.aborted);
    window.close();
    spark.ollama.release();
    await open();
    await window.peer.request('connections/connect', { connectionId });
    const again = await start(path);
    assert.deepEqual([again.run.runId, again.continued], [run.runId, true]);
    const summary = await wait(again.run);
    assert.deepEqual([summary.passed, summary.failed], [3, 0]);
    // six answers, and the one that the end of the engine cut off
    assert.equal(asked().length, 7);
    assert.equal(new Set(asked()).size, 6);
    const { rows } = await window.peer.request('chains/rows', { path, runId: run.runId, from: 0, count: 10 });
    assert.deepEqual(
      rows.map(({ state, outputs }) => [state, outputs]),
      Array.from({ length: 3 }, () => ['passed', ['The Spark hums along and answers']]),
    );
  });

  it('stops at once when it is cancelled, on the Spark too', async () => {
    spark.ollama.holdAfter(1);
    const { run } = await start(chain('cancelled', TWO_STEPS));
    const ended = assert.rejects(wait(run), { code: 'cancelled' });
    await spark.ollama.untilHeld();
    const { aborted } = spark.ollama;
    await window.peer.request('chains/cancel', { runId: run.runId });
    await ended;
    await spark.ollama.untilAborted(aborted + 1);
    assert.equal(asked().length, 1);
    assert.deepEqual(await window.peer.request('chains/live', {}), []);
  });

  it('tells the model why a check failed, and the reader when it failed for good', async () => {
    const path = chain(
      'failing',
      `
model: llama3.1:8b
endpoint: dgx
steps:
  - name: answer
    prompt: Say yes.
    retries: 1
    checks:
      - contains: unheard-of
`,
    );
    const { run } = await start(path);
    const { passed, failed } = await wait(run);
    assert.deepEqual([passed, failed], [0, 1]);
    const [first, second, ...more] = asked();
    assert.equal(first, 'Say yes.');
    assert.match(second ?? '', /not accepted:\n- .*unheard-of/);
    assert.deepEqual(more, []);
    const { rows } = await window.peer.request('chains/rows', { path, runId: run.runId, from: 0, count: 1 });
    assert.equal(rows[0]?.state, 'failed');
    assert.match(rows[0].cells[0]?.reason ?? '', /unheard-of/);
    const cell = await window.peer.request('chains/cell', { path, runId: run.runId, row: 0, step: 'answer' });
    assert.equal(cell.attempts.length, 2);
    assert.equal(cell.attempts[1]?.messages.at(-1)?.content, second);
  });

  it('asks nothing when the file is wrong or the model is not there, and says where', async () => {
    const wrong = chain('wrong', TWO_STEPS.replace('{{steps.draft}}', '{{steps.drafted}}'));
    const params = { folder, mayAsk: false };
    await assert.rejects(window.peer.request('chains/start', { ...params, path: wrong }), {
      code: 'chainInvalid',
      message: /line 13: .*drafted/,
    });
    const elsewhere = chain('elsewhere', TWO_STEPS.replace('llama3.1:8b', 'nobody:1b'));
    const { kind } = await window.peer.request('chains/start', { ...params, path: elsewhere });
    assert.equal(kind, 'modelsMissing');
    assert.deepEqual(asked(), []);
  });

  it('reads no file outside of the workspace without asking', async () => {
    const inner = join(folder, 'inner');
    mkdirSync(inner);
    writeFileSync(join(folder, 'topics.csv'), 'topic\nrivers\n');
    const path = join(inner, 'outside.chain.yaml');
    writeFileSync(path, TWO_STEPS.replace(/inputs:[^]*?steps:\n/, 'inputs:\n  file: ../topics.csv\nsteps:\n'));
    await assert.rejects(window.peer.request('chains/start', { path, folder: inner, mayAsk: false }), {
      code: 'outsideFile',
    });
    // a question that is not answered with yes
    await assert.rejects(window.peer.request('chains/start', { path, folder: inner, mayAsk: true }));
    assert.equal(window.questions.at(-1)?.kind, 'outsideFile');
    assert.deepEqual(asked(), []);
  });

  it('runs one step of a few inputs with what it needs, and exports the results', async () => {
    const path = chain('some', TWO_STEPS);
    const { run } = await start(path, { step: 'draft', first: 2 });
    const { passed } = await wait(run);
    assert.equal(passed, 2);
    assert.deepEqual(asked(), ['Write about rivers.', 'Write about bridges.']);
    const file = join(folder, 'some.csv');
    assert.deepEqual(await window.peer.request('chains/export', { path, runId: run.runId, file }), { rows: 2 });
    const [head, ...lines] = readFileSync(file, 'utf8').trim().split(/\r?\n/);
    assert.match(head ?? '', /topic/);
    assert.match(lines[0] ?? '', /rivers.*The Spark hums along and answers/);
  });
});
