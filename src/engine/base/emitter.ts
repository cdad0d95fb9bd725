import { type Disposable, toDisposable } from './disposable.js';

/** Subscribes to something that happens; the result ends the subscription. */
export type Event<T> = (listener: (value: T) => void) => Disposable;

/** The sending end of an {@link Event}. A listener that throws does not keep the others from hearing. */
export class Emitter<T> implements Disposable {
  private readonly listeners = new Set<(value: T) => void>();

  readonly event: Event<T> = listener => {
    // wrapped, so that one function that subscribes twice is called twice and ends twice
    const entry = (value: T) => {
      listener(value);
    };
    this.listeners.add(entry);
    return toDisposable(() => this.listeners.delete(entry));
  };

  fire(value: T): void {
    const errors: unknown[] = [];
    for (const listener of [...this.listeners]) {
      try {
        listener(value);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0)
      queueMicrotask(() => {
        throw new AggregateError(errors, 'A listener failed.');
      });
  }

  dispose(): void {
    this.listeners.clear();
  }
}
