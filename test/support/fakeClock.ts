import type { Clock } from '../../src/engine/base/clock.js';
import { toDisposable } from '../../src/engine/base/disposable.js';

/** A clock that stands still until it is told to go on. */
export class FakeClock implements Clock {
  private time = 1_700_000_000_000;
  private timers: { at: number; action: () => void }[] = [];

  now(): number {
    return this.time;
  }

  after(ms: number, action: () => void) {
    const timer = { at: this.time + ms, action };
    this.timers.push(timer);
    return toDisposable(() => {
      this.timers = this.timers.filter(other => other !== timer);
    });
  }

  /** Timers that are running. */
  get pending(): number {
    return this.timers.length;
  }

  /** Moves on, and runs what falls due on the way, in order. */
  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const due = this.timers.filter(timer => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.timers = this.timers.filter(timer => timer !== due);
      this.time = due.at;
      due.action();
    }
    this.time = end;
  }

  /** As when the computer sleeps: time passes, and what fell due meanwhile runs at the end. */
  sleep(ms: number): void {
    this.time += ms;
    const due = this.timers.filter(timer => timer.at <= this.time).sort((a, b) => a.at - b.at);
    this.timers = this.timers.filter(timer => !due.includes(timer));
    for (const { action } of due) action();
  }
}
