import type { Clock } from '../base/clock.js';

interface Entry<T> {
  readonly value: Promise<T>;
  /** When it was answered; undefined while it is being asked. */
  at: number | undefined;
}

/** Answers that stay good for a moment, by key. Who asks while one is being asked gets that one. Failures are not kept. */
export class Brief<T> {
  private readonly entries = new Map<string, Entry<T>>();

  constructor(
    private readonly clock: Clock,
    private readonly freshForMs: number,
  ) {}

  async get(key: string, ask: () => Promise<T>): Promise<T> {
    const now = this.clock.now();
    const known = this.entries.get(key);
    if (known && (known.at === undefined || (now >= known.at && now - known.at < this.freshForMs)))
      return await known.value;
    for (const [old, { at }] of this.entries)
      if (at !== undefined && now - at >= this.freshForMs) this.entries.delete(old);
    const entry: Entry<T> = { value: ask(), at: undefined };
    this.entries.set(key, entry);
    try {
      const value = await entry.value;
      entry.at = this.clock.now();
      return value;
    } catch (error) {
      if (this.entries.get(key) === entry) this.entries.delete(key);
      throw error;
    }
  }

  /** Asks anew the next time; also what is being asked now is not good any more. */
  forget(key: string): void {
    this.entries.delete(key);
  }
}
