/** Enough for every file that is under way. */
const MOST_KEPT = 40;

/** Buffers of one size that are used again and again: making one for each of many small files is most of what the garbage collector would do. */
export class BufferPool {
  private readonly free: Buffer[] = [];

  constructor(private readonly bytes: number) {}

  take(): Buffer {
    return this.free.pop() ?? Buffer.allocUnsafeSlow(this.bytes);
  }

  give(buffer: Buffer): void {
    if (this.free.length < MOST_KEPT) this.free.push(buffer);
  }
}
