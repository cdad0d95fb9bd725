import type { MachineDetails } from '../../shared/details.js';
import { EXPORT_COLUMNS, type ExportQuery, type Series, type SeriesQuery } from '../../shared/history.js';
import type { Sample } from '../../shared/metrics.js';
import type { Clock } from '../base/clock.js';
import { type Disposable, DisposableStore, toDisposable } from '../base/disposable.js';
import { Emitter, type Event } from '../base/emitter.js';
import type { Logger } from '../base/logger.js';
import type { SshSession } from '../ssh/types.js';
import type { MetricsRepository } from '../store/types.js';
import { Attention } from './attention.js';
import { hasReading } from './buildSample.js';
import { writeCsv } from './csvExport.js';
import { pastSamples, type Recorded } from './pastSamples.js';
import { RecentSamples } from './recentSamples.js';
import { Sampler } from './sampler.js';
import { TroubleWatch } from './troubleWatch.js';

/** While nobody looks, machines are read this seldom; alerts and history need no more. */
const UNWATCHED_MS = 10_000;
/** Between two readings of what changes slowly. */
const DETAILS_MS = { watched: 10_000, unwatched: 60_000 };

export interface MetricsTiming {
  readonly pollIntervalMs: number;
  readonly persistIntervalMs: number;
}

export interface MetricsServiceOptions {
  readonly repository: MetricsRepository;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Attached {
  readonly sampler: Sampler;
  latest: Sample | null;
  details: MachineDetails | null;
}

/** Samples every connected machine, keeps the last two minutes in memory and a row now and then in the database. */
export class MetricsService implements Disposable {
  private readonly held = new DisposableStore();
  private readonly sampled = this.held.add(new Emitter<Sample>());
  private readonly detailed = this.held.add(new Emitter<MachineDetails>());
  private readonly attention: Attention;
  private readonly attached = new Map<string, Attached>();
  private readonly recentSamples = new RecentSamples();
  /** When rows of a connection were last written. Outlives a reconnect, so that a shaky link writes no more rows. */
  private readonly savedAt = new Map<string, number>();
  /** What was recorded elsewhere, until a sample says of which GPUs. */
  private readonly recorded = new Map<string, Recorded[]>();
  private timing: MetricsTiming = { pollIntervalMs: 2_000, persistIntervalMs: 20_000 };

  readonly onDidSample: Event<Sample> = this.sampled.event;
  readonly onDidReadDetails: Event<MachineDetails> = this.detailed.event;

  constructor(private readonly options: MetricsServiceOptions) {
    this.attention = this.held.add(
      new Attention(options.clock, () => {
        this.setPace();
      }),
    );
  }

  /** Samples a machine over its new session until disposed; ends what was attached to the connection before. */
  attach(connectionId: string, session: SshSession): Disposable {
    const { clock, log } = this.options;
    this.attached.get(connectionId)?.sampler.dispose();
    const troubles = new TroubleWatch();
    const sampler = new Sampler({
      ...{ connectionId, session, clock, log },
      ...this.pace(),
      onSample: sample => {
        const whole = { ...sample, troubles: troubles.look(sample) };
        entry.latest = whole;
        this.take(whole);
      },
      onDetails: details => {
        entry.details = details;
        this.detailed.fire(details);
      },
    });
    const entry: Attached = { sampler, latest: null, details: null };
    this.attached.set(connectionId, entry);
    return toDisposable(() => {
      sampler.dispose();
      if (this.attached.get(connectionId) === entry) this.attached.delete(connectionId);
    });
  }

  /** The last sample of the present session; null while the connection is not attached. */
  latest(connectionId: string): Sample | null {
    this.attention.touch();
    return this.attached.get(connectionId)?.latest ?? null;
  }

  /** What changes slowly, as it was read last in the present session. */
  details(connectionId: string): MachineDetails | null {
    return this.attached.get(connectionId)?.details ?? null;
  }

  /** The same for somebody who looks at it; `refresh`: also reads it anew. */
  lookAtDetails(connectionId: string, refresh: boolean): MachineDetails | null {
    this.attention.touch();
    if (refresh) this.refreshDetails(connectionId);
    return this.details(connectionId);
  }

