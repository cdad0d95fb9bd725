import { SparkError } from '../../shared/errors.js';
import { errorCode } from './disk.js';

const REASONS: Readonly<Record<string, { reason: string; hint: string }>> = {
  ENOSPC: { reason: 'the disk is full', hint: 'Free some space on the disk, then try again.' },
  EDQUOT: { reason: 'your disk quota is used up', hint: 'Free some space on the disk, then try again.' },
  EFBIG: {
    reason: 'the file would become larger than is allowed',
    hint: 'Raise the limit on file sizes and try again.',
  },
  EROFS: { reason: 'the disk is read-only', hint: 'Make the disk writable, then try again.' },
  EACCES: { reason: 'access is denied', hint: 'Check who owns the folder and its permissions, then try again.' },
  EPERM: { reason: 'access is denied', hint: 'Check who owns the folder and its permissions, then try again.' },
};

/** What went wrong with a file, in a few words. */
export function fileProblem(error: unknown): string {
  return REASONS[errorCode(error) ?? '']?.reason ?? (error instanceof Error ? error.message : String(error));
}

/** `databaseUnwritable`, with the reason and what to do about it. */
export function databaseUnwritable(path: string, error: unknown): SparkError {
  return new SparkError(
    {
      code: 'databaseUnwritable',
      message: `The change could not be saved to ${path}: ${fileProblem(error)}.`,
      hint: REASONS[errorCode(error) ?? '']?.hint ?? 'Check that the folder exists and is writable, then try again.',
    },
    { cause: error },
  );
}
