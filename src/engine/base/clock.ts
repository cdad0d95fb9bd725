import { type Disposable, toDisposable } from './disposable.js';

/** Time, so that tests can bring their own. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. */
  now(): number;
  /** Runs `action` once after `ms` milliseconds unless disposed first. Keeps no process alive. */
  after(ms: number, action: () => void): Disposable;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, action) {
    const timer = setTimeout(action, ms);
    timer.unref();
    return toDisposable(() => {
      clearTimeout(timer);
    });
  },
};
