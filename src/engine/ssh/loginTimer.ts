import type { Disposable } from '../base/disposable.js';

/** A timer for a login that stands still while the user is asked something. */
export class LoginTimer implements Disposable {
  private remainingMs: number;
  private startedAt = 0;
  private handle: NodeJS.Timeout | undefined;
  private pauses = 0;
  private over = false;

  /** @param onTimeout called once, when `limitMs` milliseconds have passed without the pauses */
  constructor(
    limitMs: number,
    private readonly onTimeout: () => void,
  ) {
    this.remainingMs = limitMs;
    this.run();
  }

  /** Stops the time until {@link resume} was called as often. */
  pause(): void {
    this.pauses += 1;
    if (this.pauses > 1 || this.over) return;
    clearTimeout(this.handle);
    this.remainingMs -= performance.now() - this.startedAt;
  }

  resume(): void {
    this.pauses -= 1;
    if (this.pauses === 0 && !this.over) this.run();
  }

  dispose(): void {
    this.over = true;
    clearTimeout(this.handle);
  }

  private run(): void {
    this.startedAt = performance.now();
    this.handle = setTimeout(
      () => {
        this.over = true;
        this.onTimeout();
      },
      Math.max(0, this.remainingMs),
    );
  }
}
