/** Losses of the link in a row that a file goes through without getting any further. */
const MOST_LOSSES = 20;

/** Gives up on a file that a link never lives long enough for. */
export class Patience {
  private losses = 0;
  private best = -1;

  /** Throws the error when it has happened too often. */
  lost(error: unknown, done: number): void {
    this.losses = done > this.best ? 1 : this.losses + 1;
    this.best = Math.max(this.best, done);
    if (this.losses > MOST_LOSSES) throw error;
  }
}
