import type { Question } from '../../../shared/questions.js';
import type { ConflictChoice } from '../../../shared/transfers.js';
import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';
import type { Sessions } from '../../ssh/types.js';
import type { BufferPool } from './bufferPool.js';
import type { BulkSessions } from './line.js';
import type { PartialNames } from './partialNames.js';

/** What is asked about a conflict, without what the connection adds. */
export type ConflictQuestion = Omit<
  Extract<Question, { kind: 'fileConflict' }>,
  'kind' | 'connectionId' | 'connectionName'
>;

/** Puts a conflict to the user. Rejects with `cancelled`. */
export type AskConflict = (
  question: ConflictQuestion,
  signal: AbortSignal,
) => Promise<{ choice: ConflictChoice; forAll: boolean }>;

/** What transfers share. */
export interface TransferParts {
  readonly sessions: Sessions;
  readonly bulk: BulkSessions;
  readonly clock: Clock;
  readonly log: Logger;
  readonly partials: PartialNames;
  readonly buffers: BufferPool;
  readonly memory: Map<string, number>;
  /** Told of what a transfer that has ended has left on the Spark. */
  readonly leaveBehind: (connectionId: string, paths: readonly string[]) => void;
}
