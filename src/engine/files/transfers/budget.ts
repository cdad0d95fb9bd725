/** Bytes that may be on their way at a time. Who wants more waits, in turn. */
export class Budget {
  private taken = 0;
  private readonly waiting: { bytes: number; go: () => void }[] = [];

  /** @param limit asked each time: it may change */
  constructor(private readonly limit: () => number) {}

  async take(bytes: number): Promise<void> {
    // one piece may always go, however large
    if (this.waiting.length === 0 && (this.taken === 0 || this.taken + bytes <= this.limit())) {
      this.taken += bytes;
      return;
    }
    await new Promise<void>(go => this.waiting.push({ bytes, go }));
  }

  give(bytes: number): void {
    this.taken -= bytes;
    for (let next = this.waiting[0]; next && (this.taken === 0 || this.taken + next.bytes <= this.limit());) {
      this.waiting.shift();
      this.taken += next.bytes;
      next.go();
      next = this.waiting[0];
    }
  }
}
