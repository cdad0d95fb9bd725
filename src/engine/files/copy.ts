import { randomBytes } from 'node:crypto';
import { SparkError } from '../../shared/errors.js';
import { printable } from '../base/remoteText.js';
import type { RemoteStats, Sftp } from '../ssh/sftpTypes.js';
import { explainWrite, nameTaken, type NoteAside, putInPlaceSurely } from './place.js';
import { inParallel } from '../base/parallel.js';
import { folderOf, isWithin, pathIn, temporaryName } from './remotePath.js';
import { exists, kindOf, modeOf } from './stats.js';
import { removeTree } from './removeTree.js';
import { walk } from './walk.js';

const WIDTH = 8;
/** Bytes of a copy that goes through here that are under way. */
const IN_FLIGHT = 1024 * 1024;

export interface CopyOptions {
  readonly overwrite: boolean;
  /** Told of each path that is there for the time of the copy only. */
  readonly temporary: (path: string) => void;
  readonly noteAside: NoteAside;
  readonly next: () => Promise<Sftp>;
}

/** Copies a file, a link or a folder on the Spark. It is at its new place when it is complete, and not before. */
export async function copy(sftp: Sftp, from: string, to: string, options: CopyOptions): Promise<void> {
  if (isWithin(to, from))
    throw new SparkError({ code: 'fileKind', message: `"${printable(from, 200)}" cannot be copied into itself.` });
  if (!options.overwrite && (await exists(sftp, to))) throw nameTaken(to);
  const stats = await sftp.lstat(from);
  const beside = pathIn(folderOf(to), temporaryName(randomBytes(8).toString('hex')));
  options.temporary(beside);
  try {
    if (kindOf(stats) === 'folder') await copyTree(sftp, from, beside, stats);
    else await copyOne(sftp, from, beside, stats);
    await putInPlaceSurely(sftp, beside, to, options.overwrite, options.next, options.noteAside);
  } catch (error) {
    if (!sftp.isEnded) await removeWhatever(sftp, beside);
    throw await explainWrite(sftp, error, to);
  }
}

async function copyTree(sftp: Sftp, from: string, to: string, stats: RemoteStats): Promise<void> {
  const { found, unusable } = await walk(sftp, from);
  const [first] = unusable;
  if (first !== undefined)
    throw new SparkError({ code: 'fileName', message: `"${printable(from, 200)}" is not copied. ${first}` });
  const at = (names: readonly string[]) => names.reduce(pathIn, to);
  await sftp.makeFolder(to);
  const folders = found.filter(({ kind }) => kind === 'folder');
  for (const folder of folders) await sftp.makeFolder(at(folder.names));
  await inParallel(
    found.filter(({ kind }) => kind !== 'folder'),
    WIDTH,
    async file => await copyOne(sftp, file.path, at(file.names), file.stats),
  );
  // last: one that may not be written could not be filled
  for (const folder of folders.reverse()) await sftp.setstat(at(folder.names), { mode: modeOf(folder.stats) });
  await sftp.setstat(to, { mode: modeOf(stats) });
}

async function copyOne(sftp: Sftp, from: string, to: string, stats: RemoteStats): Promise<void> {
  const kind = kindOf(stats);
  if (kind === 'link') {
    await sftp.makeLink(to, await sftp.readLink(from));
    return;
  }
  if (kind !== 'file')
    throw new SparkError({ code: 'fileKind', message: `"${printable(from, 300)}" is no ordinary file.` });
  const source = await sftp.open(from, 'read');
  try {
    const target = await sftp.open(to, 'create', 0o600);
    try {
      // length 0: to the end
      if (sftp.has('copy-data')) await sftp.copyData(source, target, 0);
      else await copyThrough(sftp, source, target);
      await sftp.fsetstat(target, { mode: modeOf(stats) });
    } finally {
      await sftp.close(target);
    }
  } finally {
    await sftp.close(source);
  }
}

/** Reads and writes, for a server that cannot copy by itself. */
async function copyThrough(sftp: Sftp, source: Buffer, target: Buffer): Promise<void> {
  const piece = Math.min(sftp.maxRead, sftp.maxWrite);
  const buffers = Array.from({ length: Math.max(1, Math.floor(IN_FLIGHT / piece)) }, () => Buffer.allocUnsafe(piece));
  const state = { position: 0, ended: false };
  await Promise.all(
    buffers.map(async buffer => {
      while (!state.ended) {
        const position = state.position;
        state.position += piece;
        for (let done = 0; done < piece;) {
          const bytes = await sftp.read(source, buffer, done, piece - done, position + done);
          if (bytes === 0) {
            state.ended = true;
            return;
          }
          await sftp.write(target, buffer, done, bytes, position + done);
          done += bytes;
        }
      }
    }),
  );
}

/** Removes what was copied so far, file or folder. */
async function removeWhatever(sftp: Sftp, path: string): Promise<void> {
  try {
    if (kindOf(await sftp.lstat(path)) === 'folder') await removeTree(sftp, path);
    else await sftp.removeFile(path);
  } catch {
    // nothing was made, or it is in its place
  }
}
