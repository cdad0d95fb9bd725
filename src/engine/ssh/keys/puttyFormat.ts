import type { ParsedKey } from 'ssh2';
import { printable } from '../../base/remoteText.js';
import { lengthPrefixed, WireReader } from '../wire.js';
import { unusableKey } from './keyError.js';
import { keyTypeOf, whyUnsupported } from './keyTypes.js';
import { type KeyFields, writeOpenSshPrivateKey } from './opensshKey.js';
import { openPuttyFile } from './puttyCipher.js';
import { parsePuttyFile, type PuttyFile } from './puttyFile.js';
import { parseKeyText, type ReadableKey } from './readableKey.js';

const SAVE_HINT =
  'Load the key in PuTTYgen, make sure that it is an Ed25519, ECDSA or RSA key without certificate, and save it again.';
const ED25519_BYTES = 32;

/**
 * PuTTY's private key files of versions 2 and 3, which have the public key in clear.
 * @param text the file's bytes as `latin1`
 * @param shown how the user calls the key
 */
export function puttyFormat(text: string, shown: string): ReadableKey {
  const file = parse(text, shown);
  const why = whyUnsupported(file.keyType);
  const declined =
    why === undefined ? undefined : unusableKey(shown, `${printable(file.keyType, 60)}: ${why}`, SAVE_HINT);
  return {
    encrypted: file.encrypted && declined === undefined,
    publicBlob: file.publicBlob,
    open: passphrase => (declined === undefined ? open(file, passphrase ?? '', shown) : Promise.resolve(declined)),
  };
}

function parse(text: string, shown: string): PuttyFile {
  try {
    const file = parsePuttyFile(text);
    if (keyTypeOf(file.publicBlob) === file.keyType) return file;
  } catch (error) {
    if (!(error instanceof RangeError)) throw unusableKey(shown, reasonOf(error), SAVE_HINT);
  }
  throw unusableKey(shown, 'the file is damaged', SAVE_HINT);
}

async function open(file: PuttyFile, passphrase: string, shown: string): Promise<ParsedKey | Error> {
  try {
    const secret = await openPuttyFile(file, passphrase);
    if (secret === undefined)
      return file.encrypted ? new Error('wrong passphrase') : unusableKey(shown, 'the file is damaged', SAVE_HINT);
    const key = parseKeyText(writeOpenSshPrivateKey(keyFields(file, secret)));
    return key instanceof Error ? unusableKey(shown, key.message, SAVE_HINT) : key;
  } catch (error) {
    return unusableKey(shown, error instanceof RangeError ? 'the file is damaged' : reasonOf(error), SAVE_HINT);
  }
}

/** What a private part holds for each type (PuTTY's manual, C.3), in OpenSSH's order. Throws a `RangeError` when it is too short. */
function keyFields({ keyType, publicBlob }: PuttyFile, secret: Buffer): KeyFields {
  const reader = new WireReader(secret);
  const field = () => lengthPrefixed(reader.string());
  if (keyType === 'ssh-ed25519') {
    const [, point = Buffer.alloc(0)] = strings(publicBlob, 2);
    const seed = reader.string();
    if (seed.length !== ED25519_BYTES) throw new RangeError('That is no Ed25519 key.');
    const pair = lengthPrefixed(Buffer.concat([seed, point]));
    return { publicBlob, privateFields: Buffer.concat([publicBlob, pair]) };
  }
  if (keyType !== 'ssh-rsa') return { publicBlob, privateFields: Buffer.concat([publicBlob, field()]) };
  const [type = '', e = '', n = ''] = strings(publicBlob, 3);
  const [d, p, q, qInverse] = [field(), field(), field(), field()];
  const known = [type, n, e].map(lengthPrefixed);
  return { publicBlob, privateFields: Buffer.concat([...known, d, qInverse, p, q]) };
}

function strings(blob: Buffer, count: number): Buffer[] {
  const reader = new WireReader(blob);
  return Array.from({ length: count }, () => reader.string());
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'the file is damaged';
}
