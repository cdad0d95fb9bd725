import { sign } from 'node:crypto';
import type { ParsedKey } from 'ssh2';
import { lengthPrefixed, mpint } from '../wire.js';

/** What each algorithm hashes with; Ed25519 does that by itself. */
const HASHES: Record<string, string> = {
  'rsa-sha2-256': 'sha256',
  'rsa-sha2-512': 'sha512',
  'ecdsa-sha2-nistp256': 'sha256',
  'ecdsa-sha2-nistp384': 'sha384',
  'ecdsa-sha2-nistp521': 'sha512',
};

/**
 * Signs with an opened private key. The result is a signature as SSH writes it (RFC 4253, 6.6; RFC 5656, 3.1.2; RFC 8332, 3; RFC 8709, 6).
 * @param algorithm by its name in SSH
 */
export function signatureOf(key: ParsedKey, data: Buffer, algorithm: string): Buffer {
  const raw = sign(HASHES[algorithm] ?? null, data, { key: key.getPrivatePEM(), dsaEncoding: 'ieee-p1363' });
  return Buffer.concat([
    lengthPrefixed(algorithm),
    lengthPrefixed(algorithm.startsWith('ecdsa-') ? twoNumbers(raw) : raw),
  ]);
}

/** `r` and `s`, which stand in equal halves, each as a number of its own. */
function twoNumbers(raw: Buffer): Buffer {
  const half = raw.length / 2;
  return Buffer.concat([mpint(raw.subarray(0, half)), mpint(raw.subarray(half))]);
}
