import { type KeyObject, randomBytes } from 'node:crypto';
import { lengthPrefixed, mpint, uint32 } from '../wire.js';

/** Begins the content of a private key file of OpenSSH (PROTOCOL.key in its source). */
export const OPENSSH_MAGIC = 'openssh-key-v1\0';

/** OpenSSH's names of the curves that JSON Web Keys call otherwise. */
const CURVES: Record<string, string> = { 'P-256': 'nistp256', 'P-384': 'nistp384', 'P-521': 'nistp521' };

/** A key in the pieces that OpenSSH writes. */
export interface KeyFields {
  /** The public key as it goes over the wire. */
  readonly publicBlob: Buffer;
  /** What stands in the private part, the type included and the comment not. */
  readonly privateFields: Buffer;
}

/**
 * Writes a private key in OpenSSH's own format, unencrypted (PROTOCOL.key in OpenSSH's source), which is the one format that ssh2 reads for
 * every type of key. Null for a type that OpenSSH has no place for.
 */
export function toOpenSshPrivateKey(key: KeyObject, comment = ''): string | null {
  const fields = keyFields(key);
  return fields === null ? null : writeOpenSshPrivateKey(fields, comment);
}

/** The text of an unencrypted private key file of OpenSSH. */
export function writeOpenSshPrivateKey({ publicBlob, privateFields }: KeyFields, comment = ''): string {
  const check = randomBytes(4);
  const body = Buffer.concat([check, check, privateFields, lengthPrefixed(comment)]);
  const padding = Buffer.from(Array.from({ length: (8 - (body.length % 8)) % 8 }, (_, index) => index + 1));
  const whole = Buffer.concat([
    Buffer.from(OPENSSH_MAGIC),
    lengthPrefixed('none'),
    lengthPrefixed('none'),
    lengthPrefixed(''),
    uint32(1),
    lengthPrefixed(publicBlob),
    lengthPrefixed(Buffer.concat([body, padding])),
  ]);
  const lines = whole.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n');
}

/** Null for a type that OpenSSH has no place for. */
export function keyFields(key: KeyObject): KeyFields | null {
  const jwk = exportJwk(key);
  if (jwk === null) return null;
  const raw = (name: 'n' | 'e' | 'd' | 'p' | 'q' | 'qi' | 'x' | 'y') => Buffer.from(jwk[name] ?? '', 'base64url');
  const number = (name: Parameters<typeof raw>[0]) => mpint(raw(name));
  if (jwk.kty === 'RSA') {
    const type = lengthPrefixed('ssh-rsa');
    return {
      publicBlob: Buffer.concat([type, number('e'), number('n')]),
      privateFields: Buffer.concat([
        type,
        number('n'),
        number('e'),
        number('d'),
        number('qi'),
        number('p'),
        number('q'),
      ]),
    };
  }
  if (jwk.kty === 'OKP' && jwk.crv === 'Ed25519') {
    const publicBlob = Buffer.concat([lengthPrefixed('ssh-ed25519'), lengthPrefixed(raw('x'))]);
    const pair = lengthPrefixed(Buffer.concat([raw('d'), raw('x')]));
    return { publicBlob, privateFields: Buffer.concat([publicBlob, pair]) };
  }
  const curve = jwk.kty === 'EC' ? CURVES[jwk.crv ?? ''] : undefined;
  if (curve === undefined) return null;
  const publicBlob = Buffer.concat([
    lengthPrefixed(`ecdsa-sha2-${curve}`),
    lengthPrefixed(curve),
    lengthPrefixed(Buffer.concat([Buffer.from([4]), raw('x'), raw('y')])),
  ]);
  return { publicBlob, privateFields: Buffer.concat([publicBlob, number('d')]) };
}

function exportJwk(key: KeyObject) {
  try {
    return key.export({ format: 'jwk' });
  } catch {
    // DSA, X25519 on some builds, RSA-PSS: nothing that a login could use
    return null;
  }
}
