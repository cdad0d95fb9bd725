import { SparkError } from '../../shared/errors.js';
import type { FileStat, Folder } from '../../shared/files.js';
import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import type { Sftp } from '../ssh/sftpTypes.js';
import type { Sessions, UseOptions } from '../ssh/types.js';
import { Channels, isLost } from './channels.js';
import { copy } from './copy.js';
import { FileWriter, type WriteOptions } from './fileWriter.js';
import { Leftovers } from './leftovers.js';
import { listFolder } from './listing.js';
import { OpenFiles, readPiece } from './openFiles.js';
import { inParallel } from '../base/parallel.js';
import { explainWrite, isFolder, nameTaken, noOrdinaryFile, type NoteAside, putInPlace } from './place.js';
import { absolute, isWithin } from './remotePath.js';
import { remove } from './remove.js';
import { exists, kindOf, modeOf, mtimeOf, statOf } from './stats.js';

const LOOKS = 32;

/** What is done to `to` when something is moved or copied there. */
export interface MoveOptions {
  readonly overwrite: boolean;
}

export interface FileServiceOptions {
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The files of the machines, one operation at a time. An operation that the link is lost under waits for it and is done again where that is the
 * same as once; else it fails and leaves things as they were, at the latest when the link is back.
 */
export class FileService {
  readonly channels: Channels;
  readonly leftovers: Leftovers;
  private readonly open: OpenFiles;

  constructor({ sessions, clock, log }: FileServiceOptions) {
    this.leftovers = new Leftovers(log);
    this.channels = new Channels(
      sessions,
      clock,
      (connectionId, sftp) => void this.leftovers.sweep(connectionId, sftp),
    );
    this.open = new OpenFiles(file => {
      if (file.kind === 'read') void file.sftp.close(file.handle);
      else void this.abandon(file.connectionId, file.writer);
    });
  }

  async home(connectionId: string): Promise<string> {
    return await this.at(connectionId, '~', async (_sftp, path) => await Promise.resolve(path));
  }

  async stat(connectionId: string, path: string): Promise<FileStat> {
    return await this.at(connectionId, path, statOf);
  }

  /** Null where there is nothing, or nothing that may be looked at. */
  async statAll(connectionId: string, paths: readonly string[]): Promise<(FileStat | null)[]> {
    // for what watches: it does not wait, and it is no use of the connection
    const sftp = await this.channels.open(connectionId, { quiet: true, waitMs: 0 });
    const stats: (FileStat | null)[] = paths.map(() => null);
    await inParallel(paths.entries(), LOOKS, async ([index, path]) => {
      try {
        stats[index] = await statOf(sftp, await absolute(sftp, path));
      } catch (error) {
        if (isLost(error)) throw error;
      }
    });
    return stats;
  }

  async list(connectionId: string, path: string): Promise<Folder> {
    return await this.at(
      connectionId,
      path,
      async (sftp, folder) => await listFolder(sftp, await sftp.realPath(folder)),
    );
  }

  async makeFolder(connectionId: string, path: string): Promise<void> {
    await this.at(connectionId, path, async (sftp, folder, again) => {
      try {
        await sftp.makeFolder(folder);
      } catch (error) {
        if (!SparkError.is(error, 'fileFailed') || !(await exists(sftp, folder)))
          throw await explainWrite(sftp, error, folder);
        if (!again || kindOf(await sftp.lstat(folder)) !== 'folder') throw nameTaken(folder);
      }
    });
  }

  async delete(connectionId: string, path: string, recursive: boolean): Promise<void> {
    await this.at(connectionId, path, async (sftp, target, again) => {
      try {
        await this.removeNoting(connectionId, sftp, target, recursive);
      } catch (error) {
        if (!again || !SparkError.is(error, 'fileNotFound')) throw error;
      }
    });
  }

  async rename(connectionId: string, from: string, to: string, { overwrite }: MoveOptions): Promise<void> {
    await this.at(connectionId, from, async (sftp, source, again) => {
      const target = await absolute(sftp, to);
      if (source === target) return;
      if (isWithin(target, source))
        throw new SparkError({ code: 'fileKind', message: 'A folder cannot be moved into itself.' });
      // the answer may have been lost and not the request
      if (again && !(await exists(sftp, source)) && (await exists(sftp, target))) return;
      try {
        await this.noting(connectionId, sftp, async (_temporary, noteAside) => {
          await putInPlace(sftp, source, target, overwrite, noteAside);
        });
      } catch (error) {
        if (!SparkError.is(error, 'fileFailed') || !(await exists(sftp, source))) throw error;
        // to another disk there is no way but to copy
        await this.copyBetween(connectionId, sftp, source, target, overwrite);
        await this.removeNoting(connectionId, sftp, source, true);
      }
    });
  }

  async copy(connectionId: string, from: string, to: string, { overwrite }: MoveOptions): Promise<void> {
    await this.at(connectionId, from, async (sftp, source) => {
      await this.copyBetween(connectionId, sftp, source, await absolute(sftp, to), overwrite);
    });
  }

