import { keyTypeOf } from './keyTypes.js';
import { expandHome, readKeyFile } from './keyFile.js';

/** A public key as a line of `authorized_keys` or a `.pub` file holds it (sshd(8), AUTHORIZED_KEYS FILE FORMAT). */
export interface PublicKey {
  readonly keyType: string;
  readonly publicBlob: Buffer;
  readonly comment: string;
}

/** The first public key of a `.pub` file's text; undefined where there is none. */
export function parsePublicKey(text: string): PublicKey | undefined {
  const line = text.split(/\r?\n/).find(candidate => candidate.trim() !== '' && !candidate.startsWith('#'));
  const [keyType, base64, ...comment] = line?.trim().split(/[ \t]+/) ?? [];
  if (keyType === undefined || base64 === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  const publicBlob = Buffer.from(base64, 'base64');
  try {
    return keyTypeOf(publicBlob) === keyType ? { keyType, publicBlob, comment: comment.join(' ') } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads a `.pub` file; undefined when there is none or it holds no public key. A leading `~` in the path is the home folder.
 */
export async function readPublicKey(path: string, home: string): Promise<PublicKey | undefined> {
  try {
    return parsePublicKey((await readKeyFile(path, expandHome(path, home))).toString('utf8'));
  } catch {
    // missing in most cases; whatever else it is, the private key is what counts
    return undefined;
  }
}
