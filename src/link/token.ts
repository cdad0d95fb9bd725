import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const TOKEN_FILE = 'engine.token';
const TOKEN_FORMAT = /^[0-9a-f]{64}$/;

/** The secret that a window and its engine prove to each other, or undefined when there is none yet. */
export async function readToken(storageFolder: string): Promise<string | undefined> {
  try {
    const text = (await readFile(join(storageFolder, TOKEN_FILE), 'utf8')).trim();
    return TOKEN_FORMAT.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads the token, making one first where there is none. Several processes may do this at once: the file appears
 * whole under its name or not at all, and all read the same one.
 */
export async function ensureToken(storageFolder: string): Promise<string> {
  const existing = await readToken(storageFolder);
  if (existing !== undefined) return existing;
  const file = join(storageFolder, TOKEN_FILE);
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' });
    await link(draft, file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // not every file system has links (exFAT, some network ones)
    if (code === 'EPERM' || code === 'ENOTSUP' || code === 'ENOSYS') await rename(draft, file);
    else if (code !== 'EEXIST') throw error;
    // somebody was faster, or the file there is unusable: only the latter is replaced
    if ((await readToken(storageFolder)) === undefined) {
      await rm(file, { force: true });
      await rm(draft, { force: true });
      return await ensureToken(storageFolder);
    }
  } finally {
    await rm(draft, { force: true });
  }
  const token = await readToken(storageFolder);
  if (token === undefined) throw new Error('The engine token could not be written.');
  return token;
}
