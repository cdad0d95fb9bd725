import { ROWS_PER_PAGE, type ResultsMessage, type ResultsRequest } from '../../src/shared/chainPage.js';
import type { CellDetail, CellView, RowView, RunView } from '../../src/shared/chains.js';

const ANSWER =
  'Unified memory lets the processor and the GPU of a DGX Spark read the same 128 GB, so that a model that would not fit on a card beside the processor runs without copying its weights back and forth.';
const REASON = 'It has 163 words, but must have at most 150 words.';

export function chainRun(changes: Partial<RunView> = {}): RunView {
  return {
    ...{ runId: 'run-1', path: '/work/topics.chain.yaml', chain: 'topics', state: 'running', reason: null },
    ...{ endpoint: 'dgx', url: 'http://localhost:11435', connectionName: 'Workshop Spark', model: 'gpt-oss:120b' },
    ...{ startedAt: Date.UTC(2026, 4, 3, 9, 12), endedAt: null, steps: ['draft', 'title'], outputs: ['text'] },
    ...{ first: null, step: null, rows: { total: 120, passed: 2, failed: 1 }, cells: { total: 240, over: 7 } },
    ...{ tokens: { prompt: 1204, answer: 2411 }, seconds: 61.4, revision: 1 },
    ...changes,
  };
}

function cell(state: CellView['state'], text = ''): CellView {
  const isOver = state === 'passed' || state === 'failed';
  return {
    ...{ state, text, reason: state === 'failed' ? REASON : null, attempts: state === 'failed' ? 2 : 1 },
    ...{ tokens: isOver ? 187 : 0, tokensPerSecond: isOver ? 41.3 : null, milliseconds: isOver ? 4530 : null },
  };
}

const TOPICS = ['unified memory', 'SSH tunnels', 'local language models', 'tokens per second', 'quantisation'];

/** The rows of a run that is in its midst. */
export function chainRows(from: number, total: number, isOver: boolean): RowView[] {
  return Array.from({ length: Math.max(0, Math.min(ROWS_PER_PAGE, total - from)) }, (_, offset): RowView => {
    const row = from + offset;
    const title = cell('passed', 'One Memory for Everything');
    const cells: CellView[] = isOver || row < 2 ? [cell('passed', ANSWER), title] : [cell('waiting'), cell('waiting')];
    if (row === 2) cells.splice(0, 2, cell('failed', ANSWER), cell('skipped'));
    if (row === 3 && !isOver) cells.splice(0, 1, cell('running', 'a rate of about forty tokens each second is'));
    const input = JSON.stringify({ topic: TOPICS[row % TOPICS.length], audience: 'data scientists' });
    const [first, second] = cells.map(({ state }) => state);
    const state = second === 'passed' ? 'passed' : second === 'skipped' ? 'failed' : 'waiting';
    return { row, input, state: first === 'running' ? 'running' : state, cells, outputs: [cells[1]?.text ?? ''] };
  });
}

export function cellDetail(row: number, step: string): CellDetail {
  const asked = { promptTokens: 61, tokens: 187, tokensPerSecond: 41.3, milliseconds: 4530 };
  const user = { role: 'user', content: 'Explain unified memory to data scientists in one paragraph.' } as const;
  const system = { role: 'system', content: 'You write for busy readers.' } as const;
  return {
    ...{ row, step, input: '{"topic":"unified memory","audience":"data scientists"}', state: 'failed', reason: REASON },
    ...{ model: 'gpt-oss:120b', url: 'http://localhost:11435', output: ANSWER },
    attempts: [
      {
        ...{ messages: [system, user], output: `${ANSWER} ${ANSWER}`, ...asked },
        checks: [{ check: 'length at most 150 words', passed: false, detail: REASON }],
      },
      {
        messages: [system, user, { role: 'assistant', content: ANSWER }, { role: 'user', content: `- ${REASON}` }],
        ...{ output: ANSWER, ...asked },
        checks: [
          { check: 'contains "memory"', passed: true, detail: '' },
          { check: 'length at most 150 words', passed: false, detail: REASON },
        ],
      },
    ],
  };
}

/** A window that has some runs, and shows what it is asked for. */
export function resultsWindow(runs: readonly RunView[]): (request: ResultsRequest) => ResultsMessage | undefined {
  const rowsOf = (run: RunView, from: number) => chainRows(from, run.rows.total, run.state === 'done');
  return request => {
    if (request.kind === 'cell') return { kind: 'cell', detail: cellDetail(request.row, request.step) };
    if (request.kind !== 'show') return undefined;
    const { from } = request;
    const [newest] = runs;
    const run = runs.find(({ runId }) => runId === request.runId) ?? newest;
    const other = runs.find(({ runId }) => runId === request.otherId);
    return {
      ...{ kind: 'table', path: '/work/topics.chain.yaml', runs, from },
      shown: run ? { run, rows: rowsOf(run, from) } : null,
      other: other ? { run: other, rows: rowsOf(other, from) } : null,
    };
  };
}
