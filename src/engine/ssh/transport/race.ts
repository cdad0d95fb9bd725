import type { Disposable } from '../../base/disposable.js';

/** One that takes part: begins to connect, and stops when `signal` fires. */
export type Contestant<T> = (signal: AbortSignal) => Promise<T>;

export interface RaceOptions<T> {
  /** Milliseconds after which the next one starts as well; it starts at once when one before it fails. */
  readonly staggerMs: number;
  /** Ends the whole race. */
  readonly signal: AbortSignal;
  /** Lets go of what came too late to be of use. */
  readonly discard: (value: T) => void;
}

/** Starts several ways to the same end, one after the other, and gives out what they bring in the order of its coming. */
export class Race<T> implements Disposable {
  /** Why contestants failed, by their index. */
  readonly failures = new Map<number, unknown>();
  private readonly ended = new AbortController();
  private readonly signal: AbortSignal;
  private readonly ready: { index: number; value: T }[] = [];
  private started = 0;
  private running = 0;
  private timer: NodeJS.Timeout | undefined;
  private wake: () => void = () => undefined;

  constructor(
    private readonly contestants: readonly Contestant<T>[],
    private readonly options: RaceOptions<T>,
  ) {
    this.signal = AbortSignal.any([options.signal, this.ended.signal]);
    this.startNext();
  }

  /** The next that has come; undefined when all have come or failed. */
  async next(): Promise<{ index: number; value: T } | undefined> {
    for (;;) {
      const first = this.ready.shift();
      if (first) return first;
      if (this.running === 0 && (this.started === this.contestants.length || this.signal.aborted)) return undefined;
      await new Promise<void>(resolve => (this.wake = resolve));
    }
  }

  dispose(): void {
    this.ended.abort();
    clearTimeout(this.timer);
    for (const { value } of this.ready.splice(0)) this.options.discard(value);
  }

  private startNext(): void {
    clearTimeout(this.timer);
    const index = this.started;
    const contestant = this.contestants[index];
    if (!contestant || this.signal.aborted) return;
    this.started += 1;
    this.running += 1;
    if (this.started < this.contestants.length) this.timer = setTimeout(() => this.startNext(), this.options.staggerMs);
    contestant(this.signal).then(
      value => {
        this.running -= 1;
        if (this.ended.signal.aborted) this.options.discard(value);
        else this.ready.push({ index, value });
        this.wake();
      },
      (error: unknown) => {
        this.running -= 1;
        this.failures.set(index, error);
        this.startNext();
        this.wake();
      },
    );
  }
}
