import { randomBytes } from 'node:crypto';
import { SparkError } from '../../shared/errors.js';
import type { FileStat } from '../../shared/files.js';
import { printable } from '../base/remoteText.js';
import type { RemoteStats, Sftp, SftpHandle } from '../ssh/sftpTypes.js';
import { explainWrite, isFolder, nameTaken, noOrdinaryFile, putInPlaceSurely } from './place.js';
import { folderOf, temporaryName } from './remotePath.js';
import { kindOf, modeOf, statOf } from './stats.js';

/** Nobody else is to see what is not yet complete. */
const PRIVATE = 0o600;

export interface WriteOptions {
  /** Whether there may be nothing of that name, and whether there may be something. */
  readonly create: boolean;
  readonly overwrite: boolean;
}

/**
 * Writes a file beside the one that it is to replace, and gives it its place only when it is complete and, where the server can, on the disk. Until
 * then, and when that never comes, the one that was there is as it was.
 */
export class FileWriter {
  private position = 0;
  private handle: SftpHandle | undefined;

  private constructor(
    private readonly sftp: Sftp,
    private readonly target: string,
    private readonly beside: string,
    private readonly before: RemoteStats | undefined,
    handle: SftpHandle,
    private readonly options: WriteOptions,
  ) {
    this.handle = handle;
  }

  /** @param path absolute; where it is a link, the file that it leads to is written, and the link stays */
  static async open(sftp: Sftp, path: string, options: WriteOptions): Promise<FileWriter> {
    const target = await endOf(sftp, path);
    const before = await sftp.stat(target).catch((error: unknown) => {
      if (!SparkError.is(error, 'fileNotFound')) throw error;
      return undefined;
    });
    if (before && kindOf(before) === 'folder') throw isFolder(path);
    if (before && kindOf(before) === 'other') throw noOrdinaryFile(path);
    if (before && !options.overwrite) throw nameTaken(path);
    if (!before && !options.create)
      throw new SparkError({ code: 'fileNotFound', message: `There is no "${printable(path, 300)}" on the Spark.` });
    const beside = `${folderOf(target) === '/' ? '' : folderOf(target)}/${temporaryName(randomBytes(8).toString('hex'))}`;
    try {
      const handle = await sftp.open(beside, 'create', before ? PRIVATE : 0o666);
      return new FileWriter(sftp, target, beside, before, handle, options);
    } catch (error) {
      if (SparkError.is(error, 'fileDenied') && before) throw notBeside(path);
      throw await explainWrite(sftp, error, path);
    }
  }

  /** Path of what is not yet complete. */
  get temporaryPath(): string {
    return this.beside;
  }

  async write(data: Buffer): Promise<void> {
    const { sftp } = this;
    const handle = this.openHandle();
    const pieces: Promise<void>[] = [];
    for (let offset = 0; offset < data.length; offset += sftp.maxWrite) {
      const length = Math.min(sftp.maxWrite, data.length - offset);
      pieces.push(sftp.write(handle, data, offset, length, this.position + offset));
    }
    const failed = (await Promise.allSettled(pieces)).find(piece => piece.status === 'rejected');
    if (failed) throw await explainWrite(sftp, failed.reason, this.target);
    this.position += data.length;
  }

  /**
   * Gives it its place.
   * @param next gives the channel of the next session, where this one goes away while nobody knows whether it was done
   */
  async commit(next: () => Promise<Sftp>): Promise<FileStat> {
    const { sftp, before } = this;
    const handle = this.openHandle();
    try {
      if (before) await keepOwnership(sftp, handle, before);
      if (sftp.has('fsync@openssh.com')) await sftp.fsync(handle);
    } catch (error) {
      throw await explainWrite(sftp, error, this.target);
    }
    this.handle = undefined;
    await sftp.close(handle);
    // one that has come into being meanwhile is not to go
    const overwrite = before !== undefined;
    const channel = await putInPlaceSurely(sftp, this.beside, this.target, overwrite, next).catch(
      async (error: unknown) => {
        // both made the same new file, and to overwrite is what was asked for
        if (!SparkError.is(error, 'fileExists') || !this.options.overwrite) throw error;
        return await putInPlaceSurely(sftp, this.beside, this.target, true, next);
      },
    );
    return await statOf(channel, this.target);
  }

  /** Lets go of it; what was written so far is removed. */
  async abandon(): Promise<void> {
    const { handle } = this;
    this.handle = undefined;
    if (handle) await this.sftp.close(handle);
    await this.sftp.removeFile(this.beside);
  }

  private openHandle(): SftpHandle {
    if (!this.handle) throw new SparkError({ code: 'internal', message: 'This file is written already.' });
    return this.handle;
  }
}

/** The file that is to be written: where a path is a link, what it leads to. */
async function endOf(sftp: Sftp, path: string): Promise<string> {
  const own = await sftp.lstat(path).catch((error: unknown) => {
    if (!SparkError.is(error, 'fileNotFound')) throw error;
    return undefined;
  });
  return own && kindOf(own) === 'link' ? await sftp.realPath(path) : path;
}

/** The group and the permissions of the file before; the owner too where this user may, which is where it is another. */
async function keepOwnership(sftp: Sftp, handle: SftpHandle, before: RemoteStats): Promise<void> {
  const now = await sftp.fstat(handle);
  const { uid, gid } = before;
  if (uid !== undefined && gid !== undefined && (uid !== now.uid || gid !== now.gid))
    await sftp.fsetstat(handle, { uid, gid }).catch(async (error: unknown) => {
      if (!SparkError.is(error, 'fileDenied') && !SparkError.is(error, 'fileFailed')) throw error;
      // who may not give it away may still leave it to the group
      await sftp.fsetstat(handle, { uid: now.uid ?? uid, gid }).catch(() => undefined);
    });
  await sftp.fsetstat(handle, { mode: modeOf(before) });
}

function notBeside(path: string): SparkError {
  return new SparkError({
    code: 'fileDenied',
    message: `The folder of "${printable(path, 300)}" takes no new files from this user, so the file cannot be saved without risk.`,
    hint: 'Save it under another name, or change the permissions of the folder on the Spark.',
  });
}
