import type { CellState, CellView, RunState, RunView } from '../../src/shared/chains.js';

export const CELL_WORDS: Readonly<Record<CellState, string>> = {
  waiting: 'Waiting',
  running: 'Running',
  passed: 'Passed',
  failed: 'Failed',
  error: 'No answer',
  skipped: 'Skipped',
};
const RUN_WORDS: Readonly<Record<RunState, string>> = {
  starting: 'Starting',
  running: 'Running',
  paused: 'Paused',
  done: 'Done',
  cancelled: 'Cancelled',
  stopped: 'Stopped',
  interrupted: 'Interrupted',
};

export function isLive({ state }: RunView): boolean {
  return state === 'starting' || state === 'running' || state === 'paused';
}

/** A run in one line, to choose it by. */
export function runName(run: RunView): string {
  const at = new Date(run.startedAt);
  const when = at.toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'medium' });
  return [when, run.model, run.endpoint, partOf(run)].filter(part => part !== '').join(' · ');
}

/** What is known of a run as a whole. */
export function runFacts(run: RunView): string[] {
  const { rows, tokens, seconds } = run;
  const over = rows.passed + rows.failed;
  const speed = seconds > 0 && tokens.answer > 0 ? `, ${(tokens.answer / seconds).toFixed(1)} tokens/s` : '';
  return [
    RUN_WORDS[run.state],
    `${over} of ${rows.total} rows${rows.failed > 0 ? `, ${rows.failed} failed` : ''}`,
    `${tokens.answer} tokens${speed}`,
    `${seconds.toFixed(1)} s`,
    `${run.model} on ${run.connectionName ?? run.url}`,
    partOf(run),
  ].filter(fact => fact !== '');
}

/** Figures of one answer. */
export function figures({ tokens, tokensPerSecond, milliseconds, attempts }: CellView): string {
  return [
    milliseconds === null ? '' : `${(milliseconds / 1000).toFixed(1)} s`,
    tokens > 0 ? `${tokens} tokens` : '',
    tokensPerSecond === null ? '' : `${tokensPerSecond.toFixed(1)}/s`,
    attempts > 1 ? `asked ${attempts} times` : '',
  ]
    .filter(part => part !== '')
    .join(' · ');
}

function partOf({ first, step }: RunView): string {
  const parts = [first === null ? '' : `first ${first}`, step === null ? '' : `step ${step}`];
  return parts.filter(part => part !== '').join(', ');
}

/** An input to be read: the fields of an object without the marks of JSON. It may be cut off, and is shown as it is then. */
export function inputWords(input: string): string {
  if (!input.startsWith('{')) return input;
  try {
    const fields = Object.entries(JSON.parse(input) as Record<string, unknown>);
    return fields
      .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
      .join('\n');
  } catch {
    return input;
  }
}
