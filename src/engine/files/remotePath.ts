import { posix } from 'node:path';
import { SparkError } from '../../shared/errors.js';
import { nameProblem } from '../../shared/files.js';
import { printable } from '../base/remoteText.js';
import type { Sftp } from '../ssh/sftpTypes.js';

/** What every file begins with that is there for the time of one operation only. */
export const TEMPORARY_PREFIX = '.dgx-spark-';

/** A name beside a file, short whatever the file is called, that nobody else has. */
export function temporaryName(id: string): string {
  return `${TEMPORARY_PREFIX}${id}.part`;
}

/** The path of something in a folder. Throws `fileName` where the name is none, as one that a server made up may be. */
export function pathIn(folder: string, name: string): string {
  if (nameProblem(name) !== undefined) throw unusableName(name);
  return folder === '/' ? `/${name}` : `${folder}/${name}`;
}

export function folderOf(path: string): string {
  return posix.dirname(path);
}

export function nameOf(path: string): string {
  return posix.basename(path);
}

/** Whether a path is a folder's or lies in it. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}

/** An absolute path without `.`, `..`, `//` and a slash at its end; `~` is the home folder. */
export async function absolute(sftp: Sftp, path: string): Promise<string> {
  const whole = path === '~' || path.startsWith('~/') ? `${await sftp.realPath('.')}/${path.slice(1)}` : path;
  const plain = posix.normalize(whole);
  return plain.length > 1 && plain.endsWith('/') ? plain.slice(0, -1) : plain;
}

export function unusableName(name: string): SparkError {
  return new SparkError({
    code: 'fileName',
    message: `The name "${printable(name, 100)}" cannot be told from others here.`,
    hint: 'It is not valid UTF-8, or no name at all: rename it in a terminal on the Spark.',
  });
}
