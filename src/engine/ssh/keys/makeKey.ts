import { generateKeyPairSync } from 'node:crypto';
import { printable } from '../../base/remoteText.js';
import { keyFields, writeOpenSshPrivateKey } from './opensshKey.js';

export interface NewKey {
  /** The text of a private key file of OpenSSH, without passphrase. Whoever stores it keeps it secret (mode 0600). */
  readonly privateKey: string;
  /** The line for `authorized_keys`, without line end. */
  readonly publicLine: string;
}

/** Makes an Ed25519 key pair. Not with ssh2's own generator, of whose keys about one in 400 is malformed. */
export function makeEd25519Key(comment: string): NewKey {
  const fields = keyFields(generateKeyPairSync('ed25519').privateKey);
  if (fields === null) throw new Error('Ed25519 keys cannot be written.');
  const line = printable(comment);
  return {
    privateKey: writeOpenSshPrivateKey(fields, line),
    publicLine: `ssh-ed25519 ${fields.publicBlob.toString('base64')} ${line}`.trim(),
  };
}
