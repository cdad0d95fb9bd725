/** A reading that is later than this by more than the best one was on its way for too long. */
const LATE_MS = 2_000;
/** Two readings in a row with the same delay are no burst: the way has become longer, or a clock was set. */
const STEADY_MS = 250;

/**
 * Tells readings that were held up on their way (this computer slept, the link stalled) from fresh ones, by the machine's
 * own uptime: no clock needs to be right. Those that come in a burst are each closer to their time than the one before.
 */
export class Lateness {
  private best: number | undefined;
  private last: number | undefined;

  /**
   * @param uptimeSeconds of the machine when it read
   * @param arrivedAt by this computer's clock, milliseconds
   */
  isLate(uptimeSeconds: number | null, arrivedAt: number): boolean {
    if (uptimeSeconds === null) return false;
    const offset = arrivedAt - uptimeSeconds * 1000;
    const before = this.last;
    this.last = offset;
    const steady = before !== undefined && Math.abs(offset - before) < STEADY_MS;
    if (this.best === undefined || offset < this.best || (steady && offset > this.best + LATE_MS)) this.best = offset;
    return offset > this.best + LATE_MS;
  }
}
