import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { type Alert, alertSchema, type KeptAlert, MOST_ALERTS } from '../../shared/alerts.js';
import type { ConnectionView } from '../../shared/connection.js';
import type { MachineDetails } from '../../shared/details.js';
import { SparkError } from '../../shared/errors.js';
import type { Sample, Trouble } from '../../shared/metrics.js';
import type { EngineSettings } from '../../shared/settings.js';
import type { Clock } from '../base/clock.js';
import type { AlertRepository } from '../store/types.js';
import type { Logger } from '../base/logger.js';
import { type Disposable, DisposableStore } from '../base/disposable.js';
import { Emitter, type Event } from '../base/emitter.js';
import { watchedIn, watchedInDetails, type Watched } from './alertRules.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** Readings further apart than this say nothing about the time between them. */
const LONGEST_GAP_MS = 90 * SECOND;

/** One thing that is watched on one machine. */
interface Track {
  readonly watched: string;
  /** When the value reached its threshold; undefined while it is below. */
  since: number | undefined;
  lastAt: number;
  open: Alert | undefined;
  notifiedAt: number | undefined;
  snoozedUntil: number | undefined;
}

export interface AlertServiceOptions {
  readonly clock: Clock;
  readonly settings: () => EngineSettings;
  /** Where alerts outlive the engine. */
  readonly repository: AlertRepository;
  readonly log: Pick<Logger, 'warn'>;
}

/**
 * Raises an alert when something stays wrong for as long as the user has set, and ends it when it is clearly right again. Tells of
 * each once; of the same thing again only after the cool-down, and not while it is snoozed.
 */
export class AlertService implements Disposable {
  private readonly held = new DisposableStore();
  private readonly raised = this.held.add(new Emitter<Alert>());
  private readonly tracks = new Map<string, Track>();
  private alerts: KeptAlert[];
  /** Machines that were connected once and are not now. */
  private readonly lost = new Map<string, Disposable>();
  private readonly reached = new Set<string>();

  /** Fires with an alert that the user is to be told of. */
  readonly onDidRaise: Event<Alert> = this.raised.event;

  constructor(private readonly options: AlertServiceOptions) {
    this.alerts = options.repository.list();
    // what went on when the last engine ended is not news
    for (const alert of this.alerts)
      if (alert.endedAt === null) {
        const { connectionId, watched, raisedAt, snoozedUntil } = alert;
        const track = this.track(connectionId, watched, raisedAt);
        if (!track.open)
          Object.assign(track, { open: alert, notifiedAt: raisedAt, snoozedUntil: snoozedUntil ?? undefined });
      }
  }

  /** The last alerts, the newest first. */
  list(): Alert[] {
    return this.alerts.map(shown);
  }

  take(sample: Sample): void {
    const settings = this.options.settings();
    for (const watched of settings.alertsEnabled ? watchedIn(sample, settings) : [])
      this.judge(sample.connectionId, sample.at, watched);
    this.followTroubles(sample, settings.alertsEnabled && settings.alertTroubles ? sample.troubles : []);
  }

  takeDetails(details: MachineDetails): void {
    const settings = this.options.settings();
    if (!settings.alertsEnabled) return;
    for (const watched of watchedInDetails(details, settings)) this.judge(details.connectionId, details.at, watched, 0);
  }

  /** Notices machines that are lost and stay so, and forgets those that were deleted. */
  follow(connections: readonly ConnectionView[]): void {
    for (const { id, name, wanted, status } of connections) {
      if (status.state === 'connected') {
        this.reached.add(id);
        this.found(id);
      } else if (!wanted || status.state === 'disconnected') {
        this.reached.delete(id);
        this.found(id);
      } else if (this.reached.has(id) && !this.lost.has(id)) this.watchLost(id, name);
    }
    const known = new Set(connections.map(({ id }) => id));
    for (const id of this.reached) if (!known.has(id)) this.forget(id);
  }

  /** Tells nothing more of the same thing for a while. Throws `notFound`. */
  snooze(alertId: string, minutes: number): void {
    const until = this.options.clock.now() + minutes * MINUTE;
    const alert = this.alerts.find(({ id }) => id === alertId);
    const track = [...this.tracks.values()].find(({ open }) => open?.id === alertId);
    if (!alert) throw new SparkError({ code: 'notFound', message: 'There is no such alert any more.' });
    if (track) track.snoozedUntil = until;
    this.change({ ...alert, snoozedUntil: until });
  }

  dispose(): void {
    for (const timer of this.lost.values()) timer.dispose();
    this.lost.clear();
    this.held.dispose();
  }

