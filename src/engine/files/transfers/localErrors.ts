import { SparkError } from '../../../shared/errors.js';
import { printable } from '../../base/remoteText.js';

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'it is not there',
  ENOSPC: 'the disk of this computer is full',
  EDQUOT: 'the quota of this user is used up',
  EROFS: 'the disk cannot be written to',
  ENAMETOOLONG: 'its name is too long for this computer',
  EILSEQ: 'its name is not possible on this computer',
  EINVAL: 'its name is not possible on this computer',
  ENOTDIR: 'a folder on the way to it is none',
  EISDIR: 'it is a folder',
  ELOOP: 'links lead in a circle',
  EMFILE: 'too many files are open',
  EBUSY: 'another program is using it',
  EFBIG: 'it is too big for this disk',
};

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/** Why something could not be done with a file of this computer, in a sentence. */
export function localProblem(doing: 'read' | 'written', path: string, error: unknown): string {
  const code = codeOf(error);
  const reason = REASONS[code] ?? (code === '' ? String(error instanceof Error ? error.message : error) : code);
  return `${printable(path, 300)} could not be ${doing}: ${printable(reason)}.`;
}

/** Whether it would be the same with every other file. */
export function concernsAll(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EROFS'].includes(codeOf(error)) || SparkError.is(error, 'diskFull');
}

/** A failure with a file of this computer, in our words. */
export function asLocalError(doing: 'read' | 'written', path: string, error: unknown): SparkError {
  if (SparkError.is(error)) return error;
  const isFull = concernsAll(error);
  return new SparkError(
    {
      code: isFull ? 'diskFull' : 'localFile',
      message: localProblem(doing, path, error),
      ...(isFull ? { hint: 'Make room on this computer, then try again.' } : {}),
    },
    { cause: error },
  );
}
