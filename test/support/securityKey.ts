import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { lengthPrefixed, mpint, uint32 } from '../../src/engine/ssh/wire.js';
import { writeOpenSshPrivateKey } from '../../src/engine/ssh/keys/opensshKey.js';

export type SecurityKeyType = 'sk-ssh-ed25519@openssh.com' | 'sk-ecdsa-sha2-nistp256@openssh.com';

const APPLICATION = 'ssh:';
export const USER_PRESENT = 0x01;

/** A FIDO key in software, as a device would be seen through an agent (PROTOCOL.u2f in OpenSSH's source). */
export class SecurityKey {
  readonly publicBlob: Buffer;
  /** What the device says about the user at the next signature. */
  flags = USER_PRESENT;
  #counter = 41;
  readonly #privateKey: KeyObject;
  readonly #type: SecurityKeyType;

  constructor(type: SecurityKeyType) {
    this.#type = type;
    const isEd25519 = type === 'sk-ssh-ed25519@openssh.com';
    const { privateKey, publicKey } = isEd25519
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#privateKey = privateKey;
    const jwk = publicKey.export({ format: 'jwk' });
    const [x, y] = [jwk.x, jwk.y].map(part => Buffer.from(part ?? '', 'base64url'));
    const point = isEd25519 ? [x!] : ['nistp256', Buffer.concat([Buffer.from([4]), x!, y!])];
    this.publicBlob = Buffer.concat([type, ...point, APPLICATION].map(lengthPrefixed));
  }

  get publicLine(): string {
    return `${this.#type} ${this.publicBlob.toString('base64')} security key`;
  }

  /** The signature as an agent answers with it. */
  sign(data: Buffer): Buffer {
    this.#counter += 1;
    const proof = Buffer.concat([Buffer.from([this.flags]), uint32(this.#counter)]);
    const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest();
    const signed = Buffer.concat([sha256(APPLICATION), proof, sha256(data)]);
    const isEd25519 = this.#type === 'sk-ssh-ed25519@openssh.com';
    const raw = sign(isEd25519 ? null : 'sha256', signed, { key: this.#privateKey, dsaEncoding: 'ieee-p1363' });
    const inner = isEd25519 ? raw : Buffer.concat([mpint(raw.subarray(0, 32)), mpint(raw.subarray(32))]);
    return Buffer.concat([lengthPrefixed(this.#type), lengthPrefixed(inner), proof]);
  }

  /** Writes the file that `ssh-keygen -t ed25519-sk` would: a handle of the key, and `.pub` beside it. */
  writeFiles(path: string): string {
    const handle = [lengthPrefixed('handle'), lengthPrefixed('')];
    const privateFields = Buffer.concat([this.publicBlob, Buffer.from([USER_PRESENT]), ...handle]);
    writeFileSync(path, writeOpenSshPrivateKey({ publicBlob: this.publicBlob, privateFields }), { mode: 0o600 });
    writeFileSync(`${path}.pub`, `${this.publicLine}\n`);
    return path;
  }
}
