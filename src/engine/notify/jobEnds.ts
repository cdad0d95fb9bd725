import { stripVTControlCharacters } from 'node:util';
import { isActive, type Job } from '../../shared/jobs.js';
import type { NoticeWay } from '../../shared/notify.js';
import { LOG_LINES, noticeOfJob } from './notice.js';
import type { NotifyService } from './notifyService.js';

const MOST_LINE = 300;
/** So much of a log's end has the last lines in it. */
const TAIL_BYTES = 16 * 1024;

export interface JobEndParts {
  readonly notify: Pick<NotifyService, 'send' | 'isOver'>;
  readonly machine: (connectionId: string) => string;
  /** The last bytes of a job's log. */
  readonly tail: (jobId: string, bytes: number) => Promise<Buffer>;
  /** Writes down that the end of this run has been sent, or could not be. */
  readonly markSent: (jobId: string, run: number) => Promise<void>;
}

/** Sends the end of each job that is to be told outside of the editor, once a run, whenever the engine learns of it. */
export class JobEnds {
  private readonly sending = new Set<string>();

  constructor(private readonly parts: JobEndParts) {}

  take(jobs: readonly Job[]): void {
    for (const job of jobs) {
      const key = `${job.id} ${job.run}`;
      const ways = waysOf(job);
      if (job.sent || job.run === 0 || ways.length === 0 || !isOver(job) || this.sending.has(key)) continue;
      this.sending.add(key);
      void this.send(job, ways).finally(() => this.sending.delete(key));
    }
  }

  private async send(job: Job, ways: readonly NoticeWay[]): Promise<void> {
    const { notify, machine, markSent } = this.parts;
    // a log may hold what a chat room is not to read
    const lines = ways.includes('email') ? await this.endOfLog(job) : [];
    for (const way of ways)
      await notify.send(way, noticeOfJob(job, machine(job.connectionId), way === 'email' ? lines : []));
    // an engine that ends meanwhile leaves it to the next one
    if (!notify.isOver) await markSent(job.id, job.run);
  }

  private async endOfLog({ id }: Job): Promise<string[]> {
    try {
      return lastLines((await this.parts.tail(id, TAIL_BYTES)).toString('utf8'));
    } catch {
      // the machine may be gone by now; the end of its job is told all the same
      return [];
    }
  }
}

/** The last lines of a log as a terminal would show them, without its escapes; of a progress bar the last state. */
export function lastLines(text: string): string[] {
  return stripVTControlCharacters(text)
    .split('\n')
    .map(line => line.replace(/\r+$/, '').split('\r').at(-1) ?? '')
    .map(line => line.replace(/[^\P{Cc}\t]/gu, '').slice(0, MOST_LINE))
    .filter(line => line.trim() !== '')
    .slice(-LOG_LINES);
}

/** It has ended, and not because its user has just stopped it: who did that knows. */
function isOver({ status, reason }: Job): boolean {
  if (isActive(status) || status === 'queued' || status === 'pending') return false;
  return status !== 'stopped' || reason !== null;
}

function waysOf({ config }: Job): NoticeWay[] {
  return config.notify.filter(way => way !== 'machineWebhook');
}
