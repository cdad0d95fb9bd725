import { stat } from 'node:fs/promises';
import { type ErrorCode, SparkError } from '../../../shared/errors.js';
import { printable } from '../../base/remoteText.js';
import { expandHome, readKeyFile } from './keyFile.js';
import { recogniseKey } from './keyFormat.js';
import { isSecurityKey, whyUnsupported } from './keyTypes.js';
import { type FileIdentity, LazyIdentity } from './lazyIdentity.js';
import { parsePublicKey, type PublicKey, readPublicKey } from './publicKey.js';
import { type AskPassphrase, unlock } from './unlock.js';

/** A key that cannot be offered, and why. */
export interface UnavailableKey {
  readonly kind: 'unavailable';
  readonly label: string;
  /** `keyMissing`, `keyUnreadable`, `keyIsPublic`, `keyFormat` or `passphraseWrong`. */
  readonly reason: SparkError;
  /** The public half where it is known: an agent may have the private one. */
  readonly publicBlob: Buffer | undefined;
}

export interface FileIdentityOptions {
  /** As the user saved it; a leading `~` is the home folder. */
  readonly path: string;
  readonly home: string;
  readonly passphrase: AskPassphrase;
}

const REASONS: readonly ErrorCode[] = ['keyMissing', 'keyUnreadable', 'keyIsPublic', 'keyFormat', 'passphraseWrong'];

/**
 * Prepares a private key file to be offered. The passphrase is asked for when it signs; here already only where the public half cannot be
 * had without it (encrypted PEM with no `.pub` file beside it). Rejects as that question does when it has no answer.
 */
export async function identityFromFile(options: FileIdentityOptions): Promise<FileIdentity | UnavailableKey> {
  const { path, home, passphrase } = options;
  const publicBeside = () => readPublicKey(`${path}.pub`, home);
  let content: Buffer;
  try {
    content = await readKeyFile(path, expandHome(path, home));
  } catch (error) {
    return unavailable(path, error, (await publicBeside())?.publicBlob);
  }
  const hasCertificate = await exists(expandHome(`${path}-cert.pub`, home));
  const notes = hasCertificate
    ? [`The certificate ${path}-cert.pub is not used: user certificates are not supported. The key itself is used.`]
    : [];
  return prepare({ content, shown: path, source: 'file', notes, passphrase, publicBeside });
}

/**
 * Prepares the text of a private key, as a keychain holds it, to be offered; everything else is as with {@link identityFromFile}.
 * @param label how the user calls the key
 */
export async function identityFromText(
  text: string,
  label: string,
  passphrase: AskPassphrase,
): Promise<FileIdentity | UnavailableKey> {
  const publicBeside = () => Promise.resolve(undefined);
  return prepare({
    content: Buffer.from(text),
    shown: label,
    source: 'keychain',
    notes: [],
    passphrase,
    publicBeside,
  });
}

interface Candidate {
  readonly content: Buffer;
  readonly shown: string;
  readonly source: 'file' | 'keychain';
  readonly notes: readonly string[];
  readonly passphrase: AskPassphrase;
  publicBeside(): Promise<PublicKey | undefined>;
}

async function prepare(candidate: Candidate): Promise<FileIdentity | UnavailableKey> {
  const { content, shown, source, notes, passphrase } = candidate;
  let publicBlob = parsePublicKey(content.toString('utf8'))?.publicBlob;
  try {
    const key = recogniseKey(content, shown);
    publicBlob = key.publicBlob ?? signable(await candidate.publicBeside());
    const open = () => unlock(key, shown, passphrase);
    if (key.encrypted && publicBlob !== undefined)
      return new LazyIdentity({ shown, source, notes, publicBlob, opened: undefined, unlock: open });
    const opened = await open();
    return new LazyIdentity({ shown, source, notes, publicBlob: opened.getPublicSSH(), opened, unlock: open });
  } catch (error) {
    return unavailable(shown, error, publicBlob);
  }
}

/** Nothing else can be the public half of a key in a file. */
function signable(key: PublicKey | undefined): Buffer | undefined {
  if (key === undefined || isSecurityKey(key.keyType) || whyUnsupported(key.keyType) !== undefined) return undefined;
  return key.publicBlob;
}

/** Passes on what is not about the key, such as that the user does not want to say the passphrase. */
function unavailable(shown: string, error: unknown, publicBlob: Buffer | undefined): UnavailableKey {
  if (!SparkError.is(error) || !REASONS.includes(error.code)) throw error;
  return { kind: 'unavailable', label: printable(shown, 300), reason: error, publicBlob };
}

async function exists(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
