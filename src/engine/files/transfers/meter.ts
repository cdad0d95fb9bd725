/** A rate is that of the last seconds: a network is not what it was a minute ago. */
const SPAN_MS = 5_000;

/** Measures how fast something goes. */
export class Meter {
  private readonly marks: { at: number; done: number }[] = [];

  /** Notes how much is done now. */
  mark(now: number, done: number): void {
    this.marks.push({ at: now, done });
    while (this.marks.length > 2 && now - (this.marks[1]?.at ?? now) >= SPAN_MS) this.marks.shift();
  }

  /** To be called when nothing goes any more. */
  reset(): void {
    this.marks.length = 0;
  }

  /** A second, lately; 0 where it is not known. */
  get rate(): number {
    const [first, last] = [this.marks[0], this.marks.at(-1)];
    if (!first || !last || last.at <= first.at) return 0;
    return Math.max(0, ((last.done - first.done) * 1000) / (last.at - first.at));
  }
}
