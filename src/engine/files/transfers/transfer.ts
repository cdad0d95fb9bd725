import { rm } from 'node:fs/promises';
import { type ErrorInfo, SparkError } from '../../../shared/errors.js';
import type { Transfer, TransferRequest, TransferResult } from '../../../shared/transfers.js';
import type { Disposable } from '../../base/disposable.js';
import { isLost } from '../channels.js';
import { Budget } from './budget.js';
import { Line } from './line.js';
import { Meter } from './meter.js';
import { Run } from './run.js';
import type { AskConflict, TransferParts } from './types.js';

/** How often somebody who looks is told how far it is. */
const TICK_MS = 250;
/** A connection that files go over is in use. */
const USED_EVERY_TICKS = 120;

/** Bytes that may be under way: on a connection of its own as many as a far network holds, else few, so that nobody waits behind them. */
const IN_FLIGHT = { own: 4 * 1024 * 1024, shared: 256 * 1024 };

export interface TransferOptions {
  readonly id: string;
  readonly request: TransferRequest;
  readonly title: string;
  readonly ask: AskConflict;
  readonly parts: TransferParts;
  readonly onDidChange: () => void;
}

/** One upload or download: its state, and what is done when the link goes away. */
export class TransferTask {
  private readonly startedAt: number;
  private readonly result: TransferResult = {
    files: 0,
    folders: 0,
    bytes: 0,
    skipped: 0,
    problems: [],
    problemCount: 0,
  };
  private readonly meter = new Meter();
  /** What is not yet complete, on the Spark and here. */
  private readonly remoteLeft = new Set<string>();
  private readonly localLeft = new Set<string>();
  private abort = new AbortController();
  private state: Transfer['state'] = 'preparing';
  private error: ErrorInfo | undefined;
  private run: Run | undefined;
  private waiters: { resolve: (result: TransferResult) => void; reject: (error: SparkError) => void }[] = [];
  private ticker: Disposable | undefined;
  private ticks = 0;
  private isAbandoned = false;
  /** The window that started it has gone. */
  isOrphan = false;

  constructor(private readonly options: TransferOptions) {
    this.startedAt = options.parts.clock.now();
  }

  get view(): Transfer {
    const { id, request, title } = this.options;
    const { files, bytes } = this.run?.counts ?? { files: { done: 0, total: 0 }, bytes: { done: 0, total: 0 } };
    const rate = this.state === 'running' ? this.meter.rate : 0;
    return {
      ...{ id, connectionId: request.connectionId, direction: request.direction, title, state: this.state },
      ...{ files: { ...files }, bytes: { ...bytes }, rate },
      secondsLeft: rate > 0 ? (bytes.total - bytes.done) / rate : null,
      ...(this.error ? { error: this.error } : {}),
      isOrphan: this.isOrphan,
      startedAt: this.startedAt,
    };
  }

  /** It waits for its turn. */
  get isNew(): boolean {
    return this.state === 'preparing' && this.run === undefined;
  }

  get isOver(): boolean {
    return this.state === 'done' || this.state === 'cancelled';
  }

  /** Begins, or goes on where it was stopped. Resolves when it can go no further; the state says how that came. */
  async start(): Promise<void> {
    const { request, parts } = this.options;
    this.abort = new AbortController();
    this.error = undefined;
    const { signal } = this.abort;
    const line = new Line(request.connectionId, parts, signal, error => this.waiting(error));
    const budget = new Budget(() => (line.isOwn ? IN_FLIGHT.own : IN_FLIGHT.shared));
    this.set(this.run ? 'running' : 'preparing');
    this.tick();
    try {
      this.run ??= new Run(request, this.options.ask, this.result);
      await this.run.prepare(line, signal);
      this.set('running');
      await this.run.perform({
        ...{ line, budget, signal, partials: parts.partials, buffers: parts.buffers },
        ...{ memory: parts.memory, log: parts.log },
        noteRemote: path => this.remoteLeft.add(path),
        dropRemote: path => this.remoteLeft.delete(path),
        noteLocal: path => this.localLeft.add(path),
        dropLocal: path => this.localLeft.delete(path),
      });
      this.finish('done');
    } catch (error) {
      this.stopped(error);
    } finally {
      line.dispose();
      this.ticker?.dispose();
      if (this.isOver && !this.isAbandoned) this.cleanUp();
      this.options.onDidChange();
    }
  }

