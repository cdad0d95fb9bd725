/** Lets so many do something at the same time; the others wait in order. */
export class Slots {
  /** Below zero while more are busy than there may be from now on. */
  private free: number;
  private count: number;
  private readonly waiting: (() => void)[] = [];

  constructor(count: number) {
    this.free = this.count = count;
  }

  get size(): number {
    return this.count;
  }

  /** Lets more or fewer at it from now on; who is at it already finishes. */
  resize(count: number): void {
    this.free += count - this.count;
    this.count = count;
    while (this.free > 0) {
      const next = this.waiting.shift();
      if (!next) break;
      this.free -= 1;
      next();
    }
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else
      await new Promise<void>(resolve => {
        this.waiting.push(resolve);
      });
    try {
      return await work();
    } finally {
      // handed over, so that nobody comes in between; unless there are fewer places by now
      const next = this.free < 0 ? undefined : this.waiting.shift();
      if (next) next();
      else this.free += 1;
    }
  }
}