  /** Adds to the history what the machine has recorded while nobody was connected, as soon as a sample has told what GPUs it has. */
  addRecorded(connectionId: string, recorded: Recorded): void {
    this.recorded.set(connectionId, [...(this.recorded.get(connectionId) ?? []), recorded]);
    const latest = this.attached.get(connectionId)?.latest;
    if (latest) this.fillGaps(latest);
  }

  /** One GPU over time. */
  series(query: SeriesQuery): Series {
    return this.options.repository.series(query, this.timing.persistIntervalMs);
  }

  /** Writes a CSV file; resolves with its rows. */
  async export(query: ExportQuery, signal: AbortSignal): Promise<number> {
    const { columns = EXPORT_COLUMNS, gpus, resolution, connectionId, from, to } = query;
    const rows = this.options.repository.exportRows({ connectionId, from, to, resolution, gpus, columns });
    return await writeCsv(query.file, rows, signal);
  }

  /** Reads what changes slowly now, instead of when it is due. */
  refreshDetails(connectionId: string): void {
    this.attached.get(connectionId)?.sampler.refreshDetails();
  }

  /** The last samples in memory, oldest first, also of a connection that is not attached now. */
  recent(connectionId: string): Sample[] {
    this.attention.touch();
    return this.recentSamples.of(connectionId);
  }

  /** Whether a window shows metrics: else machines are read less often. */
  setWatched(watched: boolean): void {
    this.attention.set(watched);
  }

  configure(timing: MetricsTiming): void {
    this.timing = timing;
    this.setPace();
  }

  /** Drops what is in memory of a connection that was deleted. */
  forget(connectionId: string): void {
    this.attached.get(connectionId)?.sampler.dispose();
    this.attached.delete(connectionId);
    this.recentSamples.forget(connectionId);
    this.savedAt.delete(connectionId);
    this.recorded.delete(connectionId);
  }

  dispose(): void {
    for (const { sampler } of this.attached.values()) sampler.dispose();
    this.attached.clear();
    this.held.dispose();
  }

  private pace(): { intervalMs: number; detailsMs: number } {
    const { pollIntervalMs } = this.timing;
    const watched = this.attention.isPaid;
    return {
      intervalMs: watched ? pollIntervalMs : Math.max(pollIntervalMs, UNWATCHED_MS),
      detailsMs: watched ? DETAILS_MS.watched : DETAILS_MS.unwatched,
    };
  }

  private setPace(): void {
    const { intervalMs, detailsMs } = this.pace();
    for (const { sampler } of this.attached.values()) sampler.setPace(intervalMs, detailsMs);
  }

  private take(sample: Sample): void {
    this.recentSamples.add(sample);
    this.fillGaps(sample);
    this.saveWhenDue(sample);
    this.sampled.fire(sample);
  }

  private fillGaps(sample: Sample): void {
    const recorded = this.recorded.get(sample.connectionId);
    if (!recorded || sample.gpus.length === 0) return;
    this.recorded.delete(sample.connectionId);
    const { repository, log } = this.options;
    try {
      const added = recorded.reduce((sum, one) => sum + repository.fill(pastSamples(one, sample)), 0);
      if (added > 0) log.info(`${added} samples that jobs have recorded were added to the history.`);
    } catch (error) {
      log.error(`Recorded metrics could not be saved: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private saveWhenDue(sample: Sample): void {
    const gpus = sample.gpus.filter(hasReading);
    if (gpus.length === 0 && sample.system === null) return;
    const { persistIntervalMs } = this.timing;
    const { intervalMs } = this.pace();
    const savedAt = this.savedAt.get(sample.connectionId);
    // samples arrive a little late or early: the one nearest to the due time counts
    const due = persistIntervalMs - Math.min(intervalMs, persistIntervalMs) / 2;
    // a clock that was set back must not stop the rows
    if (savedAt !== undefined && sample.at >= savedAt && sample.at - savedAt < due) return;
    this.savedAt.set(sample.connectionId, sample.at);
    try {
      this.options.repository.save({ ...sample, gpus });
    } catch (error) {
      this.options.log.error(`Metrics could not be saved: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
