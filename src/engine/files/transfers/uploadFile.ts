import { constants, type Stats } from 'node:fs';
import { SparkError } from '../../../shared/errors.js';
import { printable } from '../../base/remoteText.js';
import type { NewStats, Sftp, SftpHandle } from '../../ssh/sftpTypes.js';
import { isLost } from '../channels.js';
import { explainWrite, putInPlaceSurely } from '../place.js';
import { pathIn } from '../remotePath.js';
import { kindOf, PERMISSION_BITS } from '../stats.js';
import { type FileContext, FileProgress } from './context.js';
import { asLocalError } from './localErrors.js';
import { LocalFd } from './localFd.js';
import { WORTH_RESUMING } from './partialNames.js';
import { Patience } from './patience.js';
import { isSamePrefix } from './prefix.js';
import { Watermark } from './watermark.js';

/** Not waiting: one that has become a pipe meanwhile would never be open. */
const READING = constants.O_RDONLY | (process.platform === 'win32' ? 0 : constants.O_NONBLOCK);
/** Read from the disk at a time. */
const BLOCK = 1024 * 1024;
const PRIVATE = 0o600;

export interface Upload {
  /** On this computer. */
  readonly path: string;
  /** Absolute, a folder of the Spark. */
  readonly folder: string;
  readonly name: string;
  readonly overwrite: boolean;
  /** What it was when it was looked at. */
  readonly seen: Version;
}

/** What makes a file this version of it, and what is kept of it. */
export interface Version {
  readonly size: number;
  readonly mode: number;
  /** Seconds since 1970. */
  readonly mtime: number;
}

/** What is known of a partial file on the Spark. */
interface Partial {
  readonly path: string;
  /** Bytes that the server has confirmed. */
  confirmed: number;
  /** It is there. */
  made: boolean;
}

/** Uploads one file: beside its place, then into it. Goes on where it was when the link is lost and comes back. */
export async function uploadFile(upload: Upload, context: FileContext): Promise<void> {
  const source = await LocalFd.open(upload.path, READING).catch((error: unknown) => {
    throw asLocalError('read', upload.path, error);
  });
  const progress = new FileProgress(context.onBytes);
  try {
    if (await isSent(source, upload.seen, upload, progress, context)) return;
    // it is another than when it was looked at: once more, as it is now
    const now = versionOf(await source.stat());
    if (!(await isSent(source, now, upload, progress, context)))
      throw new SparkError({
        code: 'fileChanged',
        message: `${printable(upload.path, 300)} was changed while it was uploaded.`,
      });
  } catch (error) {
    progress.set(0);
    throw error;
  } finally {
    await source.close();
  }
}

/** Sends one version of a file; false when it has become another meanwhile. */
async function isSent(
  source: LocalFd,
  version: Version,
  upload: Upload,
  progress: FileProgress,
  context: FileContext,
): Promise<boolean> {
  const partial = choosePartial(upload, version, context);
  try {
    return await sendAll(source, version, partial, upload, progress, context);
  } finally {
    context.partials.release(partial.path);
  }
}

async function sendAll(
  source: LocalFd,
  version: Version,
  partial: Partial,
  upload: Upload,
  progress: FileProgress,
  context: FileContext,
): Promise<boolean> {
  const { line, memory } = context;
  const target = pathIn(upload.folder, upload.name);
  const patience = new Patience();
  let sftp = await line.channel();
  for (;;) {
    try {
      await send(sftp, source, version, partial, progress, context);
      break;
    } catch (error) {
      if (partial.made) memory.set(partial.path, partial.confirmed);
      if (!isLost(error)) {
        await discard(sftp, partial, context);
        throw await explainWrite(sftp, error, target);
      }
      patience.lost(error, partial.confirmed);
      sftp = await line.channel(error as SparkError);
    }
  }
  const after = versionOf(await source.stat());
  if (after.size !== version.size || after.mtime !== version.mtime) {
    await discard(sftp, partial, context);
    return false;
  }
  try {
    const next = async () => await line.channel();
    sftp = await putInPlaceSurely(sftp, partial.path, target, upload.overwrite, next);
    forget(partial, context);
    return true;
  } catch (error) {
    if (!isLost(error)) await discard(sftp, partial, context);
    throw error;
  }
}

