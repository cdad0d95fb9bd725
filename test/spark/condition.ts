/** Lets a test wait until something has become true, without asking again and again. */
export class Condition {
  readonly #waiting = new Set<() => void>();

  /** Resolves as soon as `holds()` is true; it is asked at once and after each {@link changed}. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>(resolve => this.#waiting.add(resolve));
  }

  changed(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}
