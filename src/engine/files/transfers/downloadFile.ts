import { join } from 'node:path';
import { SparkError } from '../../../shared/errors.js';
import { printable } from '../../base/remoteText.js';
import type { RemoteStats, Sftp, SftpHandle } from '../../ssh/sftpTypes.js';
import { isLost } from '../channels.js';
import { kindOf, modeOf } from '../stats.js';
import { type FileContext, FileProgress } from './context.js';
import { asLocalError } from './localErrors.js';
import { LocalFile } from './localTarget.js';
import { WORTH_RESUMING } from './partialNames.js';
import { Patience } from './patience.js';
import { isSamePrefix } from './prefix.js';
import { Watermark } from './watermark.js';

/** Written to the disk at a time. */
const BLOCK = 512 * 1024;
/** Blocks of one file that are under way at a time. */
const BLOCKS_AHEAD = 8;
/** A file that does not say how long it is (those of /proc) is not read for ever. */
const MOST_OF_UNKNOWN = 64 * 1024 * 1024;

export interface Download {
  /** On the Spark, absolute. */
  readonly path: string;
  /** A folder of this computer. */
  readonly folder: string;
  readonly name: string;
  readonly overwrite: boolean;
  /** What it was when it was looked at. */
  readonly seen: RemoteStats;
}

/** Downloads one file: beside its place, then into it. Goes on where it was when the link is lost and comes back. */
export async function downloadFile(download: Download, context: FileContext): Promise<void> {
  const progress = new FileProgress(context.onBytes);
  const patience = new Patience();
  const state: State = { file: undefined, version: download.seen, done: 0 };
  let sftp = await context.line.channel();
  try {
    for (;;) {
      try {
        await receive(sftp, download, state, progress, context);
        break;
      } catch (error) {
        // it is another than when it was looked at: once more, as it is now
        if (SparkError.is(error, 'fileChanged') && state.version) state.version = undefined;
        else if (!isLost(error)) throw error;
        if (!isLost(error)) continue;
        patience.lost(error, state.done);
        sftp = await context.line.channel(error as SparkError);
      }
    }
    if (!state.file) return;
    await state.file.putInPlace(join(download.folder, download.name), download.overwrite);
    context.dropLocal(state.file.path);
  } catch (error) {
    progress.set(0);
    // what a lost link has cut off can be gone on with; all else is of no use
    if (isLost(error) && state.done >= WORTH_RESUMING) await state.file?.fd.close().catch(() => undefined);
    else if (state.file) {
      await state.file.discard();
      context.dropLocal(state.file.path);
    }
    throw error;
  } finally {
    if (state.file) context.partials.release(state.file.path);
  }
}

interface State {
  file: LocalFile | undefined;
  /** Of which the beginning is in `file`; undefined where it has to be looked at anew. */
  version: RemoteStats | undefined;
  /** Bytes that are in `file`. */
  done: number;
}

async function receive(
  sftp: Sftp,
  download: Download,
  state: State,
  progress: FileProgress,
  context: FileContext,
): Promise<void> {
  const handle = await sftp.open(download.path, 'read');
  let isOpen = true;
  try {
    if (!state.version) state.done = 0;
    const stats = state.version ?? (await sftp.fstat(handle));
    if (kindOf(stats) !== 'file')
      throw new SparkError({ code: 'fileKind', message: `"${printable(download.path, 300)}" is no ordinary file.` });
    const file = state.file ?? (await begin(stats, download, state, context));
    progress.set(state.done);
    const size = stats.size ?? 0;
    if (size === 0) state.done = await drain(sftp, handle, file, download.path);
    else await fetch(sftp, handle, file, { start: state.done, size, state, progress, path: download.path }, context);
    isOpen = false;
    const [after] = await Promise.all([sftp.fstat(handle), sftp.close(handle)]);
    if (!isSameVersion(stats, after)) throw changed(download.path);
    await file.finish(state.done, modeOf(after), after.mtime ?? 0).catch((error: unknown) => {
      throw asLocalError('written', file.path, error);
    });
  } finally {
    if (isOpen) await sftp.close(handle);
  }
}

