import { chmod, mkdir, open, readFile, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A file that is open for writing. */
export interface DiskFile {
  /** Writes all of `bytes` at `position` (bytes from the start). */
  write(bytes: Uint8Array, position: number): Promise<void>;
  truncate(length: number): Promise<void>;
  /** Resolves when what was written survives a loss of power. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The few file operations that the store is made of; a test puts failing ones in their place. Errors are Node's own. */
export interface Disk {
  /** Makes a folder (and its parents) that only its owner can enter. */
  makeFolder(path: string): Promise<void>;
  /** The whole file; undefined where there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Names in a folder. */
  list(folder: string): Promise<string[]>;
  exists(path: string): Promise<boolean>;
  /** A new, empty file that only its owner can read, in place of one that may be there. */
  create(path: string): Promise<DiskFile>;
  /** A file with what it holds, or a new one that only its owner can read. */
  openOrCreate(path: string): Promise<DiskFile>;
  /** Replaces `to` in one step. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes renames and new files in a folder survive a loss of power. */
  syncFolder(path: string): Promise<void>;
}

const OWNER_ONLY_FILE = 0o600;
const OWNER_ONLY_FOLDER = 0o700;

/** The code of a Node file system error (`ENOSPC`, `EACCES`, ...); undefined for any other error. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The real disk. */
export function nodeDisk(platform: NodeJS.Platform = process.platform): Disk {
  const windows = platform === 'win32';
  return {
    async makeFolder(path) {
      await mkdir(path, { recursive: true, mode: OWNER_ONLY_FOLDER });
      // the editor makes its storage folder before us, readable for everyone
      if (!windows) await chmod(path, OWNER_ONLY_FOLDER);
    },
    async read(path) {
      try {
        return await readFile(path);
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return undefined;
        throw error;
      }
    },
    list: folder => readdir(folder),
    exists: path =>
      stat(path).then(
        () => true,
        () => false,
      ),
    async create(path) {
      await rm(path, { force: true });
      return wrap(await open(path, 'wx', OWNER_ONLY_FILE));
    },
    async openOrCreate(path) {
      try {
        return wrap(await open(path, 'r+'));
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error;
        return wrap(await open(path, 'wx', OWNER_ONLY_FILE));
      }
    },
    rename: (from, to) => (windows ? renameOnWindows(from, to) : rename(from, to)),
    remove: path => rm(path, { force: true }),
    async syncFolder(path) {
      if (windows) return; // a folder cannot be opened there
      const folder = await open(path, 'r');
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
    },
  };
}

/**
 * Writes a whole file so that at every instant the name holds either all of the old bytes or all of the new ones,
 * also after a loss of power. When it fails the old file is as it was. Errors are Node's own.
 */
export async function replaceFile(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.new`;
  try {
    const file = await disk.create(temporary);
    try {
      await file.write(bytes, 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await disk.rename(temporary, path);
  } catch (error) {
    await disk.remove(temporary).catch(() => undefined); // the first error is the one that says why
    throw error;
  }
  await disk.syncFolder(dirname(path));
}

function wrap(handle: FileHandle): DiskFile {
  return {
    async write(bytes, position) {
      let written = 0;
      while (written < bytes.length) {
        const result = await handle.write(bytes, written, bytes.length - written, position + written);
        written += result.bytesWritten;
      }
    },
    truncate: length => handle.truncate(length),
    sync: () => handle.sync(),
    close: () => handle.close(),
  };
}

/** Virus scanners and indexers hold a file for a moment after it was written; a rename fails with one of these then. */
const HELD_BY_ANOTHER = new Set(['EPERM', 'EACCES', 'EBUSY']);

async function renameOnWindows(from: string, to: string): Promise<void> {
  for (let waitMs = 10; ; waitMs *= 2) {
    try {
      await rename(from, to);
      return;
    } catch (error) {
      if (waitMs > 1000 || !HELD_BY_ANOTHER.has(errorCode(error) ?? '')) throw error;
      await delay(waitMs);
    }
  }
}
