/** Unexpected errors within {@link WINDOW_MS} that an engine lives through. */
const MOST = 10;
const WINDOW_MS = 60_000;

/**
 * What an engine does about an error that nobody caught: a listener that failed, or a library that threw on what a
 * machine sent. One such error must not take the tunnels and streams of all windows along, so it is reported and the
 * engine goes on. Many in a short time mean that it is beyond help: it ends, and the windows start a fresh one.
 */
export class CrashGuard {
  private readonly times: number[] = [];

  /**
   * @param report writes the error down
   * @param giveUp called once
   * @param now milliseconds
   */
  constructor(
    private readonly report: (error: unknown) => void,
    private readonly giveUp: () => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** To be called with each error that nobody caught. */
  caught(error: unknown): void {
    if (this.times.length > MOST) return;
    this.report(error);
    const now = this.now();
    while (this.times.length > 0 && now - (this.times[0] ?? now) > WINDOW_MS) this.times.shift();
    this.times.push(now);
    if (this.times.length > MOST) this.giveUp();
  }
}
