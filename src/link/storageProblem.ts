import { SparkError } from '../shared/errors.js';

/** Why a folder cannot be used, by Node's code, and what to do about it. */
const REASONS: Readonly<Record<string, { reason: string; hint: string }>> = {
  ENOSPC: { reason: 'the disk is full', hint: 'Free some space on the disk, then reload the window.' },
  EDQUOT: { reason: 'your disk quota is used up', hint: 'Free some space on the disk, then reload the window.' },
  EROFS: { reason: 'the disk is read-only', hint: 'Make the disk writable, then reload the window.' },
  EACCES: {
    reason: 'access is denied',
    hint: 'Check who owns the folder and its permissions, then reload the window.',
  },
  EPERM: { reason: 'access is denied', hint: 'Check who owns the folder and its permissions, then reload the window.' },
  ENOTDIR: { reason: 'a file is in the way', hint: 'Move that file away, then reload the window.' },
  EEXIST: { reason: 'a file is in the way', hint: 'Move that file away, then reload the window.' },
};

/**
 * `engineUnavailable`, with what keeps the engine from using its folder or from starting at all. Errors that are in
 * plain words already stay as they are.
 */
export function storageProblem(folder: string, error: unknown): SparkError {
  if (SparkError.is(error)) return error;
  const known = REASONS[(error as NodeJS.ErrnoException | null)?.code ?? ''];
  return new SparkError(
    known
      ? {
          code: 'engineUnavailable',
          message: `DGX Spark cannot work in its folder ${folder}: ${known.reason}.`,
          hint: known.hint,
        }
      : {
          code: 'engineUnavailable',
          message: `The DGX Spark engine could not be started: ${error instanceof Error ? error.message : String(error)}`,
          hint: 'See the log of DGX Spark, then reload the window.',
        },
    { cause: error },
  );
}
