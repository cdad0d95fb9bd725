import { isActive, isAdopted, type Job, type JobPoint } from '../../shared/jobs.js';
import { SparkError } from '../../shared/errors.js';
import type { Clock } from '../base/clock.js';
import { type Disposable, DisposableStore } from '../base/disposable.js';
import type { Logger } from '../base/logger.js';
import type { Recorded } from '../metrics/pastSamples.js';
import type { MachineHook } from '../notify/machineHook.js';
import type { SshSession } from '../ssh/types.js';
import type { JobBook } from './jobBook.js';
import { JobFigures } from './jobFigures.js';
import type { RemoteJobs } from './remoteJobs.js';
import { judge, type JobReport } from './report.js';

/** Figures of a log that grows all the time are read so often at most. */
const READ_EVERY_MS = 2_000;
const AGAIN_AFTER_MS = 3_000;
/** A launcher that has said nothing for so long will not. */
const LAUNCH_LIMIT_MS = 60_000;

export interface MachineTools {
  readonly remote: RemoteJobs;
  readonly book: JobBook;
  /** How many may run at once. */
  readonly places: () => number;
  /** The values of secrets, as far as there are any. */
  readonly secrets: (names: readonly string[]) => Promise<Record<string, string>>;
  /** What lets the machine post the end of a job by itself. */
  readonly hook: (job: Job) => Promise<MachineHook | undefined>;
  readonly onGrow: (jobId: string, size: number) => void;
  /** Told what was recorded of the machine while nobody was connected; undefined where that was a moment only. */
  readonly onRecorded: ((recorded: Recorded) => void) | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

type Known = NonNullable<JobReport['known']>;

/** A program that follows jobs. */
interface Watch {
  readonly ids: string;
  end: Disposable | undefined;
}

/** The jobs of one machine for as long as one session with it lasts. */
export class MachineJobs implements Disposable {
  private readonly held = new DisposableStore();
  private readonly figures = new Map<string, { readonly run: number; readonly figures: JobFigures }>();
  /** Bytes of what was written, as the machine told them last. */
  private readonly sizes = new Map<string, Pick<Known, 'size' | 'figuresSize'>>();
  private readonly launchedAt = new Map<string, number>();
  private readonly waits = new Map<string, Disposable>();
  private watch: Watch | undefined;
  private queue: Promise<void>;

  readonly remote: RemoteJobs;

  constructor(
    private readonly connectionId: string,
    private readonly tools: MachineTools,
  ) {
    this.remote = tools.remote;
    // first of all: what has come of everything that was under way
    this.queue = this.quietly(async () => {
      await this.reconcile();
      await this.fillPlaces();
    });
  }

  get session(): SshSession {
    return this.remote.session;
  }

  /** Starts what waits, as far as there is room; resolves when that is done. */
  async advance(): Promise<void> {
    this.queue = this.queue.then(async () => {
      await this.quietly(async () => {
        await this.fillPlaces();
      });
    });
    await this.queue;
  }

  async stop(job: Job): Promise<void> {
    await this.queue;
    await this.remote.stop(job);
    // it may have ended of itself meanwhile
    if (isActive(this.tools.book.get(job.id).status)) await this.tools.book.note(job.id, { status: 'stopping' });
  }

  async points(job: Job): Promise<readonly JobPoint[]> {
    const figures = this.figuresOf(job);
    await figures.catchUp();
    return figures.points(await this.remote.readUsage(job.id), job.completedAt);
  }

  dispose(): void {
    this.held.dispose();
    this.watch?.end?.dispose();
    this.watch = undefined;
    for (const wait of this.waits.values()) wait.dispose();
    this.waits.clear();
  }

  private get mine(): Job[] {
    return this.tools.book.all.filter(({ connectionId }) => connectionId === this.connectionId);
  }

  private get active(): Job[] {
    return this.mine.filter(({ status }) => isActive(status));
  }

  /** One round trip for all of them. */
  private async reconcile(): Promise<void> {
    const { active } = this;
    if (active.length > 0) {
      const reports = await this.remote.look(active.map(({ id }) => id));
      for (const report of reports.values()) await this.take(report);
    }
    this.keepWatch();
    const { onRecorded } = this.tools;
    if (!onRecorded) return;
    for (const { id } of active.filter(({ status }) => status !== 'starting')) {
      const recorded = await this.remote.readRecorded(id);
      if (recorded.usage.length > 0) onRecorded(recorded);
    }
  }

  private async fillPlaces(): Promise<void> {
    const { book } = this.tools;
    const waiting = this.mine
      .filter(({ status }) => status === 'queued')
      .sort((one, other) => (one.queuedAt ?? 0) - (other.queuedAt ?? 0) || one.createdAt - other.createdAt);
    for (const { id } of waiting) {
      const job = book.find(id);
      if (job?.status !== 'queued') continue;
      const turn = this.turnOf(job);
      if (turn === 'now') {
        await book.put({ ...job, status: 'starting', reason: null });
        await this.launch(book.get(id));
      } else await book.note(id, turn);
    }
    this.keepWatch();
  }

  /** Whether it may start, or what it waits for. */
  private turnOf(job: Job): 'now' | Partial<Job> {
    const { book, places, clock } = this.tools;
    const { after } = job.config;
    const first = after === null ? undefined : book.find(after);
    if (first && first.status !== 'completed') {
      const isOver = ['failed', 'stopped', 'lost'].includes(first.status);
      if (!isOver) return { reason: `It waits for "${first.name}".` };
      const reason = `It was not started, because "${first.name}" did not complete.`;
      return { status: 'stopped', reason, queuedAt: null, completedAt: clock.now() };
    }
    // what runs already takes no place
    if (isAdopted(job) || this.active.length < places()) return 'now';
    return { reason: 'It waits for its turn.' };
  }

