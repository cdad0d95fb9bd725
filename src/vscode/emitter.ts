/** Something that ends a subscription or holds a resource. */
export interface Disposable {
  dispose(): void;
}

/** Several disposables as one; let go of in reverse order. */
export function together(...items: readonly Disposable[]): Disposable {
  return {
    dispose: () => {
      for (const item of [...items].reverse()) item.dispose();
    },
  };
}

/** Subscribes to something that happens; fits where the editor wants an event of its own. */
export type Event<T> = (listener: (value: T) => void) => Disposable;

/**
 * The sending end of an {@link Event}, for the parts of this layer that know no editor. A listener that throws does not
 * keep the others from hearing.
 */
export class Emitter<T> implements Disposable {
  private readonly listeners = new Set<{ call(value: T): void }>();

  readonly event: Event<T> = listener => {
    const entry = { call: listener };
    this.listeners.add(entry);
    return { dispose: () => void this.listeners.delete(entry) };
  };

  fire(value: T): void {
    for (const listener of [...this.listeners])
      try {
        listener.call(value);
      } catch (error) {
        // thrown again where nobody's work is cut short; the editor logs it with our name
        queueMicrotask(() => {
          throw error;
        });
      }
  }

  dispose(): void {
    this.listeners.clear();
  }
}
