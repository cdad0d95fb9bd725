/** How far a file is complete, where its pieces may be done in any order. */
export class Watermark {
  private readonly done = new Map<number, number>();

  constructor(private at: number) {}

  /** Everything before this is done. */
  get value(): number {
    return this.at;
  }

  add(position: number, bytes: number): void {
    this.done.set(position, bytes);
    for (let next = this.done.get(this.at); next !== undefined; next = this.done.get(this.at)) {
      this.done.delete(this.at);
      if (next === 0) return;
      this.at += next;
    }
  }
}
