import type { Disposable } from '../base/disposable.js';

/** The time that a login may take, which stands still while the user is asked something. */
export class LoginTimer implements Disposable {
  private readonly controller = new AbortController();
  private remainingMs: number;
  private startedAt = 0;
  private handle: NodeJS.Timeout | undefined;
  private pauses = 0;

  /** @param limitMs milliseconds without the pauses */
  constructor(limitMs: number) {
    this.remainingMs = limitMs;
    this.run();
  }

  /** Fires once, when the time is over. */
  get expired(): AbortSignal {
    return this.controller.signal;
  }

  /** Stops the time until {@link resume} was called as often. */
  pause(): void {
    this.pauses += 1;
    if (this.pauses > 1) return;
    clearTimeout(this.handle);
    this.remainingMs -= performance.now() - this.startedAt;
  }

  resume(): void {
    this.pauses -= 1;
    if (this.pauses === 0) this.run();
  }

  dispose(): void {
    // never runs again: there is one pause more than there are ends of pauses
    this.pause();
  }

  private run(): void {
    this.startedAt = performance.now();
    this.handle = setTimeout(() => this.controller.abort(), Math.max(0, this.remainingMs));
  }
}
