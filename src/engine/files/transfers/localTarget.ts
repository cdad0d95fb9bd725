import { constants } from 'node:fs';
import { chmod, link, lstat, mkdir, readdir, rename, rm, stat, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { SparkError } from '../../../shared/errors.js';
import type { FileKind } from '../../../shared/files.js';
import { printable } from '../../base/remoteText.js';
import { inParallel } from '../../base/parallel.js';
import { asLocalError } from './localErrors.js';
import { LocalFd } from './localFd.js';
import { localNames } from './names.js';
import type { Target, Version } from './plan.js';

const LOOKS = 16;

/** The side of this computer. Folders that are links are not gone through: they may lead out of the folder that was chosen. */
export const LOCAL_TARGET: Target = {
  ...localNames(),
  join,
  async list(path) {
    const versions = new Map<string, Version>();
    const names = await readdir(path).catch((error: unknown) => {
      throw asLocalError('read', path, error);
    });
    await inParallel(names, LOOKS, async name => {
      const found = await lstat(join(path, name)).catch(() => undefined);
      if (!found) return;
      const kind: FileKind = found.isDirectory()
        ? 'folder'
        : found.isFile()
          ? 'file'
          : found.isSymbolicLink()
            ? 'link'
            : 'other';
      versions.set(name, { kind, size: found.size, mtime: found.mtimeMs });
    });
    return versions;
  },
};

/** Makes a folder; it being there already is as good. A link in its place is not. */
export async function makeLocalFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const found = (error as { code?: unknown }).code === 'EEXIST' ? await lstat(path) : undefined;
    if (!found?.isDirectory()) throw asLocalError('written', path, error);
  }
}

/** A file that is written beside its place, then put into it. */
export class LocalFile {
  private longest: number;

  private constructor(
    readonly path: string,
    readonly fd: LocalFd,
    /** Bytes that were there already. */
    readonly size: number,
  ) {
    this.longest = size;
  }

  /** @param resume whether one that is there is gone on with; else it must not be there */
  static async open(path: string, resume: boolean): Promise<LocalFile> {
    try {
      if (resume) {
        const found = await lstat(path).catch(() => undefined);
        if (found?.isFile()) {
          const fd = await LocalFd.open(path, constants.O_RDWR | constants.O_NOFOLLOW);
          return new LocalFile(path, fd, found.size);
        }
      }
      // for its user alone until it is complete; never through a link that somebody has put there
      return new LocalFile(path, await LocalFd.open(path, 'wx+', 0o600), 0);
    } catch (error) {
      throw asLocalError('written', path, error);
    }
  }

  async write(buffer: Buffer, length: number, position: number): Promise<void> {
    this.longest = Math.max(this.longest, position + length);
    await this.fd.write(buffer, 0, length, position).catch((error: unknown) => {
      throw asLocalError('written', this.path, error);
    });
  }

  /** Gives it its times and permissions. */
  async finish(size: number, mode: number, mtime: number): Promise<void> {
    // an earlier attempt, or another version, may have been longer
    if (this.longest > size) await this.fd.truncate(size);
    if (process.platform !== 'win32') await this.fd.setMode(mode);
    await this.fd.setTimes(mtime, mtime);
    await this.fd.close();
  }

  /** @param overwrite whether what is there goes; else it is refused with `fileExists` */
  async putInPlace(place: string, overwrite: boolean): Promise<void> {
    try {
      if (overwrite) await rename(this.path, place);
      else await putWhereNothingIs(this.path, place);
    } catch (error) {
      throw asLocalError('written', place, error);
    }
  }

  async discard(): Promise<void> {
    await this.fd.close().catch(() => undefined);
    await rm(this.path, { force: true }).catch(() => undefined);
  }
}

/** A link is refused where the name is taken, in one step; not every file system has them. */
async function putWhereNothingIs(path: string, place: string): Promise<void> {
  try {
    await link(path, place);
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code === 'EEXIST' || (await lstat(place).catch(() => undefined)))
      throw new SparkError({
        code: 'fileExists',
        message: `There is already something called ${printable(place, 300)}.`,
      });
    await rename(path, place);
    return;
  }
  await unlink(path);
}

/** Sets what a folder could not have while it was being filled. */
export async function finishLocalFolder(path: string, mode: number, mtime: number): Promise<void> {
  try {
    // the user must be able to get rid of it again
    if (process.platform !== 'win32') await chmod(path, mode | 0o700);
    await utimes(path, mtime, mtime);
  } catch (error) {
    throw asLocalError('written', path, error);
  }
}

/** The folder that things go to. Throws `localFile` where it is none. */
export async function checkDestination(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    throw asLocalError('written', path, error);
  });
  if (!found.isDirectory())
    throw new SparkError({ code: 'localFile', message: `${printable(path, 300)} is not a folder.` });
}
