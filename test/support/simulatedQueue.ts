import type { FakeClock } from './fakeClock.js';

/** Answers so many requests at once, on a clock that stands still; the others wait in order, as they do at Ollama. */
export class SimulatedQueue {
  private free: number;
  private busySince = 0;
  private busyMs = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly clock: FakeClock,
    private readonly places: number,
  ) {
    this.free = places;
  }

  /** Share of the time since `from` in which its places were used. */
  used(from: number): number {
    this.count();
    return this.busyMs / ((this.clock.now() - from) * this.places);
  }

  /** Starts counting anew. */
  reset(): void {
    this.count();
    this.busyMs = 0;
  }

  /** Resolves with the share of its time that a request waited, when it is answered. */
  async ask(ms: number): Promise<number> {
    const came = this.clock.now();
    if (this.free === 0)
      await new Promise<void>(resolve => {
        this.waiting.push(resolve);
      });
    else this.take();
    await new Promise<void>(resolve => this.clock.after(ms, resolve));
    const next = this.waiting.shift();
    // handed over, so that a place is not free for a moment
    if (next) next();
    else this.give();
    const total = this.clock.now() - came;
    return (total - ms) / total;
  }

  private take(): void {
    this.count();
    this.free -= 1;
  }

  private give(): void {
    this.count();
    this.free += 1;
  }

  private count(): void {
    const now = this.clock.now();
    this.busyMs += (this.places - this.free) * (now - this.busySince);
    this.busySince = now;
  }
}
