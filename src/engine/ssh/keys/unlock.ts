import type { ParsedKey } from 'ssh2';
import { SparkError } from '../../../shared/errors.js';
import type { Secret } from '../../base/secret.js';
import { keyError, unusableKey } from './keyError.js';
import type { ReadableKey } from './readableKey.js';

const MAX_PASSPHRASES = 3;

/**
 * Asks for a passphrase.
 * @param key how the user calls the key
 * @param wrong the one that was given before did not open it
 */
export type AskPassphrase = (key: string, wrong: boolean) => Promise<Secret>;

/**
 * Opens a key, asking for the passphrase up to three times where it has one. Rejects with `keyFormat` or `passphraseWrong`, or as the
 * question does.
 */
export async function unlock(key: ReadableKey, shown: string, ask: AskPassphrase): Promise<ParsedKey> {
  if (!key.encrypted) {
    const opened = await key.open(undefined);
    if (!(opened instanceof Error)) return opened;
    throw SparkError.is(opened) ? opened : unusableKey(shown, opened.message);
  }
  for (let attempt = 0; attempt < MAX_PASSPHRASES; attempt++) {
    const passphrase = await ask(shown, attempt > 0);
    const opened = await key.open(passphrase.reveal());
    if (!(opened instanceof Error)) return opened;
    if (SparkError.is(opened)) throw opened;
  }
  throw keyError(
    'passphraseWrong',
    `No passphrase that was entered opens the private key ${shown}.`,
    'Connect again with the right passphrase, or choose another key.',
  );
}
