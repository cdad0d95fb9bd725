import { isActive, type Job } from '../../shared/jobs.js';
import { SparkError } from '../../shared/errors.js';
import type { Disposable } from '../base/disposable.js';
import { Emitter, type Event } from '../base/emitter.js';
import type { JobRepository } from '../store/types.js';

/** All saved jobs, in memory and in the database. */
export class JobBook implements Disposable {
  private readonly changed = new Emitter<readonly Job[]>();
  private readonly jobs: Map<string, Job>;

  readonly onDidChange: Event<readonly Job[]> = this.changed.event;

  constructor(private readonly repository: JobRepository) {
    this.jobs = new Map(repository.list().map(job => [job.id, job]));
  }

  /** Newest first. */
  get all(): Job[] {
    return [...this.jobs.values()].sort((one, other) => other.createdAt - one.createdAt);
  }

  find(jobId: string): Job | undefined {
    return this.jobs.get(jobId);
  }

  get(jobId: string): Job {
    const job = this.jobs.get(jobId);
    if (job) return job;
    throw new SparkError({
      code: 'notFound',
      message: 'This job is no longer saved.',
      hint: 'It may have been deleted in another window.',
    });
  }

  /** What a user did: on the disk before it counts. */
  async put(job: Job): Promise<Job> {
    await this.repository.put(job);
    this.jobs.set(job.id, job);
    this.changed.fire(this.all);
    return job;
  }

  /** A new run of a job begins with its place in the queue. */
  async enqueue(jobId: string, now: number): Promise<Job> {
    const job = this.get(jobId);
    // two windows may ask at the same moment
    if (isActive(job.status) || job.status === 'queued') return job;
    const next: Job = {
      ...job,
      ...{ status: 'queued', run: job.run + 1, queuedAt: now, startedAt: null, completedAt: null },
      ...{ exitCode: null, reason: null, metrics: null, told: false, sent: false },
    };
    this.jobs.set(jobId, next);
    try {
      return await this.put(next);
    } catch (error) {
      this.jobs.set(jobId, job);
      throw error;
    }
  }

  /** What the machine told: changes a job that is there still. */
  async note(jobId: string, changes: Partial<Job>): Promise<void> {
    const job = this.jobs.get(jobId);
    if (!job) return;
    const next = { ...job, ...changes };
    if (JSON.stringify(next) === JSON.stringify(job)) return;
    this.jobs.set(jobId, next);
    await this.repository.note(next);
    this.changed.fire(this.all);
  }

  async delete(jobId: string): Promise<void> {
    await this.repository.delete(jobId);
    this.jobs.delete(jobId);
    this.changed.fire(this.all);
  }

  /** Forgets those of connections that were deleted: the database has them no more. */
  keepOnly(connections: ReadonlySet<string>): void {
    const gone = this.all.filter(({ connectionId }) => !connections.has(connectionId));
    for (const { id } of gone) this.jobs.delete(id);
    if (gone.length > 0) this.changed.fire(this.all);
  }

  /** Forgets what the database has no more: a project goes with its jobs. */
  dropDeleted(): void {
    const saved = new Set(this.repository.list().map(({ id }) => id));
    const gone = this.all.filter(({ id }) => !saved.has(id));
    for (const { id } of gone) this.jobs.delete(id);
    if (gone.length > 0) this.changed.fire(this.all);
  }

  dispose(): void {
    this.changed.dispose();
  }
}
