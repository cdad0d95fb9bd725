import type { JobPoint } from '../../shared/jobs.js';

/** What one line of a log says of a training. */
export interface LogFigures extends Partial<JobPoint> {
  readonly steps?: number;
  readonly secondsLeft?: number;
}

const ESCAPE = '\u001b';
const BELL = '\u0007';
/** Colours and the like, and titles of a terminal's window. */
const ESCAPES = new RegExp(
  `${ESCAPE}(?:\\[[0-?]*[ -/]*[@-~]|\\][^${BELL}${ESCAPE}]*(?:${BELL}|${ESCAPE}\\\\)|[@-Z\\\\-_])`,
  'g',
);
const NUMBER = String.raw`[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|NaN|[-+]?inf(?:inity)?`;
/** `'loss': 1.2`, `"loss": "1.2"`, `loss : 1.2`, `loss=1.2`, `loss 2.31`. */
const PAIR = new RegExp(
  String.raw`['"]?([A-Za-z_][A-Za-z0-9_/ ]*?)['"]?\s*(?::|=|\s)\s*['"]?(${NUMBER})(?![\w.])`,
  'g',
);
const BAR = /(\d{1,3})%\|[^|]*\|\s*(\d{1,12})\/(\d{1,12}) \[(?:[\d:]+)<([\d:]+|\?)/g;
/** They look like progress and are not the training. */
const OTHER_BARS =
  /Masked tokens|Loading (?:weights|checkpoint|dataset)|Map|Tokeniz|Download|Fetching|Generating|Filter|Unsloth: (?:Merging|Copying)|Saving|Packing|Truncating|Adding EOS|Evaluat|Validation|Sanity/i;

const NAMES: Readonly<Record<string, keyof LogFigures>> = {
  loss: 'loss',
  train_loss: 'loss',
  'train loss': 'loss',
  'lm loss': 'loss',
  reduced_train_loss: 'loss',
  step_loss: 'loss',
  'train/loss': 'loss',
  eval_loss: 'evalLoss',
  val_loss: 'evalLoss',
  'val loss': 'evalLoss',
  'eval/loss': 'evalLoss',
  validation_loss: 'evalLoss',
  lr: 'learningRate',
  learning_rate: 'learningRate',
  'learning rate': 'learningRate',
  epoch: 'epoch',
  step: 'step',
  iter: 'step',
  iteration: 'step',
  global_step: 'step',
  grad_norm: 'gradNorm',
  'grad norm': 'gradNorm',
  tokens_per_second: 'tokensPerSecond',
  train_tokens_per_second: 'tokensPerSecond',
  'tokens/s': 'tokensPerSecond',
};

/** What is in every line that {@link readLine} reads figures from; whatever hides letters may hide these. */
const TELLING = new RegExp(`loss|%\\||step|iteration|${ESCAPE}`, 'i');

/** False for lines without figures, most of those that are printed, and fast: a job may print millions. */
export function mayTell(line: string): boolean {
  return TELLING.test(line);
}

/** Takes out what dresses a line up: colours, the rank and the stream it came from, the time. */
export function bare(line: string): string {
  return line
    .replace(ESCAPES, '')
    .replace(/[^\P{Cc}\t]/gu, '')
    .trim();
}

/** Other ranks tell the same as the first. */
export function isOtherRank(line: string): boolean {
  return /^(?:\S+ ){0,3}\[(?:default|rank)?0*[1-9]\d*\]:/i.test(line);
}

/** Reads the figures of one line that was made {@link bare}; undefined where there are none. */
export function readLine(line: string): LogFigures | undefined {
  if (line.length > 20_000) return undefined;
  const bar = lastBar(line);
  // the end of a run sums it up; that is no point of the curve
  const isSummary = /['"]?train_runtime['"]?\s*:|TrainOutput\(/.test(line);
  const figures = isSummary ? {} : { ...readSteps(line), ...readPairs(line) };
  const all = { ...bar, ...figures };
  return Object.keys(all).length > 0 ? all : undefined;
}

/** Whether it is a point of a curve: anything with a loss is. */
export function isPoint(figures: LogFigures): boolean {
  return figures.loss !== undefined || figures.evalLoss !== undefined;
}

function lastBar(line: string): LogFigures {
  const match = [...line.matchAll(BAR)].at(-1);
  if (!match || OTHER_BARS.test(line.slice(0, match.index))) return {};
  const [, , step, steps, left] = match;
  const secondsLeft = clock(left);
  // Lightning counts the batches of one epoch with its bar, which is no step of the run
  if (/Epoch \d+:/.test(line.slice(0, match.index))) {
    const epoch = /Epoch (\d+):/.exec(line)?.[1];
    return epoch === undefined ? {} : { epoch: Number(epoch) + Number(step) / Math.max(1, Number(steps)) };
  }
  return { step: Number(step), steps: Number(steps), ...(secondsLeft === undefined ? {} : { secondsLeft }) };
}

/** Steps that are written as a fraction. */
function readSteps(line: string): LogFigures {
  const fraction =
    /['"]?global_step\/max_steps['"]?\s*:\s*['"]?(\d+)\/(\d+)/.exec(line) ??
    /(?:^|[\s|])iteration\s+(\d+)\/\s*(\d+)/.exec(line);
  return fraction ? { step: Number(fraction[1]), steps: Number(fraction[2]) } : {};
}

function readPairs(line: string): LogFigures {
  // figures stand in a dictionary, or in a line that names a loss; other text is full of numbers that mean nothing
  if (!/loss/i.test(line)) return {};
  const found: Record<string, number> = {};
  // a bar holds its own counts
  for (const [, name = '', value = ''] of line.replace(/\d+%\|[^|]*\|/g, ' ').matchAll(PAIR)) {
    const key = nameOf(name);
    if (key === undefined || found[key] !== undefined) continue;
    found[key] = /nan/i.test(value)
      ? NaN
      : /inf/i.test(value)
        ? value.startsWith('-')
          ? -Infinity
          : Infinity
        : Number(value);
  }
  return found;
}

/** Which figure is meant by a name that a program gives it; undefined where it is none. */
export function nameOf(words: string): keyof LogFigures | undefined {
  const name = words.trim().replace(/\s+/g, ' ').toLowerCase();
  // "time 40.2ms, loss" and "Training epoch": the last word, or the last two, are the name
  const parts = name.split(' ');
  return [parts.slice(-2).join(' '), parts.at(-1) ?? '']
    .map(one => (Object.hasOwn(NAMES, one) ? NAMES[one] : undefined))
    .find(Boolean);
}

/** Seconds of `1:02:03`. */
function clock(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+(?::\d\d){1,2}$/.test(text)) return undefined;
  return text.split(':').reduce((seconds, part) => seconds * 60 + Number(part), 0);
}
