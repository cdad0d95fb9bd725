/** Bytes of images an hour that may be written without a user's action. */
const BYTES_AN_HOUR = 20 * 1024 * 1024;
const HOUR_MS = 60 * 60 * 1000;

/**
 * Spaces whole-image writes out so that they stay within the budget: after an image of n bytes the next one waits until
 * n bytes have been earned again. Small databases are thus written often, large ones rarely.
 */
export class WriteBudget {
  private nextAt = -Infinity;

  constructor(private readonly bytesAnHour: number = BYTES_AN_HOUR) {}

  /** Whether an image may be written at `now` (epoch milliseconds). */
  allows(now: number): boolean {
    // a clock that was set back must not stop the writing for longer than a spell of an hour
    if (this.nextAt - now > HOUR_MS) this.nextAt = now + HOUR_MS;
    return now >= this.nextAt;
  }

  /** Notes that an image was written, also one that did not have to ask. */
  spend(bytes: number, now: number): void {
    this.nextAt = Math.min(Math.max(now, this.nextAt) + (bytes / this.bytesAnHour) * HOUR_MS, now + HOUR_MS);
  }
}
