import type { Clock } from '../base/clock.js';
import type { Disposable } from '../base/disposable.js';

export interface KeepAliveOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  /** So many intervals after its last answer the other side counts as dead. */
  readonly count: number;
  /** Asks for an answer; `answered` may be called late or never. */
  readonly ask: (answered: () => void) => void;
  /** Whether what was to be sent has not all been sent yet. */
  readonly isCongested: () => boolean;
  readonly onDead: () => void;
}

/**
 * Finds out that a link is dead: the other side is asked again and again, and at some time must answer. That other data
 * comes does not count for an answer, since it also comes from a machine that cannot hear us; only where the question
 * itself may still stand in a queue behind a large upload does it. Intervals are counted rather than time, since a
 * computer that has slept has missed nothing but its own questions.
 */
export class KeepAlive implements Disposable {
  /** Intervals without an answer after the one at whose end the question was asked. */
  private readonly patience: number;
  private missed = 0;
  private isAsking = false;
  private hasHeard = false;
  private timer: Disposable | undefined;
  private verdict: Disposable | undefined;
  private ended = false;

  constructor(private readonly options: KeepAliveOptions) {
    // with none there would be no time to answer in
    this.patience = Math.max(1, options.count - 1);
    this.wait();
  }

  /** Something has come from the other side. Called often. */
  heard(): void {
    this.hasHeard = true;
    if (this.verdict) this.acquit();
  }

  /** Asks at once; when nothing at all comes within `limitMs` the link is dead. */
  check(limitMs: number): void {
    if (this.ended || this.verdict) return;
    this.verdict = this.options.clock.after(limitMs, () => this.die());
    if (this.isAsking) return;
    this.wait();
    this.ask();
  }

  dispose(): void {
    this.ended = true;
    this.timer?.dispose();
    this.acquit();
  }

  private acquit(): void {
    this.verdict?.dispose();
    this.verdict = undefined;
  }

  private wait(): void {
    this.timer?.dispose();
    this.hasHeard = false;
    this.timer = this.options.clock.after(this.options.intervalMs, () => this.look());
  }

  private look(): void {
    const isOnItsWay = this.hasHeard && this.options.isCongested();
    if (this.isAsking && !isOnItsWay) this.missed += 1;
    if (this.missed >= this.patience) {
      this.die();
      return;
    }
    this.wait();
    if (!this.isAsking) this.ask();
  }

  private ask(): void {
    this.isAsking = true;
    this.options.ask(() => {
      if (this.ended) return;
      this.isAsking = false;
      this.missed = 0;
      this.wait();
    });
  }

  private die(): void {
    this.dispose();
    this.options.onDead();
  }
}
