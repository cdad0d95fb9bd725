import type { ParsedKey } from 'ssh2';
import { expandHome, readKeyFile } from './keyFile.js';
import { recogniseKey } from './keyFormat.js';
import { type AskPassphrase, unlock } from './unlock.js';

export interface PrivateKeyOptions {
  /** As the user saved it; a leading `~` is the home folder. */
  readonly keyPath: string;
  readonly home: string;
  readonly passphrase: AskPassphrase;
}

/**
 * Reads a private key and opens it, asking for the passphrase up to three times where it has one.
 * Rejects with `keyMissing`, `keyUnreadable`, `keyIsPublic`, `keyFormat` or `passphraseWrong`, or as the question does.
 */
export async function loadPrivateKey({ keyPath, home, passphrase }: PrivateKeyOptions): Promise<ParsedKey> {
  const content = await readKeyFile(keyPath, expandHome(keyPath, home));
  return unlock(recogniseKey(content, keyPath), keyPath, passphrase);
}
