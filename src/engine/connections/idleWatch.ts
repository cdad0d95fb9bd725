import type { Clock } from '../base/clock.js';
import type { Disposable } from '../base/disposable.js';

const MINUTE_MS = 60_000;
const LOOK_EVERY_MS = 15_000;
const LOOK_AT_MOST_EVERY_MS = 1_000;

export interface IdleWatchOptions {
  readonly clock: Clock;
  /** Minutes without use after which a connection is closed; 0 for never. Asked at each look. */
  readonly limitMinutes: () => number;
  /** A number that changes when the connection was used in ways that nobody reports: bytes through its tunnel. */
  readonly traffic: () => number;
  readonly onIdle: (minutes: number) => void;
}

/** Notices that a connection is used no more. Sampling, keepalives and following logs are no use. */
export class IdleWatch implements Disposable {
  private timer: Disposable | undefined;
  private lastUse: number;
  private lastTraffic: number;

  constructor(private readonly options: IdleWatchOptions) {
    this.lastUse = options.clock.now();
    this.lastTraffic = options.traffic();
    this.lookLater();
  }

  /** The user has done something with the connection. */
  used(): void {
    this.lastUse = this.options.clock.now();
  }

  dispose(): void {
    this.timer?.dispose();
  }

  private lookLater(): void {
    const limitMs = this.options.limitMinutes() * MINUTE_MS;
    const pause = limitMs > 0 ? Math.min(LOOK_EVERY_MS, Math.max(LOOK_AT_MOST_EVERY_MS, limitMs)) : LOOK_EVERY_MS;
    this.timer = this.options.clock.after(pause, () => this.look());
  }

  private look(): void {
    const { clock, limitMinutes, traffic, onIdle } = this.options;
    const now = clock.now();
    const carried = traffic();
    if (carried !== this.lastTraffic) {
      this.lastTraffic = carried;
      this.lastUse = now;
    }
    this.lookLater();
    const limit = limitMinutes();
    if (limit > 0 && now - this.lastUse >= limit * MINUTE_MS) onIdle(limit);
  }
}
