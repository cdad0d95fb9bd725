import { printable } from '../../base/remoteText.js';

/** How a file of version 3 makes keys of a passphrase: Argon2 (RFC 9106) with these parameters. */
export interface Argon2Parameters {
  readonly variant: 'argon2id' | 'argon2i' | 'argon2d';
  /** KiB. */
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly salt: Buffer;
}

/** A PuTTY private key file, taken apart (PuTTY's manual, appendix C). */
export interface PuttyFile {
  readonly version: 2 | 3;
  readonly keyType: string;
  readonly encrypted: boolean;
  /** The bytes of the file, which may be in any encoding, as `latin1`. */
  readonly comment: string;
  readonly publicBlob: Buffer;
  /** Encrypted where `encrypted`. */
  readonly privateBlob: Buffer;
  /** Set when `encrypted` and version 3. */
  readonly argon2: Argon2Parameters | undefined;
  /** Over everything above but the parameters. */
  readonly mac: Buffer;
}

/** A legitimate file stays far below: PuTTYgen's own are 8 MiB and about 20 passes. */
const MAX_MEMORY_KIB = 256 * 1024;
/** Memory times passes, which is what time goes by: two to four seconds, in which nothing else is done. */
const MAX_WORK_KIB = 2 * 1024 * 1024;
const MAX_PARALLELISM = 64;

/**
 * Takes a file apart. Throws an error that says in a few words what is wrong with it.
 * @param text the file's bytes as `latin1`
 */
export function parsePuttyFile(text: string): PuttyFile {
  const lines = new Lines(text);
  const [first, keyType] = lines.anyHeader();
  const version = /^PuTTY-User-Key-File-(\d+)$/.exec(first)?.[1];
  if (version === '1') throw new Error('its format, version 1, is too old');
  if (version !== '2' && version !== '3') throw new Error(`its format, version ${version ?? '?'}, is not known`);
  const encryption = lines.header('Encryption');
  if (encryption !== 'none' && encryption !== 'aes256-cbc')
    throw new Error(`its encryption, ${printable(encryption, 40)}, is not known`);
  const encrypted = encryption !== 'none';
  const comment = lines.header('Comment');
  const publicBlob = lines.block('Public-Lines');
  const argon2 = encrypted && version === '3' ? argon2Parameters(lines) : undefined;
  const privateBlob = lines.block('Private-Lines');
  const mac = fromHex(lines.header('Private-MAC'));
  return { version: version === '2' ? 2 : 3, keyType, encrypted, comment, publicBlob, privateBlob, argon2, mac };
}

function argon2Parameters(lines: Lines): Argon2Parameters {
  const variant = lines.header('Key-Derivation').toLowerCase();
  if (variant !== 'argon2id' && variant !== 'argon2i' && variant !== 'argon2d')
    throw new Error(`its key derivation, ${printable(variant, 40)}, is not known`);
  const memory = toNumber(lines.header('Argon2-Memory'));
  const passes = toNumber(lines.header('Argon2-Passes'));
  const parallelism = toNumber(lines.header('Argon2-Parallelism'));
  const salt = fromHex(lines.header('Argon2-Salt'));
  if (passes < 1 || parallelism < 1 || memory < 8 * parallelism || salt.length < 8) throw damaged();
  if (memory > MAX_MEMORY_KIB || memory * passes > MAX_WORK_KIB || parallelism > MAX_PARALLELISM)
    throw new Error(`opening it takes too much work (${memory} KiB, ${passes} passes)`);
  return { variant, memory, passes, parallelism, salt };
}

class Lines {
  private readonly lines: readonly string[];
  private at = 0;

  constructor(text: string) {
    this.lines = text.split(/\r\n|\r|\n/);
  }

  anyHeader(): [name: string, value: string] {
    const line = this.lines[this.at++] ?? '';
    const colon = line.indexOf(': ');
    if (colon < 0) throw damaged();
    return [line.slice(0, colon), line.slice(colon + 2)];
  }

  header(expected: string): string {
    const [name, value] = this.anyHeader();
    if (name !== expected) throw damaged();
    return value;
  }

  /** Lines of base64, after a header that says how many. */
  block(countedBy: string): Buffer {
    const count = toNumber(this.header(countedBy));
    const base64 = this.lines.slice(this.at, this.at + count);
    this.at += count;
    if (base64.length < count) throw damaged();
    return Buffer.from(base64.join(''), 'base64');
  }
}

function toNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw damaged();
  return Number(text);
}

function fromHex(text: string): Buffer {
  if (!/^([0-9a-f]{2}){1,128}$/i.test(text)) throw damaged();
  return Buffer.from(text, 'hex');
}

function damaged(): Error {
  return new Error('the file is damaged');
}
