import type { Clock } from '../../../src/engine/base/clock.js';
import { type Disposable, toDisposable } from '../../../src/engine/base/disposable.js';

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  private time = Date.UTC(2026, 0, 5, 10);
  private timers: { at: number; action: () => void }[] = [];

  now(): number {
    return this.time;
  }

  after(ms: number, action: () => void): Disposable {
    const timer = { at: this.time + ms, action };
    this.timers.push(timer);
    return toDisposable(() => {
      this.timers = this.timers.filter(other => other !== timer);
    });
  }

  /** Runs everything that is due on the way, in its order. */
  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const next = this.timers.filter(timer => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.timers = this.timers.filter(timer => timer !== next);
      this.time = Math.max(this.time, next.at);
      next.action();
    }
    this.time = end;
  }

  /** The clock is set to another time; timers go on as they were. */
  setBack(ms: number): void {
    this.time -= ms;
    for (const timer of this.timers) timer.at -= ms;
  }

  get pending(): number {
    return this.timers.length;
  }
}
