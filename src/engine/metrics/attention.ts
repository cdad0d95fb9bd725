import type { Clock } from '../base/clock.js';
import type { Disposable } from '../base/disposable.js';

/** Somebody who has just looked may look again. */
const LINGER_MS = 60_000;

/** Knows whether somebody looks at the metrics, or has a moment ago. */
export class Attention implements Disposable {
  private watched = false;
  private until: number;
  private timer: Disposable | undefined;

  /** @param onChange called when {@link isPaid} has changed */
  constructor(
    private readonly clock: Clock,
    private readonly onChange: () => void,
  ) {
    // who has started us has not said yet what is seen
    this.until = clock.now() + LINGER_MS;
    this.timer = clock.after(LINGER_MS, onChange);
  }

  get isPaid(): boolean {
    // a clock that was set back must not make it last
    const left = this.until - this.clock.now();
    return this.watched || (left > 0 && left <= LINGER_MS);
  }

  /** A window shows metrics now, or none does. */
  set(watched: boolean): void {
    if (watched === this.watched) return;
    this.change(() => {
      this.watched = watched;
      if (!watched) this.until = this.clock.now() + LINGER_MS;
    });
  }

  /** Somebody has looked once. */
  touch(): void {
    this.change(() => {
      this.until = this.clock.now() + LINGER_MS;
    });
  }

  dispose(): void {
    this.timer?.dispose();
  }

  private change(action: () => void): void {
    const before = this.isPaid;
    action();
    this.timer?.dispose();
    this.timer = this.watched ? undefined : this.clock.after(LINGER_MS, this.onChange);
    if (this.isPaid !== before) this.onChange();
  }
}
