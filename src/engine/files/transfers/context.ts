import type { Logger } from '../../base/logger.js';
import type { Budget } from './budget.js';
import type { BufferPool } from './bufferPool.js';
import type { Line } from './line.js';
import type { PartialNames } from './partialNames.js';

/** What the transfer of one file needs of the transfer that it belongs to. */
export interface FileContext {
  readonly line: Line;
  readonly budget: Budget;
  readonly signal: AbortSignal;
  /** Bytes that are newly done; negative where some turned out not to be. */
  readonly onBytes: (bytes: number) => void;
  readonly partials: PartialNames;
  /** For pieces of files; each has room for what one request may carry. */
  readonly buffers: BufferPool;
  /** Bytes of partial files that the Spark has confirmed, by path; outlives a transfer that was stopped. */
  readonly memory: Map<string, number>;
  /** Told of what is on the Spark for the time of the transfer only, and when it is gone. */
  readonly noteRemote: (path: string) => void;
  readonly dropRemote: (path: string) => void;
  /** The same of this computer. */
  readonly noteLocal: (path: string) => void;
  readonly dropLocal: (path: string) => void;
  readonly log: Logger;
}

/** How far a file has come; kept over a loss of the link. */
export class FileProgress {
  private counted = 0;

  constructor(private readonly onBytes: (bytes: number) => void) {}

  /** Sets how much is done. */
  set(bytes: number): void {
    if (bytes === this.counted) return;
    this.onBytes(bytes - this.counted);
    this.counted = bytes;
  }
}
