import type { JobMetrics, JobPoint, JobUsage } from '../../shared/jobs.js';
import { SparkError } from '../../shared/errors.js';
import { FIGURES_LINES } from './figuresFile.js';
import { LogFigures } from './logFigures.js';
import type { RemoteJobs } from './remoteJobs.js';
import { TrainingLog } from './trainingLog.js';

/** The figures of one run of a job: those of the file that it writes for that, where it does, else what its log says. */
export class JobFigures {
  private readonly log: LogFigures;
  private readonly file: LogFigures;

  constructor(jobId: string, remote: Pick<RemoteJobs, 'readLog' | 'readFigures'>) {
    this.log = new LogFigures((offset, length) => remote.readLog(jobId, offset, length));
    this.file = new LogFigures(
      (offset, length) => remote.readFigures(jobId, offset, length),
      () => new TrainingLog(FIGURES_LINES),
    );
  }

  get metrics(): JobMetrics | null {
    const { log, file } = this;
    if (!file.metrics || !log.metrics) return file.metrics ?? log.metrics;
    const said = Object.entries(file.metrics).filter(([, value]) => value !== null);
    // steps and time left stand in the bar of the log
    return { ...log.metrics, ...(Object.fromEntries(said) as Partial<JobMetrics>) };
  }

  points(usage: readonly JobUsage[], endedAt: number | null): JobPoint[] {
    const points = this.file.points([], null);
    return points.length > 0 ? points : this.log.points(usage, endedAt);
  }

  /**
   * Reads what has been added. Rejects when the link goes away: the next call goes on from there.
   * @param hasFile false where it is known that it writes none
   */
  async catchUp(hasFile = true): Promise<void> {
    await this.log.catchUp();
    if (!hasFile) return;
    await this.file.catchUp().catch((error: unknown) => {
      if (!SparkError.is(error, 'notFound')) throw error; // it writes none after all
    });
  }
}
