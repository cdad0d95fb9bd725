import type { TestWindow } from '../support/window.js';

/** A request that failed before its channel was open. */
const NOT_FORWARDED = /A connection to port \d+ failed: (.*)/;
/** After 20 s without a link, which is counted where the requests are. */
const GAVE_UP = 'did not come back in time';

/** What the engine says about the link, with the time at which it was heard. */
export class LinkWatch {
  losses = 0;
  /** Requests that were dropped before their channel was open, though they need not have been. */
  readonly dropped: string[] = [];
  /** Errors that nobody caught. */
  readonly unexpected: string[] = [];
  /** Whether the engine has stopped trying. */
  readonly standstills: string[] = [];
  /** When the state of the link changed last between connected and not. */
  lastChangeAt = 0;
  readonly #lostAt: number[] = [];
  readonly #waiting = new Set<() => void>();
  #connected = false;
  #linesRead = 0;
  readonly #stop: () => void;

  constructor(
    private readonly window: TestWindow,
    private readonly connectionId: string,
  ) {
    this.#look();
    this.#stop = window.onEvent(() => this.#look());
  }

  get connected(): boolean {
    return this.#connected;
  }

  wasLostSince(time: number): boolean {
    const last = this.#lostAt.at(-1);
    return last !== undefined && last >= time;
  }

  /** Whether the link is lost within so many milliseconds from now. */
  losesWithin(ms: number): Promise<boolean> {
    return new Promise(resolve => {
      const finish = (isLost: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(onLoss);
        resolve(isLost);
      };
      const onLoss = () => finish(true);
      const timer = setTimeout(() => finish(false), ms);
      this.#waiting.add(onLoss);
    });
  }

  stop(): void {
    this.#stop();
  }

  #look(): void {
    const status = this.window.connection(this.connectionId)?.status;
    const connected = status?.state === 'connected';
    if (connected !== this.#connected) {
      this.#connected = connected;
      this.lastChangeAt = performance.now();
      if (!connected) {
        this.losses += 1;
        this.#lostAt.push(this.lastChangeAt);
        for (const onLoss of [...this.#waiting]) onLoss();
      }
    }
    if (status?.state === 'error' || status?.state === 'disconnected')
      this.standstills.push(`${status.state}: ${status.error?.message ?? 'no reason'}`);
    for (const line of this.window.logLines.slice(this.#linesRead)) this.#read(line);
    this.#linesRead = this.window.logLines.length;
  }

  #read(line: string): void {
    const reason = NOT_FORWARDED.exec(line)?.[1];
    if (reason !== undefined && !reason.includes(GAVE_UP)) this.dropped.push(reason);
    if (line.includes('Unexpected')) this.unexpected.push(line);
  }
}
