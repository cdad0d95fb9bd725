/**
 * Waits until `read` gives something other than undefined or false, looking again whenever `subscribe` says that
 * something happened. Fails with `what` after a generous time, so that a test that waits in vain says for what.
 */
export async function untilEvent<T>(
  what: string,
  subscribe: (onEvent: () => void) => () => void,
  read: () => T | undefined | false,
  timeoutMs = 30_000,
): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      end();
      settle();
    };
    const look = () => {
      const value = read();
      if (value !== undefined && value !== false) finish(() => resolve(value));
    };
    const timer = setTimeout(() => finish(() => reject(new Error(`Waited in vain for: ${what}`))), timeoutMs);
    const end = subscribe(look);
    queueMicrotask(look);
  });
}

/** Lets everything that is ready go on until `check` holds; for what is done in a few turns, without a clock. */
export async function untilTrue(check: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000; turn++) {
    if (check()) return;
    await new Promise(setImmediate);
  }
  throw new Error(`Waited in vain for: ${String(check)}`);
}
