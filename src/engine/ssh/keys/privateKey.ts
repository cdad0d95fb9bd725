import { createPrivateKey } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import ssh2, { type ParsedKey } from 'ssh2';
import { type ErrorCode, SparkError } from '../../../shared/errors.js';
import type { Secret } from '../../base/secret.js';
import { toOpenSshPrivateKey } from './opensshKey.js';

/** Far more than any key; what is bigger is some other file. */
const MAX_KEY_BYTES = 1024 * 1024;
const MAX_PASSPHRASES = 3;

export interface PrivateKeyOptions {
  /** As the user saved it; a leading `~` is the home folder. */
  readonly keyPath: string;
  readonly home: string;
  passphrase(keyPath: string, wrong: boolean): Promise<Secret>;
}

/**
 * Reads a private key and opens it, asking for the passphrase up to three times where it has one.
 * Rejects with `keyMissing`, `keyUnreadable`, `keyIsPublic`, `keyFormat` or `passphraseWrong`.
 */
export async function loadPrivateKey(options: PrivateKeyOptions): Promise<ParsedKey> {
  const { keyPath } = options;
  const text = await readKeyFile(keyPath, expandHome(keyPath, options.home));
  const format = formatOf(text, keyPath);
  if (!format.encrypted) {
    const key = format.open(undefined);
    if (key instanceof Error)
      throw keyError('keyFormat', `The private key ${keyPath} cannot be used: ${reason(key)}.`, CONVERT_HINT);
    return key;
  }
  for (let attempt = 0; attempt < MAX_PASSPHRASES; attempt++) {
    const passphrase = await options.passphrase(keyPath, attempt > 0);
    const key = format.open(passphrase.reveal());
    if (!(key instanceof Error)) return key;
    if (key instanceof UnusableKey) throw keyError('keyFormat', key.message, CONVERT_HINT);
  }
  throw keyError(
    'passphraseWrong',
    `No passphrase that was entered opens the private key ${keyPath}.`,
    'Connect again with the right passphrase, or choose another key.',
  );
}

const CONVERT_HINT =
  'Use an Ed25519, ECDSA or RSA key in OpenSSH or PEM format, such as "ssh-keygen -t ed25519" makes.';

/** Not even the right passphrase would help. */
class UnusableKey extends Error {}

function keyError(code: ErrorCode, message: string, hint: string, cause?: unknown): SparkError {
  return new SparkError({ code, message, hint, field: 'sshKeyPath' }, { cause });
}

/** Replaces a leading `~` by the home folder. */
export function expandHome(path: string, home: string): string {
  if (path === '~') return home;
  return /^~[/\\]/.test(path) ? join(home, path.slice(2)) : path;
}

async function readKeyFile(shown: string, path: string): Promise<string> {
  try {
    const info = await stat(path);
    if (info.isDirectory())
      throw keyError('keyFormat', `${shown} is a folder, not a private key.`, 'Choose the key file inside it.');
    if (!info.isFile() || info.size > MAX_KEY_BYTES)
      throw keyError(
        'keyFormat',
        `${shown} is not a private key.`,
        'Choose a private key file, such as ~/.ssh/id_ed25519.',
      );
    return await readFile(path, 'utf8');
  } catch (error) {
    if (SparkError.is(error)) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw keyError(
        'keyMissing',
        `The private key ${shown} does not exist.`,
        'Choose an existing key file, or log in with a password.',
        error,
      );
    throw keyError(
      'keyUnreadable',
      `The private key ${shown} cannot be read (${code ?? 'unknown error'}).`,
      'Make yourself the owner of the file and give it mode 600.',
      error,
    );
  }
}

interface KeyFormat {
  readonly encrypted: boolean;
  open(passphrase: string | undefined): ParsedKey | Error;
}

function formatOf(text: string, shown: string): KeyFormat {
  const trimmed = text.trim();
  const label = /^-----BEGIN ([A-Z0-9 ]+)-----/m.exec(trimmed)?.[1];
  if (label === 'OPENSSH PRIVATE KEY') return openSshFormat(trimmed.slice(trimmed.indexOf('-----BEGIN')), shown);
  if (label?.endsWith('PRIVATE KEY')) return pemFormat(trimmed.slice(trimmed.indexOf('-----BEGIN')), label);
  if (label !== undefined || /^(ssh-|ecdsa-|sk-|---- BEGIN SSH2 PUBLIC KEY)/.test(trimmed))
    throw keyError(
      'keyIsPublic',
      `${shown} is a public key or certificate, not a private key.`,
      shown.endsWith('.pub') ? `Choose ${shown.slice(0, -4)} instead.` : 'Choose the private key that belongs to it.',
    );
  if (trimmed.startsWith('PuTTY-User-Key-File-'))
    throw keyError(
      'keyFormat',
      `${shown} is a PuTTY key, which cannot be used yet.`,
      'Convert it with PuTTYgen (Conversions, Export OpenSSH key) or "puttygen key.ppk -O private-openssh -o key".',
    );
  throw keyError('keyFormat', `${shown} is not a private key.`, CONVERT_HINT);
}

function openSshFormat(text: string, shown: string): KeyFormat {
  // magic, then the cipher's name as a length-prefixed string
  const blob = Buffer.from(text.replace(/-----[A-Z ]+-----/g, ''), 'base64');
  const length = blob.length >= 19 ? blob.readUInt32BE(15) : 0;
  const cipher = blob.toString('latin1', 19, 19 + Math.min(length, 64));
  const encrypted = cipher !== 'none' && cipher !== '';
  return {
    encrypted,
    // bcrypt in plain JavaScript: about 0.15 s for the usual 16 rounds
    open(passphrase) {
      const key = parse(text, passphrase);
      return key instanceof Error && key.message.startsWith('Unsupported')
        ? new UnusableKey(`The private key ${shown} cannot be used: ${reason(key)}.`)
        : key;
    },
  };
}

/** PKCS#1, SEC 1 and PKCS#8, plain or encrypted: opened by Node's crypto, since ssh2 reads only some of them. */
function pemFormat(text: string, label: string): KeyFormat {
  return {
    encrypted: label === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type: *4, *ENCRYPTED/m.test(text),
    open(passphrase) {
      try {
        const key = createPrivateKey({ key: text, format: 'pem', ...(passphrase !== undefined && { passphrase }) });
        const converted = toOpenSshPrivateKey(key);
        if (converted === null)
          return new UnusableKey(`SSH logins do not use keys of type ${key.asymmetricKeyType ?? 'unknown'}.`);
        return parse(converted, undefined);
      } catch (error) {
        return error instanceof Error ? error : new Error('unreadable');
      }
    },
  };
}

function parse(text: string, passphrase: string | undefined): ParsedKey | Error {
  try {
    return ssh2.utils.parseKey(text, passphrase);
  } catch (error) {
    // damaged input can also throw
    return error instanceof Error ? error : new Error('unreadable');
  }
}

function reason(error: Error): string {
  return error.message.replace(/\.$/, '');
}
