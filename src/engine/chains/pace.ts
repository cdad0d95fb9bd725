import type { Slots } from './slots.js';

/** One is answered while the next waits. */
export const FEWEST_AT_ONCE = 2;
/** With one waiting behind each of so many, more tell nothing any more. */
export const MOST_AT_ONCE = 9;
/** Nothing waited: there is room for one more. With one too many behind N places, 1 / (N + 1) of the time is waiting. */
const ROOM = 0.1;
/** More than one behind a single place, or somebody else is there. */
const CROWDED = 0.6;

/**
 * Finds out how many requests Ollama answers at the same time, which its API does not tell (OLLAMA_NUM_PARALLEL, or what Ollama chose itself),
 * by how long the answers say that they waited. Keeps one waiting, so that the GPU never idles between two; where others use the same Ollama,
 * everybody waits longer and fewer are sent.
 */
export class Pace {
  private shares: number[] = [];

  constructor(private readonly slots: Slots) {}

  /** @param queued share of its time that an answer waited, 0 to 1; null where Ollama did not say */
  heard(queued: number | null): void {
    if (queued === null) return;
    this.shares.push(queued);
    const { size } = this.slots;
    // those that were sent before the last change tell of the time before it
    if (this.shares.length < size * 2) return;
    const latest = this.shares.slice(-size);
    const mean = latest.reduce((sum, share) => sum + share, 0) / latest.length;
    if (mean < ROOM && size < MOST_AT_ONCE) this.change(size + 1);
    else if (mean > CROWDED && size > FEWEST_AT_ONCE) this.change(size - 1);
    else this.shares = latest;
  }

  private change(size: number): void {
    this.shares = [];
    this.slots.resize(size);
  }
}
