import { createPrivateKey } from 'node:crypto';
import type { ParsedKey } from 'ssh2';
import { CONVERT_HINT, keyError } from './keyError.js';
import { toOpenSshPrivateKey } from './opensshKey.js';
import { parseKeyText, type ReadableKey } from './readableKey.js';

/**
 * PKCS#1, SEC 1 and PKCS#8, plain or encrypted: opened by Node's crypto, since ssh2 reads only some of them.
 * @param text from the BEGIN line on
 * @param label what that line says
 */
export function pemFormat(text: string, label: string): ReadableKey {
  return {
    encrypted: label === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type: *4, *ENCRYPTED/m.test(text),
    publicBlob: undefined,
    open: passphrase => Promise.resolve(open(text, passphrase)),
  };
}

function open(text: string, passphrase: string | undefined): ParsedKey | Error {
  try {
    const key = createPrivateKey({ key: text, format: 'pem', ...(passphrase !== undefined && { passphrase }) });
    const converted = toOpenSshPrivateKey(key);
    if (converted !== null) return parseKeyText(converted);
    return keyError(
      'keyFormat',
      `SSH logins do not use keys of type ${key.asymmetricKeyType ?? 'unknown'}.`,
      CONVERT_HINT,
    );
  } catch (error) {
    return error instanceof Error ? error : new Error('unreadable');
  }
}