  /** Opens a file for a window. @param owner fires when the window goes away */
  async openRead(connectionId: string, path: string, owner: AbortSignal): Promise<{ handle: string; stat: FileStat }> {
    return await this.at(connectionId, path, async (sftp, file) => {
      // to open a pipe may wait for ever, and a device may have no end
      const { kind } = await statOf(sftp, file);
      if (kind === 'folder') throw isFolder(file);
      if (kind !== 'file') throw noOrdinaryFile(file);
      const opened = await sftp.open(file, 'read');
      try {
        const stats = await sftp.fstat(opened);
        const stat: FileStat = {
          kind: kindOf(stats),
          isLink: false,
          size: stats.size ?? 0,
          mtime: mtimeOf(stats),
          mode: modeOf(stats),
        };
        return { handle: this.open.add(owner, { kind: 'read', sftp, handle: opened }), stat };
      } catch (error) {
        await sftp.close(opened);
        throw error;
      }
    });
  }

  async read(handle: string, position: number, length: number, owner: AbortSignal): Promise<Buffer> {
    return await readPiece(this.open.get(owner, handle, 'read'), position, length);
  }

  async openWrite(connectionId: string, path: string, options: WriteOptions, owner: AbortSignal): Promise<string> {
    return await this.at(connectionId, path, async (sftp, file) => {
      const writer = await FileWriter.open(sftp, file, options);
      return this.open.add(owner, { kind: 'write', connectionId, writer });
    });
  }

  async write(handle: string, data: Buffer, owner: AbortSignal): Promise<void> {
    const { writer, connectionId } = this.open.get(owner, handle, 'write');
    try {
      await writer.write(data);
    } catch (error) {
      this.open.take(owner, handle);
      await this.abandon(connectionId, writer);
      throw error;
    }
  }

  async commit(handle: string, owner: AbortSignal): Promise<FileStat> {
    const { writer, connectionId } = this.open.get(owner, handle, 'write');
    this.open.take(owner, handle);
    try {
      return await writer.commit(async () => await this.channels.open(connectionId));
    } catch (error) {
      await this.abandon(connectionId, writer);
      throw error;
    }
  }

  async close(handle: string, owner: AbortSignal): Promise<void> {
    const file = this.open.take(owner, handle);
    if (file?.kind === 'read') await file.sftp.close(file.handle);
    if (file?.kind === 'write') await this.abandon(file.connectionId, file.writer);
  }

  /** These are of no use any more: they are removed, now or when there is a link again. */
  leaveBehind(connectionId: string, paths: readonly string[]): void {
    this.leaveNoted(
      connectionId,
      paths.map(path => [path]),
    );
  }

  /** Does something with an absolute path. */
  private async at<T>(
    connectionId: string,
    path: string,
    work: (sftp: Sftp, path: string, again: boolean) => Promise<T>,
    options?: UseOptions,
  ): Promise<T> {
    return await this.channels.run(
      connectionId,
      async (sftp, again) => await work(sftp, await absolute(sftp, path), again),
      options,
    );
  }

  private async copyBetween(
    connectionId: string,
    sftp: Sftp,
    from: string,
    to: string,
    overwrite: boolean,
  ): Promise<void> {
    await this.noting(connectionId, sftp, async (temporary, noteAside) => {
      const next = async () => await this.channels.open(connectionId);
      await copy(sftp, from, to, { overwrite, temporary, noteAside, next });
    });
  }

  /** Does something that has paths of its own meanwhile. What the link is lost under stays noted. */
  private async noting(
    connectionId: string,
    sftp: Sftp,
    work: (temporary: (path: string) => void, noteAside: NoteAside) => Promise<void>,
  ): Promise<void> {
    const noted: [path: string, place?: string][] = [];
    try {
      await work(
        path => noted.push([path]),
        (path, place) => noted.push([path, place]),
      );
    } finally {
      // not sooner: what is still worked with is not left over
      if (sftp.isEnded) this.leaveNoted(connectionId, noted);
    }
  }

  private leaveNoted(connectionId: string, paths: readonly [path: string, place?: string][]): void {
    if (paths.length === 0) return;
    for (const [path, place] of paths) this.leftovers.add(connectionId, path, place);
    // the link may be back already
    this.channels
      .open(connectionId, { quiet: true, waitMs: 0 })
      .then(async sftp => await this.leftovers.sweep(connectionId, sftp))
      .catch(() => undefined);
  }

  private async removeNoting(connectionId: string, sftp: Sftp, path: string, recursive: boolean): Promise<void> {
    const isAway = { yes: false };
    try {
      await this.noting(connectionId, sftp, async temporary => {
        await remove(sftp, path, recursive, { planned: temporary, done: () => (isAway.yes = true) });
      });
    } catch (error) {
      // out of sight it is deleted for whoever looks, and for good when the link is back
      if (!isAway.yes || !isLost(error)) throw error;
    }
  }

  /** Removes what is half written, now or when the link is back. */
  private async abandon(connectionId: string, writer: FileWriter): Promise<void> {
    try {
      await writer.abandon();
    } catch (error) {
      if (isLost(error)) this.leaveNoted(connectionId, [[writer.temporaryPath]]);
    }
  }
}
