import * as crypto from 'node:crypto';
import type { Algorithms, CipherAlgorithm, KexAlgorithm, MacAlgorithm, ServerHostKeyAlgorithm } from 'ssh2';

/** What the crypto that runs us can do. Electron's is BoringSSL, which lacks some of what Node's has. */
export interface CryptoAbilities {
  ciphers(): readonly string[];
  hashes(): readonly string[];
  curves(): readonly string[];
  diffieHellmanGroup(name: string): boolean;
  x25519(): boolean;
  ed25519(): boolean;
}

export const runningCrypto: CryptoAbilities = {
  ciphers: () => crypto.getCiphers(),
  hashes: () => crypto.getHashes(),
  curves: () => crypto.getCurves(),
  diffieHellmanGroup: name => works(() => crypto.createDiffieHellmanGroup(name)),
  x25519: () => works(() => crypto.generateKeyPairSync('x25519')),
  ed25519: () => works(() => crypto.generateKeyPairSync('ed25519')),
};

function works(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

/** Fastest first: AES-GCM is two to three times as fast in Node as chacha20, which is done in JavaScript and comes last. */
const CIPHERS: [CipherAlgorithm, string][] = [
  ['aes128-gcm@openssh.com', 'aes-128-gcm'],
  ['aes256-gcm@openssh.com', 'aes-256-gcm'],
  ['aes128-ctr', 'aes-128-ctr'],
  ['aes192-ctr', 'aes-192-ctr'],
  ['aes256-ctr', 'aes-256-ctr'],
  ['chacha20-poly1305@openssh.com', 'chacha20'],
];

const MACS: [MacAlgorithm, string][] = [
  ['hmac-sha2-256-etm@openssh.com', 'sha256'],
  ['hmac-sha2-512-etm@openssh.com', 'sha512'],
  ['hmac-sha2-256', 'sha256'],
  ['hmac-sha2-512', 'sha512'],
  ['hmac-sha1-etm@openssh.com', 'sha1'],
  ['hmac-sha1', 'sha1'],
];

const KEY_EXCHANGES: [KexAlgorithm, (has: CryptoAbilities) => boolean][] = [
  ['curve25519-sha256', has => has.x25519()],
  ['curve25519-sha256@libssh.org', has => has.x25519()],
  ['ecdh-sha2-nistp256', has => has.curves().includes('prime256v1')],
  ['ecdh-sha2-nistp384', has => has.curves().includes('secp384r1')],
  ['ecdh-sha2-nistp521', has => has.curves().includes('secp521r1')],
  ['diffie-hellman-group-exchange-sha256', () => true],
  ['diffie-hellman-group14-sha256', has => has.diffieHellmanGroup('modp14')],
  ['diffie-hellman-group16-sha512', has => has.diffieHellmanGroup('modp16')],
  ['diffie-hellman-group18-sha512', has => has.diffieHellmanGroup('modp18')],
];

/** The SHA-1 signature `ssh-rsa` is left out, as OpenSSH does since 8.8. */
const HOST_KEYS: [ServerHostKeyAlgorithm, (has: CryptoAbilities) => boolean][] = [
  ['ssh-ed25519', has => has.ed25519()],
  ['ecdsa-sha2-nistp256', has => has.curves().includes('prime256v1')],
  ['ecdsa-sha2-nistp384', has => has.curves().includes('secp384r1')],
  ['ecdsa-sha2-nistp521', has => has.curves().includes('secp521r1')],
  ['rsa-sha2-512', () => true],
  ['rsa-sha2-256', () => true],
];

/**
 * What is offered to a server, best first. ssh2 throws when a list names something that the running crypto lacks, so such names are left out.
 * @param knownKeyTypes types of keys that the known_hosts files have for the host; those are asked for first, so that a key which can be
 * verified is preferred to one that would have to be asked about
 */
export function chooseAlgorithms(
  knownKeyTypes: readonly string[],
  has: CryptoAbilities = runningCrypto,
): Required<{ [K in keyof Algorithms]: string[] }> & Algorithms {
  const ciphers = has.ciphers();
  const hashes = has.hashes();
  const hostKeys = HOST_KEYS.filter(([, can]) => can(has)).map(([name]) => name);
  const isKnown = (name: ServerHostKeyAlgorithm) =>
    knownKeyTypes.includes(name.startsWith('rsa-sha2-') ? 'ssh-rsa' : name);
  return {
    kex: KEY_EXCHANGES.filter(([, can]) => can(has)).map(([name]) => name),
    cipher: CIPHERS.filter(([, name]) => ciphers.includes(name)).map(([name]) => name),
    hmac: MACS.filter(([, name]) => hashes.includes(name)).map(([name]) => name),
    serverHostKey: [...hostKeys.filter(isKnown), ...hostKeys.filter(name => !isKnown(name))],
    compress: ['none'],
  };
}
