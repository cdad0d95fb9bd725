/** Bytes of images and backups an hour that may be written without a user's action: less than half a gigabyte a day, with the journal. */
const BYTES_AN_HOUR = 20_000_000;
const HOUR_MS = 60 * 60 * 1000;

/**
 * Spaces whole-image writes out so that they stay within the budget: after an image of n bytes the next one waits until
 * n bytes have been earned again. Small databases are thus written often, large ones rarely.
 */
export class WriteBudget {
  private nextAt = -Infinity;
  /** The longest that may be waited: what the largest image costs, and at least an hour. */
  private longestMs = HOUR_MS;

  constructor(private readonly bytesAnHour: number = BYTES_AN_HOUR) {}

  /** Whether an image may be written at `now` (epoch milliseconds). */
  allows(now: number): boolean {
    // a clock that was set back must not stop the writing for long
    if (this.nextAt - now > this.longestMs) this.nextAt = now + this.longestMs;
    return now >= this.nextAt;
  }

  /** Notes that an image was written, also one that did not have to ask. */
  spend(bytes: number, now: number): void {
    const cost = (bytes / this.bytesAnHour) * HOUR_MS;
    this.longestMs = Math.max(HOUR_MS, cost);
    this.nextAt = Math.min(Math.max(now, this.nextAt) + cost, now + this.longestMs);
  }
}
