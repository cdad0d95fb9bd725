import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const LOCK_FILE = 'engine.lock';

/** A start takes well under a second; a lock that is older belongs to a process that hangs or to a reused pid. */
const STALE_AFTER_MS = 30_000;

/** Held while an engine is being started, and only then: the bound socket is the lock of a running one. */
export interface StartLock {
  release(): Promise<void>;
}

/**
 * Takes the lock of a storage folder. One of any number of processes that try at once gets it.
 * @returns undefined when another live process holds it
 */
export async function tryStartLock(storageFolder: string): Promise<StartLock | undefined> {
  const file = join(storageFolder, LOCK_FILE);
  const mine = `${process.pid} ${randomBytes(8).toString('hex')}`;
  try {
    await writeFile(file, mine, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      // on a full disk it may be there, but empty, and would be in everybody's way until it is stale
      if ((await read(file)) === '') await rm(file, { force: true });
      throw error;
    }
    await removeIfStale(file);
    return undefined;
  }
  return {
    async release() {
      if ((await read(file)) === mine) await rm(file, { force: true });
    },
  };
}

/**
 * Removes a lock whose holder is gone. Two processes may find the same stale lock, and one of them may already have
 * replaced it by its own; so it is moved aside first and looked at there, and put back when it is a live one.
 */
async function removeIfStale(file: string): Promise<void> {
  const seen = await read(file);
  if (seen === undefined || !(await isStale(file, seen))) return;
  const aside = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(file, aside);
  } catch {
    return; // somebody else removed it
  }
  if ((await read(aside)) !== seen) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}

async function isStale(file: string, content: string): Promise<boolean> {
  const age = await stat(file).then(
    found => Date.now() - found.mtimeMs,
    () => 0,
  );
  if (age > STALE_AFTER_MS) return true;
  const pid = Number.parseInt(content, 10);
  // an empty file is one whose writer is between creating and writing it
  return Number.isSafeInteger(pid) && pid > 0 && !isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function read(file: string): Promise<string | undefined> {
  return await readFile(file, 'utf8').catch(() => undefined);
}