  private judge(connectionId: string, at: number, watched: Watched, durationMs = this.durationMs): void {
    const track = this.track(connectionId, watched.key, at);
    // nobody has read anything for a while, or the clock was set: what was before does not count
    if (at < track.lastAt || (durationMs > 0 && at - track.lastAt > LONGEST_GAP_MS)) track.since = undefined;
    track.lastAt = at;
    if (watched.value >= watched.limit) {
      track.since ??= at;
      if (!track.open && at - track.since >= durationMs)
        this.open(track, { connectionId, kind: watched.kind, severity: 'warning', message: watched.message });
      return;
    }
    track.since = undefined;
    if (watched.value < watched.clear) this.end(track);
  }

  private followTroubles({ connectionId, at, gpus, error }: Sample, troubles: readonly Trouble[]): void {
    const shown = new Set<string>();
    for (const { id, gpuIndex, severity, message, hint } of troubles) {
      // what is only good to know is shown in the panel
      if (severity === 'info') continue;
      const key = `trouble ${id} ${gpuIndex ?? 'machine'}`;
      shown.add(`${connectionId} ${key}`);
      const track = this.track(connectionId, key, at);
      track.lastAt = at;
      if (!track.open) this.open(track, { connectionId, kind: 'trouble', severity, message, hint });
    }
    if (gpus.length === 0 && error) return;
    for (const [key, track] of this.tracks)
      if (key.startsWith(`${connectionId} trouble `) && !shown.has(key)) this.end(track);
  }

  private watchLost(id: string, name: string): void {
    const { clock, settings } = this.options;
    const { alertUnreachableMinutes: minutes, alertsEnabled } = settings();
    if (!alertsEnabled || minutes <= 0) return;
    const timer = clock.after(minutes * MINUTE, () => {
      const track = this.track(id, 'unreachable', clock.now());
      if (track.open) return;
      const message = `${name} has not been reachable for ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`;
      this.open(track, {
        ...{ connectionId: id, kind: 'unreachable', severity: 'warning', message },
        hint: 'It may be off, asleep, on another network, or frozen by a lack of memory.',
      });
    });
    this.lost.set(id, timer);
  }

  private found(id: string): void {
    this.lost.get(id)?.dispose();
    this.lost.delete(id);
    const track = this.tracks.get(`${id} unreachable`);
    if (track) this.end(track);
  }

  private forget(id: string): void {
    this.found(id);
    this.reached.delete(id);
    for (const key of this.tracks.keys()) if (key.startsWith(`${id} `)) this.tracks.delete(key);
    this.alerts = this.alerts.filter(({ connectionId }) => connectionId !== id);
  }

  private track(connectionId: string, key: string, at: number): Track {
    const whole = `${connectionId} ${key}`;
    const known = this.tracks.get(whole);
    if (known) return known;
    const track: Track = {
      watched: key,
      since: undefined,
      lastAt: at,
      open: undefined,
      notifiedAt: undefined,
      snoozedUntil: undefined,
    };
    this.tracks.set(whole, track);
    return track;
  }

  private open(track: Track, what: Pick<Alert, 'connectionId' | 'kind' | 'severity' | 'message' | 'hint'>): void {
    const now = this.options.clock.now();
    const cooldownMs = this.options.settings().alertCooldownMinutes * MINUTE;
    const snoozed = track.snoozedUntil !== undefined && now < track.snoozedUntil;
    const alert: KeptAlert = {
      ...what,
      watched: track.watched,
      ...{
        id: randomUUID(),
        raisedAt: now,
        endedAt: null,
        snoozedUntil: snoozed ? (track.snoozedUntil ?? null) : null,
      },
    };
    track.open = alert;
    this.alerts = [alert, ...this.alerts].slice(0, MOST_ALERTS);
    this.keep(alert);
    const since = track.notifiedAt === undefined ? Infinity : now - track.notifiedAt;
    if (snoozed || (since >= 0 && since < cooldownMs)) return;
    track.notifiedAt = now;
    this.raised.fire(shown(alert));
  }

  private end(track: Track): void {
    if (!track.open) return;
    const known = this.alerts.find(({ id }) => id === track.open?.id);
    track.open = undefined;
    if (known) this.change({ ...known, endedAt: this.options.clock.now() });
  }

  private change(alert: KeptAlert): void {
    this.keep(alert);
    this.alerts = this.alerts.map(known => (known.id === alert.id ? alert : known));
  }

  private keep(alert: KeptAlert): void {
    this.options.repository.note(alert).catch((error: unknown) => {
      this.options.log.warn(`An alert could not be saved: ${SparkError.toInfo(error).message}`);
    });
  }

  private get durationMs(): number {
    return this.options.settings().alertDurationSeconds * SECOND;
  }
}

/** Without what only this service knows. */
function shown(alert: KeptAlert): Alert {
  return v.parse(alertSchema, alert);
}
