import {
  type JobMetrics,
  type JobPoint,
  type JobUsage,
  LOG_CHUNK_BYTES,
  type LogChunk,
  MOST_LOG_READ_BYTES,
} from '../../shared/jobs.js';
import { TrainingLog } from './trainingLog.js';
import { datePoints } from './usage.js';

/** So much of a long log is read at once: the machine may be far away. */
const PIECE_BYTES = 1024 * 1024;

/** Reads on in the log of one run of a job, and knows its figures so far. */
export class LogFigures {
  private log: TrainingLog;
  private offset = 0;
  private read = 0;
  private generation: string | undefined;
  private working: Promise<void> | undefined;

  constructor(
    private readonly readChunk: (offset: number, length: number) => Promise<LogChunk>,
    private readonly newLog = () => new TrainingLog(),
  ) {
    this.log = newLog();
  }

  get metrics(): JobMetrics | null {
    return this.log.metrics;
  }

  /** The points so far, dated by what was recorded of the size of the log. */
  points(usage: readonly JobUsage[], endedAt: number | null): JobPoint[] {
    const end = endedAt === null ? null : { at: endedAt, bytes: this.offset };
    return datePoints(this.log.points, this.log.offsets, usage, end);
  }

  /** Reads what has been added; one at a time. Rejects when the link goes away: the next call goes on from there. */
  async catchUp(): Promise<void> {
    this.working ??= this.readOn().finally(() => (this.working = undefined));
    await this.working;
  }

  private async readOn(): Promise<void> {
    for (;;) {
      const chunk = await this.readChunk(this.offset, PIECE_BYTES);
      // another file, or one that was cut off: what it said before is not of this one
      if ((this.generation !== undefined && chunk.generation !== this.generation) || chunk.size < this.offset) {
        this.log = this.newLog();
        this.offset = this.read = 0;
        this.generation = chunk.generation;
        continue;
      }
      this.generation = chunk.generation;
      const bytes = Buffer.from(chunk.data, 'base64');
      this.log.feed(bytes);
      this.offset += bytes.length;
      this.read += bytes.length;
      // beyond what is sensible to read only the end counts
      if (this.read > MOST_LOG_READ_BYTES) this.offset = Math.max(this.offset, chunk.size - LOG_CHUNK_BYTES);
      if (this.offset >= chunk.size || bytes.length === 0) return;
    }
  }
}
