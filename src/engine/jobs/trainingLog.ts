import { StringDecoder } from 'node:string_decoder';
import type { JobMetrics, JobPoint } from '../../shared/jobs.js';
import { bare, isOtherRank, isPoint, type LogFigures, readLine } from './logLine.js';

/** More points than this are thinned to half. */
const MOST_POINTS = 4000;
/** A line that is longer is looked at in pieces. */
const LONGEST_LINE = 16 * 1024;

/** Reads the figures of a training from its log, which comes in pieces. A carriage return ends a line as well: it is drawn again. */
export class TrainingLog {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';
  private last: LogFigures = {};
  private all: JobPoint[] = [];
  private skip = 0;
  private stride = 1;

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
    return this.all;
  }

  feed(bytes: Buffer): void {
    const lines = (this.rest + this.decoder.write(bytes)).split(/[\r\n]/);
    this.rest = (lines.pop() ?? '').slice(-LONGEST_LINE);
    for (const line of lines) this.take(line);
  }

  /** The log has ended, with or without the end of a line. */
  end(): void {
    this.take(this.rest);
    this.rest = '';
  }

  private take(raw: string): void {
    if (raw.length === 0) return;
    const line = bare(raw);
    if (isOtherRank(line)) return;
    const figures = readLine(line);
    if (!figures) return;
    const { step: stepBefore } = this.last;
    this.last = { ...this.last, ...figures };
    if (!isPoint(figures)) return;
    // the step comes from the bar before it where the line does not say
    const step = figures.step ?? (stepBefore !== undefined && this.last.steps !== undefined ? stepBefore : undefined);
    this.keep({
      ...{ step: finite(step), epoch: finite(figures.epoch), loss: finite(figures.loss) },
      ...{ learningRate: finite(figures.learningRate), evalLoss: finite(figures.evalLoss) },
    });
  }

  private keep(point: JobPoint): void {
    const before = this.all.at(-1);
    // a bar that is drawn again says the same
    if (before && JSON.stringify(before) === JSON.stringify(point)) return;
    this.skip += 1;
    // evaluations are few and each counts
    if (point.evalLoss === null && this.skip % this.stride !== 0) return;
    this.all.push(point);
    if (this.all.length <= MOST_POINTS) return;
    this.all = this.all.filter((one, index) => index % 2 === 0 || one.evalLoss !== null).slice(-MOST_POINTS);
    this.stride *= 2;
  }
}

/** What JSON cannot carry, nan and the infinities, is a gap in the curve. */
function finite(value: number | null | undefined): number | null {
  return value === undefined || value === null || !Number.isFinite(value) ? null : value;
}
