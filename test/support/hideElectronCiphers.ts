/**
 * Imported first, makes `crypto` as poor as that of desktop VS Code, whose Electron is built on BoringSSL: what is missing there is neither
 * listed nor works. ssh2 looks at the lists while it is loaded, so this must run before it.
 */
import crypto from 'node:crypto';

/** What BoringSSL in Electron has of what SSH could use. */
const CIPHERS = [
  'aes-128-cbc',
  'aes-192-cbc',
  'aes-256-cbc',
  'aes-128-ctr',
  'aes-192-ctr',
  'aes-256-ctr',
  'aes-128-ecb',
].concat([
  'aes-192-ecb',
  'aes-256-ecb',
  'aes-128-gcm',
  'aes-192-gcm',
  'aes-256-gcm',
  'des-cbc',
  'des-ede',
  'des-ede-cbc',
  'des-ede3-cbc',
]);
const HASHES = ['md4', 'md5', 'md5-sha1', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'sha512-256'];
const CURVES = ['secp224r1', 'prime256v1', 'secp384r1', 'secp521r1'];

type Factory = (name: string, ...more: unknown[]) => unknown;

/** Names of what was asked for although it is not there. */
export const refused: string[] = [];

function only(factory: Factory, names: readonly string[]): Factory {
  return (name, ...more) => {
    if (names.includes(name.toLowerCase())) return factory(name, ...more);
    refused.push(name);
    throw new Error(`${name} is not part of this crypto`);
  };
}

function missing(name: string): never {
  refused.push(name);
  throw new Error(`${name} is not part of this crypto`);
}

Object.assign(crypto, {
  getCiphers: () => CIPHERS,
  getHashes: () => HASHES,
  getCurves: () => CURVES,
  createCipheriv: only(crypto.createCipheriv as Factory, CIPHERS),
  createDecipheriv: only(crypto.createDecipheriv as Factory, CIPHERS),
  createECDH: only(crypto.createECDH as Factory, CURVES),
  createDiffieHellmanGroup: (name: string) => missing(name),
  getDiffieHellman: (name: string) => missing(name),
});
