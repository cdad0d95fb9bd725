import { mkdir, open } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { dirname } from 'node:path';
import { SparkError } from '../../../shared/errors.js';
import { identityFromFile } from './fileIdentity.js';
import { expandHome } from './keyFile.js';
import { makeEd25519Key } from './makeKey.js';
import type { AskPassphrase } from './unlock.js';

/** A key pair of this computer to log in with. */
export interface LoginKey {
  /** As it is to be saved: below the home folder with a leading `~`. */
  readonly path: string;
  /** The line for `authorized_keys`. */
  readonly publicLine: string;
  /** It was not there before. */
  readonly made: boolean;
}

export interface LoginKeyOptions {
  readonly home: string;
  /** A private key that is there; left out: one for the machine `name`, which is made where it is not there yet. */
  readonly path?: string | undefined;
  readonly name: string;
  readonly passphrase: AskPassphrase;
}

/** Finds or makes the key. Rejects with what keeps a key that is there from being used, or one from being written. */
export async function ensureLoginKey({ home, path, name, passphrase }: LoginKeyOptions): Promise<LoginKey> {
  if (path !== undefined) return await existing(path, home, passphrase);
  const own = `~/.ssh/id_ed25519_${slug(name)}`;
  const made = makeEd25519Key(`${userInfo().username}@${hostname()}`);
  try {
    await mkdir(expandHome('~/.ssh', home), { recursive: true, mode: 0o700 });
    // the private half last: while it is not there nothing takes the pair for a whole one
    if (await writeNew(expandHome(own, home), made.privateKey, 0o600)) {
      await writeNew(`${expandHome(own, home)}.pub`, `${made.publicLine}\n`, 0o644);
      return { path: own, publicLine: made.publicLine, made: true };
    }
  } catch (error) {
    throw new SparkError(
      {
        code: 'keyUnreadable',
        message: `A new key could not be written to ${own} (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}).`,
        hint: `Make yourself the owner of ${dirname(own)} and give it mode 700.`,
      },
      { cause: error },
    );
  }
  return await existing(own, home, passphrase);
}

async function existing(path: string, home: string, passphrase: AskPassphrase): Promise<LoginKey> {
  const key = await identityFromFile({ path, home, passphrase });
  if (key.kind === 'unavailable') throw key.reason;
  return { path, publicLine: `${key.keyType} ${key.publicBlob.toString('base64')} dgx-spark`, made: false };
}

/** False when there is a file already; that one stays as it is. */
async function writeNew(path: string, text: string, mode: number): Promise<boolean> {
  try {
    const file = await open(path, 'wx', mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** A name that every file system takes, from what the user calls the machine. */
function slug(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .toLowerCase()
    .slice(0, 40);
  return plain === '' ? 'dgx-spark' : plain;
}
