import type { MetricRow, Sample } from '../../shared/metrics.js';
import type { Clock } from '../base/clock.js';
import { type Disposable, DisposableStore, toDisposable } from '../base/disposable.js';
import { Emitter, type Event } from '../base/emitter.js';
import type { Logger } from '../base/logger.js';
import type { SshSession } from '../ssh/types.js';
import type { MetricsRepository } from '../store/types.js';
import { hasReading } from './buildSample.js';
import { RecentSamples } from './recentSamples.js';
import { Sampler } from './sampler.js';

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
}

/** Samples every connected machine, keeps the last two minutes in memory and a row now and then in the database. */
export class MetricsService implements Disposable {
  private readonly held = new DisposableStore();
  private readonly sampled = this.held.add(new Emitter<Sample>());
  private readonly attached = new Map<string, Attached>();
  private readonly recentSamples = new RecentSamples();
  /** When rows of a connection were last written. Outlives a reconnect, so that a shaky link writes no more rows. */
  private readonly savedAt = new Map<string, number>();
  private timing: MetricsTiming = { pollIntervalMs: 2_000, persistIntervalMs: 20_000 };

  readonly onDidSample: Event<Sample> = this.sampled.event;

  constructor(private readonly options: MetricsServiceOptions) {}

  /** Samples a machine over its new session until disposed; ends what was attached to the connection before. */
  attach(connectionId: string, session: SshSession): Disposable {
    const { clock, log } = this.options;
    this.attached.get(connectionId)?.sampler.dispose();
    const sampler = new Sampler({
      connectionId,
      session,
      intervalMs: this.timing.pollIntervalMs,
      clock,
      log,
      onSample: sample => {
        entry.latest = sample;
        this.take(sample);
      },
    });
    const entry: Attached = { sampler, latest: null };
    this.attached.set(connectionId, entry);
    return toDisposable(() => {
      sampler.dispose();
      if (this.attached.get(connectionId) === entry) this.attached.delete(connectionId);
    });
  }

  /** The last sample of the present session; null while the connection is not attached. */
  latest(connectionId: string): Sample | null {
    return this.attached.get(connectionId)?.latest ?? null;
  }

  /** The last samples in memory, oldest first, also of a connection that is not attached now. */
  recent(connectionId: string): Sample[] {
    return this.recentSamples.of(connectionId);
  }

  /** Rows of the last `hours` hours, oldest first. */
  history(connectionId: string, hours: number): MetricRow[] {
    return this.options.repository.history(connectionId, hours);
  }

  /** Deletes rows older than `days` days; returns how many. */
  cleanUp(days: number): number {
    return this.options.repository.cleanUp(days);
  }

  configure(timing: MetricsTiming): void {
    const changed = timing.pollIntervalMs !== this.timing.pollIntervalMs;
    this.timing = timing;
    if (!changed) return;
    for (const { sampler } of this.attached.values()) sampler.setInterval(timing.pollIntervalMs);
  }

  /** Drops what is in memory of a connection that was deleted. */
  forget(connectionId: string): void {
    this.attached.get(connectionId)?.sampler.dispose();
    this.attached.delete(connectionId);
    this.recentSamples.forget(connectionId);
    this.savedAt.delete(connectionId);
  }

  dispose(): void {
    for (const { sampler } of this.attached.values()) sampler.dispose();
    this.attached.clear();
    this.held.dispose();
  }

  private take(sample: Sample): void {
    this.recentSamples.add(sample);
    this.saveWhenDue(sample);
    this.sampled.fire(sample);
  }

  private saveWhenDue(sample: Sample): void {
    const gpus = sample.gpus.filter(hasReading);
    if (gpus.length === 0) return;
    const { pollIntervalMs, persistIntervalMs } = this.timing;
    const savedAt = this.savedAt.get(sample.connectionId);
    // samples arrive a little late or early: the one nearest to the due time counts
    const due = persistIntervalMs - Math.min(pollIntervalMs, persistIntervalMs) / 2;
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
