import type { Clock } from '../base/clock.js';
import type { Disposable } from '../base/disposable.js';

/**
 * Calls `action` at a steady pace: by the times that were planned, so that late calls do not add up. Times that were
 * missed (the computer slept) are left out, not made up for.
 */
export class Ticker implements Disposable {
  private timer: Disposable | undefined;
  private plannedAt = 0;

  constructor(
    private readonly clock: Clock,
    private intervalMs: number,
    private readonly action: () => void,
  ) {}

  /** Calls now, and goes on from here. */
  start(): void {
    this.plannedAt = this.clock.now();
    this.tick();
  }

  /** Takes effect at once: the next call is `ms` from now at the latest. */
  setInterval(ms: number): void {
    this.intervalMs = ms;
    if (!this.timer) return;
    this.plannedAt = this.clock.now();
    this.arm();
  }

  dispose(): void {
    this.timer?.dispose();
    this.timer = undefined;
  }

  private tick(): void {
    this.arm();
    this.action();
  }

  private arm(): void {
    this.timer?.dispose();
    const now = this.clock.now();
    const next = this.plannedAt + this.intervalMs;
    // also when the clock was set back
    this.plannedAt = next > now && next <= now + this.intervalMs ? next : now + this.intervalMs;
    this.timer = this.clock.after(this.plannedAt - now, () => {
      this.tick();
    });
  }
}
