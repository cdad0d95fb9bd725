import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { SparkError } from '../shared/errors.js';

/** `sun_path` holds 104 bytes on macOS and 108 on Linux, with the closing NUL; Node fails beyond that. */
const LONGEST_SOCKET_PATH = 100;
const SOCKET_NAME = 'engine.sock';

/** Name of the file that says where the engine listens, where that is not in the storage folder itself. */
const ADDRESS_FILE = 'engine.address';

/**
 * Where the engine of a storage folder listens: a Unix socket in a folder that only this user can enter. Where the path
 * of the storage folder is too long for one, and on Windows for the named pipe, the engine wrote it down: the temporary
 * folder may be another one for each window.
 * @returns undefined when no engine ever ran there (only where it is written down)
 */
export async function findSocketAddress(storageFolder: string): Promise<string | undefined> {
  return nearSocketPath(storageFolder) ?? (await readAddress(storageFolder));
}

/** Chooses the address that an engine about to start will listen on, and makes its folder safe. */
export async function makeSocketAddress(storageFolder: string): Promise<string> {
  await securePrivateFolder(storageFolder);
  const near = nearSocketPath(storageFolder);
  if (near !== undefined) return near;
  if (process.platform === 'win32')
    return await writeAddress(storageFolder, `\\\\.\\pipe\\dgx-spark-${randomBytes(16).toString('hex')}`);
  const known = await readAddress(storageFolder);
  if (known !== undefined && (await isPrivateFolder(dirname(known)))) return known;
  // a random name: nobody can be there first
  return await writeAddress(
    storageFolder,
    join(await mkdtemp(join(shortTemporaryFolder(), 'dgx-spark-')), SOCKET_NAME),
  );
}

/**
 * Makes a folder that nobody but this user can enter, or tightens one that exists.
 * Rejects with `engineUnavailable` when it belongs to somebody else or is not a folder, or as Node does.
 */
export async function securePrivateFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (process.platform === 'win32') return;
  const found = await lstat(folder);
  if (!found.isDirectory() || found.uid !== process.getuid?.())
    throw new SparkError({
      code: 'engineUnavailable',
      message: `The folder ${folder} is not one of this user's own, so it is not safe to use.`,
      hint: 'Remove it or make it yours, then reload the window.',
    });
  if ((found.mode & 0o077) !== 0) await chmod(folder, 0o700);
}

/** The socket in the storage folder itself; undefined where its path would be too long, and on Windows. */
function nearSocketPath(storageFolder: string): string | undefined {
  const path = join(storageFolder, SOCKET_NAME);
  return process.platform !== 'win32' && Buffer.byteLength(path) <= LONGEST_SOCKET_PATH ? path : undefined;
}

/** The temporary folder, or the system's own where that of the environment is too long for a socket too. */
function shortTemporaryFolder(): string {
  const longest = LONGEST_SOCKET_PATH - Buffer.byteLength(join('/', 'dgx-spark-XXXXXX', SOCKET_NAME));
  return Buffer.byteLength(tmpdir()) <= longest ? tmpdir() : '/tmp';
}

async function readAddress(storageFolder: string): Promise<string | undefined> {
  const text = await readFile(join(storageFolder, ADDRESS_FILE), 'utf8').catch(() => '');
  const address = text.trim();
  return isAbsolute(address) ? address : undefined;
}

async function writeAddress(storageFolder: string, address: string): Promise<string> {
  await writeFile(join(storageFolder, ADDRESS_FILE), address, { mode: 0o600 });
  return address;
}

async function isPrivateFolder(folder: string): Promise<boolean> {
  const found = await lstat(folder).catch(() => undefined);
  return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
}
