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

const POOL_BYTES = 64 * 1024;
const pool = Buffer.allocUnsafeSlow(POOL_BYTES);
let used = POOL_BYTES;

/**
 * As `crypto.randomFillSync`, for buffers. ssh2 asks for the few bytes that pad each packet, and asking the system costs as much for those as for
 * many: they are fetched in advance, and none is given out twice.
 */
export function randomFillSync(buffer: Buffer, offset = 0, size = buffer.length - offset): Buffer {
  if (size > POOL_BYTES / 16) return crypto.randomFillSync(buffer, offset, size);
  if (used + size > POOL_BYTES) {
    crypto.randomFillSync(pool);
    used = 0;
  }
  pool.copy(buffer, offset, used, used + size);
  // what is known of the past tells nothing of what was sent
  pool.fill(0, used, used + size);
  used += size;
  return buffer;
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
