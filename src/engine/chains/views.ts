import type { CellView, RowView, RunView } from '../../shared/chains.js';
import type { CellIndex, RunIndex } from './results/runIndex.js';

/** A run as the results file tells of it. */
export function runView(path: string, index: RunIndex): RunView {
  const { header, end } = index;
  const total = header.rows ?? index.inputs?.count ?? 0;
  const cells = total * header.steps.length;
  return {
    ...{ runId: header.run, path, chain: header.chain },
    state: end?.state ?? 'interrupted',
    reason: end?.reason ?? null,
    ...{ endpoint: header.endpoint, url: header.url, connectionName: header.connection?.name ?? null },
    ...{ model: header.model, startedAt: index.startedAt, endedAt: end ? end.at : null },
    ...{ steps: header.steps, outputs: header.outputs, first: header.first, step: header.step },
    rows: { total, passed: index.passed, failed: index.failed },
    cells: { total: cells, over: Math.min(index.over, cells) },
    tokens: { prompt: index.promptTokens, answer: index.tokens },
    seconds: index.seconds,
    revision: index.over,
  };
}

const WAITING: CellView = {
  ...{ state: 'waiting', text: '', reason: null, attempts: 0 },
  ...{ tokens: 0, tokensPerSecond: null, milliseconds: null },
};

/**
 * A row of a run, in short.
 * @param running its cells that are being asked, by step
 * @param input beginning of its input, where it is known without the results
 */
export function rowView(
  index: RunIndex,
  row: number,
  running: ReadonlyMap<string, CellView> | undefined,
  input: string | undefined,
): RowView {
  const known = index.rows.get(row);
  const isRunning = running !== undefined && running.size > 0;
  const over = known?.passed === undefined ? 'waiting' : known.passed ? 'passed' : 'failed';
  return {
    ...{ row, input: known?.input ?? input ?? '', state: isRunning ? 'running' : over },
    cells: index.header.steps.map(step => running?.get(step) ?? cellView(known?.cells.get(step))),
    outputs: [...(known?.outputs ?? [])],
  };
}

function cellView(cell: CellIndex | undefined): CellView {
  if (!cell) return WAITING;
  const { state, text, reason, attempts, tokens, tokensPerSecond, milliseconds } = cell;
  return { state, text, reason, attempts, tokens, tokensPerSecond, milliseconds };
}
