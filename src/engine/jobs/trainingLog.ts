import { StringDecoder } from 'node:string_decoder';
import type { JobMetrics, JobPoint } from '../../shared/jobs.js';
import { bare, isOtherRank, isPoint, type LogFigures, mayTell, readLine } from './logLine.js';

/** More points than this are thinned to half. */
const MOST_POINTS = 4000;
/** A line that is longer is looked at in pieces. */
const LONGEST_LINE = 16 * 1024;

/** How lines are read. */
export interface LineReader {
  /** False for lines that say nothing, and fast. */
  mayTell(raw: string): boolean;
  /** Makes of a line what it says. */
  read(line: string): LogFigures | undefined;
}

const LOG_LINES: LineReader = { mayTell, read: readLine };

/**
 * Reads the figures of a training from its log, which comes in pieces. A carriage return ends a line as well: it is drawn again.
 */
export class TrainingLog {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';
  private last: LogFigures = {};
  private all: { readonly point: JobPoint; readonly offset: number }[] = [];
  private offset = 0;
  private skip = 0;
  private stride = 1;

  constructor(private readonly lines: LineReader = LOG_LINES) {}

  /** The last that was said of each, null while nothing was. */
  get metrics(): JobMetrics | null {
    if (Object.keys(this.last).length === 0) return null;
    const value = (key: keyof LogFigures) => finite(this.last[key]);
    return {
      ...{ step: value('step'), steps: value('steps'), epoch: value('epoch'), loss: value('loss') },
      ...{ learningRate: value('learningRate'), evalLoss: value('evalLoss') },
      ...{ tokensPerSecond: value('tokensPerSecond'), secondsLeft: value('secondsLeft') },
    };
  }

  get points(): readonly JobPoint[] {
    return this.all.map(({ point }) => point);
  }

  /** Of each point, where its line ends in what was fed, in bytes; as good as the pieces are fine. */
  get offsets(): readonly number[] {
    return this.all.map(({ offset }) => offset);
  }

  feed(bytes: Buffer): void {
    const text = this.rest + this.decoder.write(bytes);
    const lines = text.split(/[\r\n]/);
    const perCharacter = bytes.length / Math.max(1, text.length - this.rest.length);
    let at = this.offset - this.rest.length;
    this.rest = (lines.pop() ?? '').slice(-LONGEST_LINE);
    for (const line of lines) {
      at += (line.length + 1) * perCharacter;
      this.take(line, Math.round(at));
    }
    this.offset += bytes.length;
  }

  /** The log has ended, with or without the end of a line. */
  end(): void {
    this.take(this.rest, this.offset);
    this.rest = '';
  }

  private take(raw: string, offset: number): void {
    if (raw === '' || !this.lines.mayTell(raw)) return;
    const line = bare(raw);
    if (isOtherRank(line)) return;
    const figures = this.lines.read(line);
    if (!figures) return;
    const { step: stepBefore } = this.last;
    this.last = { ...this.last, ...figures };
    if (!isPoint(figures)) return;
    // the step comes from the bar before it where the line does not say
    const step = figures.step ?? (stepBefore !== undefined && this.last.steps !== undefined ? stepBefore : undefined);
    const point: JobPoint = {
      ...{ step: finite(step), epoch: finite(figures.epoch), loss: finite(figures.loss) },
      ...{ learningRate: finite(figures.learningRate), evalLoss: finite(figures.evalLoss) },
      ...{ gradNorm: finite(figures.gradNorm), tokensPerSecond: finite(figures.tokensPerSecond) },
      at: finite(figures.at),
    };
    this.keep(point, offset);
  }

  private keep(point: JobPoint, offset: number): void {
    const before = this.all.at(-1)?.point;
    // a bar that is drawn again says the same
    if (before && JSON.stringify(before) === JSON.stringify(point)) return;
    this.skip += 1;
    // evaluations are few and each counts
    if (point.evalLoss === null && this.skip % this.stride !== 0) return;
    this.all.push({ point, offset });
    if (this.all.length <= MOST_POINTS) return;
    this.all = this.all.filter(({ point: one }, index) => index % 2 === 0 || one.evalLoss !== null).slice(-MOST_POINTS);
    this.stride *= 2;
  }
}

/** What JSON cannot carry, nan and the infinities, is a gap in the curve. */
function finite(value: number | null | undefined): number | null {
  return value === undefined || value === null || !Number.isFinite(value) ? null : value;
}
