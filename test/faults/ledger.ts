import type { LinkWatch } from './linkWatch.js';

/** No result after so long since the loss was noticed, the link was back or the request began, whichever was last, is hung. */
const HUNG_AFTER_MS = 20_000;
/** A machine with more to do than it can is late; the limit of the engine is the same as ours. */
const TOLERANCE_MS = 1_500;
/** A request that arrives while the link is down is given up after 20 s. */
const PATIENCE_MS = 19_500;
/** The news of a loss and its consequences come by different ways, of which either may be the first. */
const SIMULTANEOUS_MS = 500;
/** So late the news may be on a machine with more to do than it can; nobody waits so long where they come. */
const NEWS_LIMIT_MS = 5_000;

export type RequestKind = 'fresh' | 'kept' | 'stream';

export type Outcome =
  | 'completed'
  /** Reset when the link was lost. */
  | 'failed'
  /** Reset after it had waited for the link for 20 s. */
  | 'gaveUp'
  /** Reset without a loss of the link. */
  | 'failedWithoutLoss'
  /** Cut off in the way in which an answer ends that is whole. */
  | 'cutOff'
  | 'refused'
  | 'wrong'
  | 'hung';

export interface OpenRequest {
  readonly kind: RequestKind;
  readonly begunAt: number;
}

/** What became of each request. */
export class Ledger {
  readonly counts: Record<Outcome, number> = {
    completed: 0,
    failed: 0,
    gaveUp: 0,
    failedWithoutLoss: 0,
    cutOff: 0,
    refused: 0,
    wrong: 0,
    hung: 0,
  };
  readonly begun: Record<RequestKind, number> = { fresh: 0, kept: 0, stream: 0 };
  /** What is to be looked into, in words. */
  readonly oddities: string[] = [];
  /** Milliseconds that completed requests on new connections took. */
  readonly durations: number[] = [];
  readonly #open = new Map<OpenRequest, () => void>();
  readonly #waiting = new Set<{ begunAfter: number; done: (at: number) => void }>();

  constructor(private readonly link: LinkWatch) {}

  get open(): number {
    return this.#open.size;
  }

  get allBegun(): number {
    return this.begun.fresh + this.begun.kept + this.begun.stream;
  }

  /** @param giveUp ends the request when it has hung */
  begin(kind: RequestKind, giveUp: () => void): OpenRequest {
    const request = { kind, begunAt: performance.now() };
    this.begun[kind] += 1;
    this.#open.set(request, giveUp);
    return request;
  }

  completed(request: OpenRequest): void {
    if (!this.#end(request, 'completed')) return;
    const now = performance.now();
    if (request.kind === 'fresh') this.durations.push(now - request.begunAt);
    for (const waiting of [...this.#waiting]) if (request.begunAt >= waiting.begunAfter) waiting.done(now);
  }

  wrong(request: OpenRequest, what: string): void {
    if (this.#end(request, 'wrong')) this.#note(request, `was answered wrongly: ${what}`);
  }

  /** @param orderly whether the connection ended as after a whole answer */
  broke(request: OpenRequest, error: NodeJS.ErrnoException, orderly: boolean): void {
    const { code } = error;
    if (code === 'ECONNREFUSED') {
      if (this.#end(request, 'refused')) this.#note(request, 'was refused');
    } else if (orderly) {
      if (this.#end(request, 'cutOff')) this.#note(request, `was cut off without a reset (${error.message})`);
    } else if (this.link.wasLostSince(request.begunAt - SIMULTANEOUS_MS)) this.#end(request, 'failed');
    else if (performance.now() - request.begunAt > PATIENCE_MS && !this.link.connected) this.#end(request, 'gaveUp');
    else void this.#awaitNews(request, code ?? error.message);
  }

  async #awaitNews(request: OpenRequest, what: string): Promise<void> {
    const hasReason = await this.link.losesWithin(NEWS_LIMIT_MS);
    if (!this.#end(request, hasReason ? 'failed' : 'failedWithoutLoss') || hasReason) return;
    this.#note(request, `was reset without a loss of the link (${what})`);
  }

  /** Resolves with when the first request that began after `begunAfter` was answered; undefined when none is for long. */
  answered(begunAfter: number, limitMs: number): Promise<number | undefined> {
    return new Promise(resolve => {
      const finish = (at: number | undefined) => {
        clearTimeout(timer);
        this.#waiting.delete(waiting);
        resolve(at);
      };
      const timer = setTimeout(() => finish(undefined), limitMs);
      const waiting = { begunAfter, done: finish };
      this.#waiting.add(waiting);
    });
  }

  /** Looks for requests that have hung, and ends them. */
  look(): void {
    const now = performance.now();
    for (const [request, giveUp] of [...this.#open]) {
      const since = Math.max(request.begunAt, this.link.lastChangeAt);
      if (now - since < HUNG_AFTER_MS + TOLERANCE_MS || !this.#end(request, 'hung')) continue;
      this.#note(request, `had no result ${Math.round(now - request.begunAt)} ms after its beginning`);
      giveUp();
    }
  }

  #end(request: OpenRequest, outcome: Outcome): boolean {
    if (!this.#open.delete(request)) return false;
    this.counts[outcome] += 1;
    return true;
  }

  #note({ kind, begunAt }: OpenRequest, what: string): void {
    this.oddities.push(`a ${kind} request that began at ${(begunAt / 1000).toFixed(1)} s ${what}`);
  }
}