  /** Asking twice starts once: the machine keeps count. When the link is lost meanwhile, it is asked again after the reconnect. */
  private async launch(job: Job): Promise<void> {
    const { book, clock, secrets, hook } = this.tools;
    this.launchedAt.set(job.id, clock.now());
    try {
      const values = await secrets(job.config.secrets);
      if (job.config.secrets.some(name => values[name] === undefined))
        throw new SparkError({ code: 'launchFailed', message: 'A secret that it needs has no value in the keychain.' });
      await this.remote.launch(job, values, await hook(job));
    } catch (error) {
      if (!SparkError.is(error, 'launchFailed')) throw error;
      const reason = [error.message, error.hint].filter(Boolean).join(' ');
      await book.note(job.id, { status: 'failed', reason, completedAt: clock.now() });
      return;
    }
    for (const report of (await this.remote.look([job.id])).values()) await this.take(report);
  }

  /** What the watch tells may be older than what is known: a folder that was not made yet is not one that is gone. */
  private async take(report: JobReport): Promise<void> {
    const job = this.tools.book.find(report.id);
    if (!job || !isActive(job.status)) return;
    const isDoubtful = job.status !== 'starting' && report.known?.run !== String(job.run);
    const sure = isDoubtful ? (await this.remote.look([job.id])).get(job.id) : report;
    if (sure) await this.believe(sure);
  }

  private async believe(report: JobReport): Promise<void> {
    const { book, clock } = this.tools;
    const job = book.find(report.id);
    if (!job || !isActive(job.status)) return;
    const verdict = judge(job, report);
    if (verdict === 'launch') {
      // asked for a moment ago, and the answer is on its way
      if (!this.launchedAt.has(job.id)) await this.launch(job);
      return;
    }
    if (report.known?.run === String(job.run)) this.logIs(job, report.known);
    const changes = { ...verdict };
    // what was asked to stop does not run again
    if (job.status === 'stopping' && changes.status === 'running') delete changes.status;
    const since = this.launchedAt.get(job.id) ?? clock.now();
    this.launchedAt.set(job.id, since);
    if (Object.keys(changes).length === 0 && clock.now() - since > LAUNCH_LIMIT_MS)
      Object.assign(changes, {
        status: 'failed',
        reason: 'The launcher on the machine was ended before the job began.',
      });
    if (changes.status !== undefined && !isActive(changes.status)) await this.end(job, changes);
    else await book.note(job.id, changes);
  }

  /** Its last figures belong to its end. */
  private async end(job: Job, changes: Partial<Job>): Promise<void> {
    this.launchedAt.delete(job.id);
    const metrics = await this.readFigures(job);
    await this.tools.book.note(job.id, { ...changes, ...(metrics && { metrics }) });
    this.keepWatch();
    void this.advance();
  }

  private logIs(job: Job, { size, figuresSize }: Known): void {
    const before = this.sizes.get(job.id);
    if (before?.size === size && before.figuresSize === figuresSize) return;
    this.sizes.set(job.id, { size, figuresSize });
    // curves are drawn anew when either has grown
    this.tools.onGrow(job.id, size);
    if (this.waits.has(job.id)) return;
    const wait = this.tools.clock.after(READ_EVERY_MS, () => {
      this.waits.delete(job.id);
      void this.readFigures(job).then(async metrics => {
        if (metrics) await this.tools.book.note(job.id, { metrics });
      });
    });
    this.waits.set(job.id, wait);
  }

  private async readFigures(job: Job): Promise<Job['metrics']> {
    const figures = this.figuresOf(job);
    try {
      await figures.catchUp(this.sizes.get(job.id)?.figuresSize !== null);
    } catch (error) {
      this.tools.log.debug(`The figures of a job could not be read: ${SparkError.toInfo(error).message}`);
    }
    return figures.metrics;
  }

  private figuresOf({ id, run }: Job): JobFigures {
    const known = this.figures.get(id);
    if (known?.run === run) return known.figures;
    const figures = new JobFigures(id, this.remote);
    this.figures.set(id, { run, figures });
    return figures;
  }

  /** One program follows all that are under way; it is started anew when those are others. */
  private keepWatch(): void {
    if (this.held.isDisposed) return;
    const ids = this.active.map(({ id }) => id).sort();
    if (this.watch?.ids === ids.join(' ') || (ids.length === 0 && !this.watch)) return;
    this.watch?.end?.dispose();
    this.watch = undefined;
    if (ids.length === 0) return;
    const watch: Watch = { ids: ids.join(' '), end: undefined };
    this.watch = watch;
    const again = () => {
      if (this.watch !== watch) return;
      this.held.add(
        this.tools.clock.after(AGAIN_AFTER_MS, () => {
          if (this.watch !== watch) return;
          this.watch = undefined;
          this.keepWatch();
        }),
      );
    };
    this.remote
      .watch(ids, report => void this.quietly(async () => await this.take(report)), again)
      .then(end => {
        watch.end = end;
        if (this.watch !== watch) end.dispose();
      }, again);
  }

  /** What fails here fails because the link is lost; what was meant is done after the reconnect. */
  private async quietly(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.tools.log.warn(`Jobs could not be looked after: ${SparkError.toInfo(error).message}`);
    }
  }
}
