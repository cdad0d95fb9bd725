import { createHash, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { utils, type ParsedKey } from 'ssh2';
import { toOpenSshPrivateKey } from '../../../src/engine/ssh/keys/opensshKey.js';

/** A new ed25519 key pair: the private key as an OpenSSH file, the public one as a line of `authorized_keys`. */
export function makeKeyPair(comment: string): { privateKey: string; publicKey: string } {
  // not ssh2's own generator: about one in 400 of its ed25519 keys is malformed
  const privateKey = toOpenSshPrivateKey(generateKeyPairSync('ed25519').privateKey) ?? '';
  return { privateKey, publicKey: `${knownHostsForm(parseKey(privateKey))} ${comment}` };
}

/** Reads a key of any format that ssh2 knows. Throws when it is none. */
export function parseKey(text: string): ParsedKey {
  const key = utils.parseKey(text);
  if (key instanceof Error) throw key;
  return Array.isArray(key) ? (key as ParsedKey[])[0]! : key;
}

/** `SHA256:...`, as OpenSSH shows it. */
export function fingerprint(key: ParsedKey): string {
  return `SHA256:${createHash('sha256').update(key.getPublicSSH()).digest('base64').replace(/=+$/, '')}`;
}

/** Type and key as in a line of `known_hosts`, without the host. */
export function knownHostsForm(key: ParsedKey): string {
  return `${key.type} ${key.getPublicSSH().toString('base64')}`;
}

/** The keys of an `authorized_keys` file; none while there is no such file. Lines with options are not understood. */
export function keysOf(file: string): ParsedKey[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter(line => /^(?:ssh|ecdsa|sk)-/.test(line)).map(parseKey);
}
