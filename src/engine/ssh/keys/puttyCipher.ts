import { createDecipheriv, createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { argon2d, argon2i, argon2id } from 'hash-wasm/dist/argon2.umd.min.js';
import { lengthPrefixed, uint32 } from '../wire.js';
import type { Argon2Parameters, PuttyFile } from './puttyFile.js';

const ARGON2 = { argon2d, argon2i, argon2id };

interface Keys {
  readonly cipher: Buffer;
  readonly iv: Buffer;
  readonly mac: Buffer;
}

/**
 * The private part of a file, decrypted and proven to be what was saved (PuTTY's manual, C.4 and C.5). Undefined when the proof fails: the
 * passphrase is wrong or the file was changed.
 */
export async function openPuttyFile(file: PuttyFile, passphrase: string): Promise<Buffer | undefined> {
  if (!file.encrypted) {
    const mac = file.version === 2 ? version2Keys(Buffer.alloc(0)).mac : Buffer.alloc(0);
    return isGenuine(file, file.privateBlob, mac) ? file.privateBlob : undefined;
  }
  if (file.privateBlob.length % 16 !== 0) return undefined;
  for (const bytes of encodings(passphrase)) {
    const keys = file.argon2 === undefined ? version2Keys(bytes) : await version3Keys(bytes, file.argon2);
    const decipher = createDecipheriv('aes-256-cbc', keys.cipher, keys.iv).setAutoPadding(false);
    const plain = Buffer.concat([decipher.update(file.privateBlob), decipher.final()]);
    if (isGenuine(file, plain, keys.mac)) return plain;
  }
  return undefined;
}

/** PuTTYgen on Windows takes what is typed in the system's code page, which for western Europe is nearly Latin-1. */
function encodings(passphrase: string): Buffer[] {
  // no file is encrypted with an empty one
  if (passphrase === '') return [];
  const utf8 = Buffer.from(passphrase, 'utf8');
  return /[\x80-\xff]/.test(passphrase) && !/[^\0-\xff]/.test(passphrase)
    ? [utf8, Buffer.from(passphrase, 'latin1')]
    : [utf8];
}

function version2Keys(passphrase: Buffer): Keys {
  const sha1 = (...parts: (Buffer | string)[]) =>
    parts.reduce((hash, part) => hash.update(part), createHash('sha1')).digest();
  return {
    cipher: Buffer.concat([sha1(uint32(0), passphrase), sha1(uint32(1), passphrase)]).subarray(0, 32),
    iv: Buffer.alloc(16),
    mac: sha1('putty-private-key-file-mac-key', passphrase),
  };
}

async function version3Keys(passphrase: Buffer, parameters: Argon2Parameters): Promise<Keys> {
  const derived = await ARGON2[parameters.variant]({
    password: passphrase,
    salt: parameters.salt,
    memorySize: parameters.memory,
    iterations: parameters.passes,
    parallelism: parameters.parallelism,
    hashLength: 80,
    outputType: 'binary',
  });
  const bytes = Buffer.from(derived);
  return { cipher: bytes.subarray(0, 32), iv: bytes.subarray(32, 48), mac: bytes.subarray(48) };
}

function isGenuine(file: PuttyFile, plain: Buffer, key: Buffer): boolean {
  const covered = [
    file.keyType,
    file.encrypted ? 'aes256-cbc' : 'none',
    Buffer.from(file.comment, 'latin1'),
    file.publicBlob,
    plain,
  ];
  const mac = createHmac(file.version === 2 ? 'sha1' : 'sha256', key);
  for (const part of covered) mac.update(lengthPrefixed(part));
  const expected = mac.digest();
  return expected.length === file.mac.length && timingSafeEqual(expected, file.mac);
}
