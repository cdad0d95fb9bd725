import type { Clock } from '../base/clock.js';

/** Adds up how long something was at work, pauses aside. */
export class WorkTime {
  private doneMs = 0;
  private since: number | undefined;

  constructor(private readonly clock: Clock) {}

  start(): void {
    this.since ??= this.clock.now();
  }

  stop(): void {
    this.doneMs = this.seconds * 1000;
    this.since = undefined;
  }

  get seconds(): number {
    const current = this.since === undefined ? 0 : this.clock.now() - this.since;
    return (this.doneMs + current) / 1000;
  }
}
