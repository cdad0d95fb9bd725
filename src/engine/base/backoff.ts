/** How long to wait before attempts at something that fails. */
export interface Backoff {
  /** Milliseconds before the next attempt. */
  next(): number;
  /** Forgets the failures so far. */
  reset(): void;
}

/**
 * Doubles from `firstMs` to `capMs`, each time less up to a quarter at random ("equal jitter", so that many clients of
 * a machine that comes back do not arrive together).
 * @param random returns a number in [0, 1)
 */
export function exponentialBackoff(firstMs: number, capMs: number, random: () => number = Math.random): Backoff {
  let failures = 0;
  return {
    next() {
      const full = Math.min(capMs, firstMs * 2 ** failures);
      failures += 1;
      return Math.round(full * (1 - random() / 4));
    },
    reset() {
      failures = 0;
    },
  };
}
