import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SparkError } from '../../../shared/errors.js';
import { keyError } from './keyError.js';

/** Far more than any key; what is bigger is some other file. */
const MAX_KEY_BYTES = 1024 * 1024;

/** Replaces a leading `~` by the home folder. */
export function expandHome(path: string, home: string): string {
  if (path === '~') return home;
  return /^~[/\\]/.test(path) ? join(home, path.slice(2)) : path;
}

/**
 * Reads a file that should hold a key. Rejects with `keyMissing`, `keyUnreadable` or `keyFormat`.
 * @param shown the path as the user knows it
 */
export async function readKeyFile(shown: string, path: string): Promise<Buffer> {
  try {
    const info = await stat(path);
    if (info.isDirectory())
      throw keyError('keyFormat', `${shown} is a folder, not a private key.`, 'Choose the key file inside it.');
    if (!info.isFile() || info.size > MAX_KEY_BYTES)
      throw keyError(
        'keyFormat',
        `${shown} is not a private key.`,
        'Choose a private key file, such as ~/.ssh/id_ed25519.',
      );
    return await readFile(path);
  } catch (error) {
    if (SparkError.is(error)) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw keyError(
        'keyMissing',
        `The private key ${shown} does not exist.`,
        'Choose an existing key file, or log in with a password.',
        error,
      );
    throw keyError(
      'keyUnreadable',
      `The private key ${shown} cannot be read (${code ?? 'unknown error'}).`,
      'Make yourself the owner of the file and give it mode 600.',
      error,
    );
  }
}
