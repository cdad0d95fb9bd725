import { randomBytes } from 'node:crypto';
import { SparkError } from '../../shared/errors.js';
import { printable } from '../base/remoteText.js';
import type { Sftp } from '../ssh/sftpTypes.js';
import { isLost } from './channels.js';
import { folderOf, pathIn, temporaryName } from './remotePath.js';
import { removeTree } from './removeTree.js';
import { exists, ifThere, kindOf } from './stats.js';

/** Told of where something that was replaced has stepped aside, from before it does until it is gone. */
export type NoteAside = (aside: string, place: string) => void;

/**
 * Gives what was written beside its place, in one step: nobody ever sees half of it.
 * @param overwrite whether what is there goes; else it is refused with `fileExists`
 */
export async function putInPlace(
  sftp: Sftp,
  from: string,
  to: string,
  overwrite: boolean,
  noteAside?: NoteAside,
): Promise<void> {
  const replaces = overwrite && sftp.has('posix-rename@openssh.com');
  try {
    await (replaces ? sftp.replace(from, to) : sftp.rename(from, to));
  } catch (error) {
    if (!SparkError.is(error, 'fileFailed')) throw error;
    const there = await ifThere(sftp.lstat(to));
    if (!there) throw error;
    if (!overwrite) throw nameTaken(to);
    // where a server can replace, folders alone are in its way
    const isTree = kindOf(there) === 'folder';
    if (replaces && !isTree && kindOf(await sftp.lstat(from)) !== 'folder') throw error;
    await exchange(sftp, from, to, isTree, noteAside);
  }
}

/** What is there steps aside first, and comes back when that was in vain. */
async function exchange(sftp: Sftp, from: string, to: string, isTree: boolean, note?: NoteAside): Promise<void> {
  const aside = pathIn(folderOf(to), temporaryName(randomBytes(8).toString('hex')));
  note?.(aside, to);
  await sftp.rename(to, aside);
  try {
    await sftp.rename(from, to);
  } catch (error) {
    if (!sftp.isEnded) await sftp.rename(aside, to);
    throw error;
  }
  await (isTree ? removeTree(sftp, aside) : sftp.removeFile(aside));
}

/**
 * The same, also where the link goes away in the middle and nobody knows whether it was done: the next session shows.
 * @param next gives the channel of the next session; asked only then
 */
export async function putInPlaceSurely(
  sftp: Sftp,
  from: string,
  to: string,
  overwrite: boolean,
  next: () => Promise<Sftp>,
  noteAside?: NoteAside,
): Promise<Sftp> {
  try {
    await putInPlace(sftp, from, to, overwrite, noteAside);
    return sftp;
  } catch (error) {
    if (!isLost(error)) throw error;
    const channel = await next();
    // the file has a name that nobody else has: where it is gone, it is in its place
    if (await exists(channel, from)) return await putInPlaceSurely(channel, from, to, overwrite, next, noteAside);
    if (await exists(channel, to)) return channel;
    throw error;
  }
}

/** Says what a "failure" was about, as far as the server lets itself be asked: OpenSSH has one word for all. */
export async function explainWrite(sftp: Sftp, error: unknown, path: string): Promise<unknown> {
  if (!SparkError.is(error, 'fileFailed')) return error;
  const folder = folderOf(path);
  try {
    if (sftp.has('statvfs@openssh.com') && (await sftp.freeSpace(folder)) < ALMOST_NOTHING)
      return new SparkError(
        {
          code: 'diskFull',
          message: `The disk of the Spark is full: "${printable(path, 300)}" could not be written.`,
          hint: 'Make room there, then try again.',
        },
        { cause: error },
      );
    const there = await ifThere(sftp.stat(folder));
    if (there && kindOf(there) !== 'folder')
      return new SparkError({ code: 'fileKind', message: `"${printable(folder, 300)}" is not a folder.` });
  } catch {
    // then it stays with what the server said
  }
  return error;
}

/** A disk is full before its last byte is used. */
const ALMOST_NOTHING = 64 * 1024;

export function nameTaken(path: string): SparkError {
  return new SparkError({
    code: 'fileExists',
    message: `There is already something called "${printable(path, 300)}".`,
  });
}

export function isFolder(path: string): SparkError {
  return new SparkError({ code: 'fileKind', message: `"${printable(path, 300)}" is a folder.` });
}

export function noOrdinaryFile(path: string): SparkError {
  return new SparkError({ code: 'fileKind', message: `"${printable(path, 300)}" is no ordinary file.` });
}