function choosePartial(upload: Upload, { size, mtime }: Version, { partials, memory }: FileContext): Partial {
  const identity = [upload.path, upload.name, size, mtime];
  const { path } = partials.choose(name => pathIn(upload.folder, name), size, identity);
  const confirmed = memory.get(path);
  return { path, confirmed: confirmed ?? 0, made: confirmed !== undefined };
}

async function send(
  sftp: Sftp,
  source: LocalFd,
  version: Version,
  partial: Partial,
  progress: FileProgress,
  context: FileContext,
): Promise<void> {
  const { handle, start } = await openPartial(sftp, source, version.size, partial, context);
  progress.set(start);
  const done = new Watermark(start);
  const confirm = () => {
    partial.confirmed = done.value;
    progress.set(done.value);
  };
  if (version.size <= sftp.maxWrite && start === 0) {
    await sendAtOnce(sftp, handle, source, version, context);
    done.add(0, version.size);
    confirm();
    return;
  }
  try {
    await pump(sftp, handle, source, { start, end: version.size, done, confirm }, context);
    await sftp.fsetstat(handle, attributesOf(version));
  } finally {
    await sftp.close(handle);
  }
}

/** Sends a small file in one go: a server does what it is asked in the order in which it is asked. */
async function sendAtOnce(
  sftp: Sftp,
  handle: SftpHandle,
  source: LocalFd,
  version: Version,
  { budget, buffers }: FileContext,
): Promise<void> {
  const { size } = version;
  await budget.take(size);
  try {
    const buffer = buffers.take();
    const bytes = size === 0 ? 0 : await source.read(buffer, 0, size, 0);
    const asked = [
      ...(bytes === 0 ? [] : [sftp.write(handle, buffer, 0, bytes, 0)]),
      sftp.fsetstat(handle, attributesOf(version)),
      sftp.close(handle),
    ];
    // ssh2 has copied it
    buffers.give(buffer);
    const failed = (await Promise.allSettled(asked)).find(answer => answer.status === 'rejected');
    if (failed) throw failed.reason;
  } finally {
    budget.give(size);
  }
}

function attributesOf({ mtime, mode }: Version): NewStats {
  // the protocol knows nothing before 1970
  const seconds = Math.max(0, Math.floor(mtime));
  const times = { atime: seconds, mtime: seconds };
  // Windows knows no permissions worth the name: there the server's own rule decides
  return process.platform === 'win32' ? times : { ...times, mode };
}

function versionOf({ size, mode, mtimeMs }: Stats): Version {
  return { size, mode: mode & PERMISSION_BITS, mtime: mtimeMs / 1000 };
}

interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly done: Watermark;
  readonly confirm: () => void;
}