  /** Ends it for good. */
  cancel(): void {
    if (this.isOver) return;
    const isIdle = this.view.state === 'stopped' || this.isNew;
    this.abort.abort();
    if (!isIdle) return;
    // nothing runs that would notice
    this.finish('cancelled');
    this.cleanUp();
    this.options.onDidChange();
  }

  /** Ends it for now: the engine goes. What is there stays, for the next attempt to find. */
  abandon(): void {
    this.isAbandoned = true;
    this.abort.abort();
    this.ticker?.dispose();
  }

  /** Resolves at the end; rejects when it is cancelled or stopped. */
  async wait(signal: AbortSignal): Promise<TransferResult> {
    if (this.state === 'done') return this.result;
    if (this.state === 'cancelled') throw cancelled();
    if (this.state === 'stopped') throw this.reason();
    let leave: () => void = () => undefined;
    const result = new Promise<TransferResult>((resolve, reject) => {
      const waiter = { resolve, reject };
      this.waiters.push(waiter);
      leave = () => {
        this.waiters = this.waiters.filter(each => each !== waiter);
        reject(cancelled());
      };
    });
    signal.addEventListener('abort', leave);
    return await result.finally(() => signal.removeEventListener('abort', leave));
  }

  private stopped(error: unknown): void {
    if (this.abort.signal.aborted || SparkError.is(error, 'cancelled')) {
      this.finish('cancelled');
      return;
    }
    const { parts } = this.options;
    const info = SparkError.toInfo(error);
    if (!SparkError.is(error)) parts.log.error(`A transfer failed unexpectedly: ${String(error)}`);
    this.error = isLost(error)
      ? { ...info, code: 'transferStopped', message: `Stopped: ${info.message}`, hint: 'Connect, then resume it.' }
      : info;
    this.finish('stopped');
  }

  /** What did not become complete is of no use to anybody once nobody can go on with it. */
  private cleanUp(): void {
    const { parts, request } = this.options;
    parts.leaveBehind(request.connectionId, [...this.remoteLeft]);
    for (const path of this.localLeft) void rm(path, { force: true }).catch(() => undefined);
  }

  private finish(state: 'done' | 'cancelled' | 'stopped'): void {
    this.meter.reset();
    this.set(state);
    const waiters = this.waiters.splice(0);
    for (const { resolve, reject } of waiters) {
      if (state === 'done') resolve(this.result);
      else reject(state === 'cancelled' ? cancelled() : this.reason());
    }
  }

  private reason(): SparkError {
    return new SparkError(this.error ?? { code: 'transferStopped', message: 'The transfer was stopped.' });
  }

  private waiting(error: SparkError | null): void {
    if (this.state !== 'running' && this.state !== 'waiting' && this.state !== 'preparing') return;
    this.error = error ? SparkError.toInfo(error) : undefined;
    this.meter.reset();
    this.set(error ? 'waiting' : this.run?.isPrepared ? 'running' : 'preparing');
  }

  private set(state: Transfer['state']): void {
    this.state = state;
    this.options.onDidChange();
  }

  private tick(): void {
    const { clock, sessions } = this.options.parts;
    this.ticker = clock.after(TICK_MS, () => {
      this.meter.mark(clock.now(), this.run?.counts.bytes.done ?? 0);
      this.ticks += 1;
      if (this.ticks % USED_EVERY_TICKS === 0)
        sessions.use(this.options.request.connectionId, { waitMs: 0 }).catch(() => undefined);
      this.options.onDidChange();
      this.tick();
    });
  }
}

function cancelled(): SparkError {
  return new SparkError({ code: 'cancelled', message: 'The transfer was cancelled.' });
}
