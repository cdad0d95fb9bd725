/**
 * The crypto module as ssh2 gets it (esbuild.mjs puts it in place of Node's). ssh2 makes a cipher a packet and hands over
 * the bytes of the key each time, from which Node makes a key object anew: 10 µs a packet on Node 24. Here one is made
 * the first time a key is seen, which is once a key exchange.
 */
import * as crypto from 'node:crypto';

export * from 'node:crypto';

const known = new WeakMap<Buffer, crypto.KeyObject>();

function keyObject(key: crypto.CipherKey): crypto.CipherKey {
  if (!Buffer.isBuffer(key)) return key;
  const found = known.get(key);
  if (found) return found;
  const made = crypto.createSecretKey(key);
  known.set(key, made);
  return made;
}

/** As `crypto.createCipheriv`. */
export function createCipheriv(
  algorithm: string,
  key: crypto.CipherKey,
  iv: crypto.BinaryLike | null,
  options?: object,
): ReturnType<typeof crypto.createCipheriv> {
  return crypto.createCipheriv(algorithm, keyObject(key), iv, options);
}

/** As `crypto.createDecipheriv`. */
export function createDecipheriv(
  algorithm: string,
  key: crypto.CipherKey,
  iv: crypto.BinaryLike | null,
  options?: object,
): ReturnType<typeof crypto.createDecipheriv> {
  return crypto.createDecipheriv(algorithm, keyObject(key), iv, options);
}