/** Sends a stretch of a file, as many pieces at a time as the budget has room for. */
async function pump(
  sftp: Sftp,
  handle: SftpHandle,
  source: LocalFd,
  { start, end, done, confirm }: Stretch,
  { budget, signal }: FileContext,
): Promise<void> {
  const pending = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const size = Math.min(BLOCK, Math.max(1, end - start));
  // ssh2 copies what it sends, so two are enough: one is read while the other goes out
  let [one, other] = [Buffer.allocUnsafe(size), Buffer.allocUnsafe(end - start > BLOCK ? size : 0)];
  const readAt = async (buffer: Buffer, position: number) =>
    position < end ? await source.read(buffer, 0, Math.min(buffer.length, end - position), position) : 0;
  let reading = readAt(one, start);
  for (let position = start; position < end;) {
    const bytes = await reading;
    if (bytes === 0) break; // it has become shorter; the look at its size afterwards tells
    const block = one;
    [one, other] = [other, one];
    reading = readAt(one, position + bytes);
    // an error is told when it is its turn
    reading.catch(() => undefined);
    for (let offset = 0; offset < bytes; offset += sftp.maxWrite) {
      const length = Math.min(sftp.maxWrite, bytes - offset);
      await budget.take(length);
      if (signal.aborted && failures.length === 0) failures.push(cancelled());
      if (failures.length > 0) {
        budget.give(length);
        break;
      }
      const at = position + offset;
      const sent: Promise<void> = sftp
        .write(handle, block, offset, length, at)
        .then(
          () => {
            done.add(at, length);
            confirm();
          },
          (error: unknown) => void failures.push(error),
        )
        .finally(() => {
          budget.give(length);
          pending.delete(sent);
        });
      pending.add(sent);
    }
    if (failures.length > 0) break;
    position += bytes;
  }
  await Promise.all(pending);
  await reading.catch(() => undefined);
  if (failures.length > 0) throw failures[0];
}

/** Opens the partial file, and finds out how much of it can be kept. */
async function openPartial(
  sftp: Sftp,
  source: LocalFd,
  size: number,
  partial: Partial,
  context: FileContext,
): Promise<{ handle: SftpHandle; start: number }> {
  const found = partial.made || size >= WORTH_RESUMING ? await lookAt(sftp, partial.path) : undefined;
  if (found === undefined) {
    // noted first: the answer may be lost and not the request
    partial.made = true;
    partial.confirmed = 0;
    context.noteRemote(partial.path);
    const handle = await sftp.open(partial.path, 'create', process.platform === 'win32' ? undefined : PRIVATE);
    return { handle, start: 0 };
  }
  const wasOurs = partial.made;
  const most = Math.min(wasOurs ? partial.confirmed : found, found, size);
  const start = most < WORTH_RESUMING ? 0 : await trusted(wasOurs, most, partial, source, context);
  const handle = await sftp.open(partial.path, 'write');
  partial.made = true;
  partial.confirmed = start;
  context.noteRemote(partial.path);
  // what is behind it is written anew, and may have been longer
  await sftp.fsetstat(handle, { size: start });
  if (start > 0) context.log.info(`Going on with ${partial.path} at ${start} bytes.`);
  return { handle, start };
}

/** How much of a partial file is what it should be. */
async function trusted(
  wasOurs: boolean,
  most: number,
  partial: Partial,
  source: LocalFd,
  { line, signal }: FileContext,
): Promise<number> {
  const same = await isSamePrefix(await line.session, partial.path, source, most, signal);
  // of what an engine before this one wrote nobody knows how much was confirmed
  if (same === undefined) return wasOurs ? most : 0;
  return same ? most : 0;
}

/** The size of a partial file; undefined where there is none. What is no file and has its name is somebody's trap. */
async function lookAt(sftp: Sftp, path: string): Promise<number | undefined> {
  try {
    const stats = await sftp.lstat(path);
    if (kindOf(stats) === 'file') return stats.size ?? 0;
  } catch (error) {
    if (SparkError.is(error, 'fileNotFound')) return undefined;
    throw error;
  }
  throw new SparkError({ code: 'fileExists', message: `There is something in the way: "${printable(path, 300)}".` });
}

/** Removes what will not become complete. */
async function discard(sftp: Sftp, partial: Partial, context: FileContext): Promise<void> {
  if (!partial.made) return;
  try {
    await sftp.removeFile(partial.path);
    forget(partial, context);
  } catch (error) {
    if (SparkError.is(error, 'fileNotFound')) forget(partial, context);
  }
}

function forget({ path }: Partial, { memory, dropRemote }: FileContext): void {
  memory.delete(path);
  dropRemote(path);
}

function cancelled(): SparkError {
  return new SparkError({ code: 'cancelled', message: 'It was cancelled.' });
}
