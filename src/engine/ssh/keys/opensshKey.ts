import { type KeyObject, randomBytes } from 'node:crypto';

/** OpenSSH's names of the curves that JSON Web Keys call otherwise. */
const CURVES: Record<string, string> = { 'P-256': 'nistp256', 'P-384': 'nistp384', 'P-521': 'nistp521' };

/**
 * Writes a private key in OpenSSH's own format, unencrypted (PROTOCOL.key in OpenSSH's source), which is the one format that ssh2 reads for
 * every type of key. Null for a type that OpenSSH has no place for.
 */
export function toOpenSshPrivateKey(key: KeyObject): string | null {
  const fields = keyFields(key);
  if (fields === null) return null;
  const check = randomBytes(4);
  const body = Buffer.concat([check, check, ...fields.private, lengthPrefixed('')]);
  const padding = Buffer.from(Array.from({ length: (8 - (body.length % 8)) % 8 }, (_, index) => index + 1));
  const count = Buffer.from([0, 0, 0, 1]);
  const whole = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    lengthPrefixed('none'),
    lengthPrefixed('none'),
    lengthPrefixed(''),
    count,
    lengthPrefixed(Buffer.concat(fields.public)),
    lengthPrefixed(Buffer.concat([body, padding])),
  ]);
  const lines = whole.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n');
}

function keyFields(key: KeyObject): { public: Buffer[]; private: Buffer[] } | null {
  const jwk = exportJwk(key);
  if (jwk === null) return null;
  const raw = (name: 'n' | 'e' | 'd' | 'p' | 'q' | 'qi' | 'x' | 'y') => Buffer.from(jwk[name] ?? '', 'base64url');
  const number = (name: Parameters<typeof raw>[0]) => mpint(raw(name));
  if (jwk.kty === 'RSA') {
    const type = lengthPrefixed('ssh-rsa');
    return {
      public: [type, number('e'), number('n')],
      private: [type, number('n'), number('e'), number('d'), number('qi'), number('p'), number('q')],
    };
  }
  if (jwk.kty === 'OKP' && jwk.crv === 'Ed25519') {
    const type = lengthPrefixed('ssh-ed25519');
    const pub = lengthPrefixed(raw('x'));
    return { public: [type, pub], private: [type, pub, lengthPrefixed(Buffer.concat([raw('d'), raw('x')]))] };
  }
  const curve = jwk.kty === 'EC' ? CURVES[jwk.crv ?? ''] : undefined;
  if (curve === undefined) return null;
  const pub = [
    lengthPrefixed(`ecdsa-sha2-${curve}`),
    lengthPrefixed(curve),
    lengthPrefixed(Buffer.concat([Buffer.from([4]), raw('x'), raw('y')])),
  ];
  return { public: pub, private: [...pub, number('d')] };
}

function exportJwk(key: KeyObject) {
  try {
    return key.export({ format: 'jwk' });
  } catch {
    // DSA, X25519 on some builds, RSA-PSS: nothing that a login could use
    return null;
  }
}

/** `string` of RFC 4251, 5. */
function lengthPrefixed(data: Buffer | string): Buffer {
  const bytes = Buffer.from(data);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** `mpint` of RFC 4251, 5, of a number that is not negative. */
function mpint(bytes: Buffer): Buffer {
  let start = 0;
  while (start < bytes.length && bytes[start] === 0) start++;
  const digits = bytes.subarray(start);
  const needsSign = (digits[0] ?? 0) >= 0x80;
  return lengthPrefixed(needsSign ? Buffer.concat([Buffer.from([0]), digits]) : digits);
}
