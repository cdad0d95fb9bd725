import { SparkError } from '../../shared/errors.js';
import type { FileKind, FileStat } from '../../shared/files.js';
import type { RemoteStats, Sftp } from '../ssh/sftpTypes.js';

const TYPE_BITS = 0o170000;
const KINDS: Readonly<Record<number, FileKind>> = { 0o100000: 'file', 0o040000: 'folder', 0o120000: 'link' };
/** Read, write and execute for all; what lets a program run as somebody else is nobody's to bring along. */
export const PERMISSION_BITS = 0o777;

/** What something is. A server that does not tell the type is taken to mean a file. */
export function kindOf({ mode }: RemoteStats): FileKind {
  const type = (mode ?? 0) & TYPE_BITS;
  return type === 0 ? 'file' : (KINDS[type] ?? 'other');
}

export function modeOf({ mode }: RemoteStats): number {
  return (mode ?? 0o644) & PERMISSION_BITS;
}

/** Milliseconds since 1970. */
export function mtimeOf({ mtime }: RemoteStats): number {
  return (mtime ?? 0) * 1000;
}

/** What a path leads to; a link that leads nowhere is a link. */
export async function statOf(sftp: Sftp, path: string): Promise<FileStat> {
  const own = await sftp.lstat(path);
  const isLink = kindOf(own) === 'link';
  const end = isLink ? ((await ifThere(sftp.stat(path))) ?? own) : own;
  return { kind: kindOf(end), isLink, size: end.size ?? 0, mtime: mtimeOf(end), mode: modeOf(end) };
}

/** Undefined where there is nothing. A link into a circle leads nowhere too, which servers say in no uniform way. */
export async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (SparkError.is(error, 'fileNotFound') || SparkError.is(error, 'fileFailed')) return undefined;
    throw error;
  }
}

/** Whether there is something of this name, a link that leads nowhere included. */
export async function exists(sftp: Sftp, path: string): Promise<boolean> {
  try {
    await sftp.lstat(path);
    return true;
  } catch (error) {
    if (SparkError.is(error, 'fileNotFound')) return false;
    throw error;
  }
}
