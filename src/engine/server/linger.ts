import type { Clock } from '../base/clock.js';
import type { Disposable } from '../base/disposable.js';

/** How long an engine that has just been started waits for its first window, whatever the setting. */
const FIRST_WINDOW_SECONDS = 15;

/** Ends an engine some time after its last window has gone. */
export class Linger implements Disposable {
  private timer: Disposable | undefined;
  private everAttached = false;

  constructor(
    private readonly clock: Clock,
    private readonly seconds: () => number,
    private readonly end: () => void,
  ) {}

  windowsAre(count: number): void {
    this.timer?.dispose();
    this.timer = undefined;
    if (count > 0) {
      this.everAttached = true;
      return;
    }
    // the window that started us is still on its way
    const seconds = this.everAttached ? this.seconds() : Math.max(this.seconds(), FIRST_WINDOW_SECONDS);
    this.timer = this.clock.after(seconds * 1000, this.end);
  }

  dispose(): void {
    this.timer?.dispose();
  }
}