/** Opens the file beside the place, and finds out how much of what an earlier attempt left can be kept. */
async function begin(stats: RemoteStats, download: Download, state: State, context: FileContext): Promise<LocalFile> {
  const size = stats.size ?? 0;
  const identity = [download.path, download.name, size, stats.mtime];
  const { path, isNamed } = context.partials.choose(name => join(download.folder, name), size, identity);
  context.noteLocal(path);
  const file = await LocalFile.open(path, isNamed);
  state.file = file;
  const most = Math.min(file.size, size);
  if (most >= WORTH_RESUMING) {
    const { line, signal } = context;
    if (await isSamePrefix(await line.session, download.path, file.fd, most, signal)) {
      state.done = most;
      context.log.info(`Going on with ${path} at ${most} bytes.`);
    }
  }
  return file;
}

interface Stretch {
  readonly start: number;
  readonly size: number;
  readonly state: State;
  readonly progress: FileProgress;
  readonly path: string;
}

/** Reads a stretch of a file, several blocks at a time, each written when it is there. */
async function fetch(
  sftp: Sftp,
  handle: SftpHandle,
  file: LocalFile,
  { start, size, state, progress, path }: Stretch,
  { budget, signal, buffers }: FileContext,
): Promise<void> {
  const done = new Watermark(start);
  const shared = { next: start };
  const failures: unknown[] = [];
  const worker = async (buffer: Buffer) => {
    while (failures.length === 0 && shared.next < size) {
      const position = shared.next;
      const length = Math.min(buffer.length, size - position);
      shared.next += length;
      await budget.take(length);
      try {
        if (signal.aborted) throw new SparkError({ code: 'cancelled', message: 'It was cancelled.' });
        await readBlock(sftp, handle, buffer, length, position, path);
        await file.write(buffer, length, position);
        done.add(position, length);
        state.done = done.value;
        progress.set(done.value);
      } catch (error) {
        failures.push(error);
      } finally {
        budget.give(length);
      }
    }
  };
  if (size - start <= sftp.maxRead) {
    const buffer = buffers.take();
    await worker(buffer);
    buffers.give(buffer);
  } else {
    const blocks = Math.min(BLOCKS_AHEAD, Math.ceil((size - start) / BLOCK));
    await Promise.all(Array.from({ length: blocks }, () => worker(Buffer.allocUnsafe(BLOCK))));
  }
  if (failures.length > 0) throw failures[0];
}

async function readBlock(
  sftp: Sftp,
  handle: SftpHandle,
  buffer: Buffer,
  length: number,
  position: number,
  path: string,
): Promise<void> {
  const pieces: Promise<void>[] = [];
  for (let offset = 0; offset < length; offset += sftp.maxRead)
    pieces.push(readPiece(offset, Math.min(sftp.maxRead, length - offset)));
  const failed = (await Promise.allSettled(pieces)).find(piece => piece.status === 'rejected');
  if (failed) throw failed.reason;

  async function readPiece(offset: number, bytes: number): Promise<void> {
    for (let read = 0; read < bytes;) {
      const more = await sftp.read(handle, buffer, offset + read, bytes - read, position + offset + read);
      if (more === 0) throw changed(path);
      read += more;
    }
  }
}

/** Reads to the end, of which nobody says where it is; resolves with how many bytes there were. */
async function drain(sftp: Sftp, handle: SftpHandle, file: LocalFile, path: string): Promise<number> {
  const buffer = Buffer.allocUnsafe(sftp.maxRead);
  for (let position = 0; ;) {
    const bytes = await sftp.read(handle, buffer, 0, buffer.length, position);
    if (bytes === 0) return position;
    position += bytes;
    if (position > MOST_OF_UNKNOWN)
      throw new SparkError({
        code: 'fileTooBig',
        message: `"${printable(path, 300)}" does not say how long it is, and has no end.`,
      });
    await file.write(buffer, bytes, position - bytes);
  }
}

function isSameVersion(one: RemoteStats, other: RemoteStats): boolean {
  return one.size === other.size && one.mtime === other.mtime;
}

function changed(path: string): SparkError {
  return new SparkError({
    code: 'fileChanged',
    message: `"${printable(path, 300)}" was changed while it was downloaded.`,
  });
}
