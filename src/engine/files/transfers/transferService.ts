import { randomUUID } from 'node:crypto';
import { basename, posix } from 'node:path';
import { SparkError } from '../../../shared/errors.js';
import type { Transfer, TransferRequest, TransferResult } from '../../../shared/transfers.js';
import { printable } from '../../base/remoteText.js';
import type { Clock } from '../../base/clock.js';
import { type Disposable, DisposableStore } from '../../base/disposable.js';
import { Emitter, type Event } from '../../base/emitter.js';
import type { Logger } from '../../base/logger.js';
import type { Sessions } from '../../ssh/types.js';
import { BufferPool } from './bufferPool.js';
import { BulkSessions } from './line.js';
import { PartialNames } from './partialNames.js';
import { TransferTask } from './transfer.js';
import type { AskConflict, TransferParts } from './types.js';

/** Of one machine at a time; more would only share what there is. */
const MOST_RUNNING = 3;
/** How long one that has ended is still told of, so that nobody misses how it ended. */
const KEPT_MS = 60_000;
/** Those that were stopped and that nobody resumes are not collected for ever. */
const MOST_KEPT = 50;

/** What one request carries at most, see `Sftp.maxWrite`. */
const BUFFER_BYTES = 256 * 1024;

export interface TransferServiceOptions {
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly log: Logger;
  readonly leaveBehind: TransferParts['leaveBehind'];
}

interface Entry {
  readonly task: TransferTask;
  readonly connectionId: string;
  isRunning: boolean;
  /** Does not wait any more for the window that began it to go away. */
  readonly release: () => void;
}

/** All uploads and downloads: begun by a window, and going on without it. */
export class TransferService implements Disposable {
  private readonly held = new DisposableStore();
  private readonly changed = this.held.add(new Emitter<Transfer[]>());
  private readonly tasks = new Map<string, Entry>();
  private readonly parts: TransferParts;
  private announcing = false;

  /** Fires with all of them, at most once a turn of the event loop. */
  readonly onDidChange: Event<Transfer[]> = this.changed.event;

  constructor(private readonly options: TransferServiceOptions) {
    const { sessions, clock, log, leaveBehind } = options;
    const bulk = this.held.add(new BulkSessions(sessions, clock));
    const shared = {
      partials: new PartialNames(),
      buffers: new BufferPool(BUFFER_BYTES),
      memory: new Map<string, number>(),
    };
    this.parts = { sessions, bulk, clock, log, leaveBehind, ...shared };
  }

  /** @param owner fires when the window that asks goes away */
  start(request: TransferRequest, ask: AskConflict, owner: AbortSignal): string {
    const id = randomUUID();
    const task = new TransferTask({
      ...{ id, request, ask, parts: this.parts },
      title: titleOf(request),
      onDidChange: () => this.announce(),
    });
    const orphan = () => {
      task.isOrphan = true;
      this.announce();
    };
    owner.addEventListener('abort', orphan);
    const release = () => owner.removeEventListener('abort', orphan);
    this.tasks.set(id, { task, connectionId: request.connectionId, isRunning: false, release });
    this.next(request.connectionId);
    return id;
  }

  list(): Transfer[] {
    return [...this.tasks.values()].map(({ task }) => task.view);
  }

  async wait(id: string, signal: AbortSignal): Promise<TransferResult> {
    return await this.get(id).task.wait(signal);
  }

  cancel(id: string): void {
    const { task, connectionId } = this.get(id);
    task.cancel();
    this.settle(id);
    this.next(connectionId);
  }

  resume(id: string): void {
    const entry = this.get(id);
    if (entry.task.view.state !== 'stopped') return;
    this.run(id, entry);
  }

  dispose(): void {
    for (const { task } of this.tasks.values()) task.abandon();
    this.held.dispose();
  }

  /** Begins what waits for its turn. */
  private next(connectionId: string): void {
    const ours = [...this.tasks].filter(([, entry]) => entry.connectionId === connectionId);
    let running = ours.filter(([, { isRunning }]) => isRunning).length;
    for (const [id, entry] of ours) {
      if (running >= MOST_RUNNING) return;
      if (entry.isRunning || !entry.task.isNew) continue;
      running += 1;
      this.run(id, entry);
    }
  }

  private run(id: string, entry: Entry): void {
    entry.isRunning = true;
    void entry.task.start().finally(() => {
      entry.isRunning = false;
      this.settle(id);
      this.next(entry.connectionId);
    });
  }

  /** What has ended is told of for a while, then forgotten. */
  private settle(id: string): void {
    const entry = this.tasks.get(id);
    if (entry?.task.isOver) {
      entry.release();
      this.held.add(
        this.options.clock.after(KEPT_MS, () => {
          this.tasks.delete(id);
          this.announce();
        }),
      );
    }
    const stopped = [...this.tasks].filter(([, { task }]) => task.view.state === 'stopped');
    for (const [old, { task }] of stopped.slice(0, Math.max(0, stopped.length - MOST_KEPT))) {
      task.cancel();
      this.tasks.delete(old);
    }
    this.announce();
  }

  private get(id: string): Entry {
    const entry = this.tasks.get(id);
    if (!entry) throw new SparkError({ code: 'notFound', message: 'This transfer is over.' });
    return entry;
  }

  private announce(): void {
    if (this.announcing) return;
    this.announcing = true;
    setImmediate(() => {
      this.announcing = false;
      if (!this.held.isDisposed) this.changed.fire(this.list());
    });
  }
}

function titleOf({ direction, sources }: TransferRequest): string {
  const [first = ''] = sources;
  const name = printable(direction === 'upload' ? basename(first) : posix.basename(first), 60);
  return sources.length > 1 ? `${name} and ${sources.length - 1} more` : name;
}
