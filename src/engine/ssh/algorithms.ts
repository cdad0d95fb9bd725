import * as crypto from 'node:crypto';
import { SparkError } from '../../shared/errors.js';
import { printable } from '../base/remoteText.js';
import { applyAlgorithmList } from './config/algorithmList.js';
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

/** What ssh_config says of algorithms, as written there; what it does not name is chosen here. */
export interface AlgorithmWishes {
  readonly ciphers?: string | undefined;
  readonly macs?: string | undefined;
  readonly kexAlgorithms?: string | undefined;
  readonly hostKeyAlgorithms?: string | undefined;
}

/** An algorithm, whether the running crypto can do it, and whether it is used without being asked for by name. */
interface Known<T extends string> {
  readonly name: T;
  readonly can: (has: CryptoAbilities) => boolean;
  readonly onlyByName?: true;
}

const cipher = (name: CipherAlgorithm, of: string): Known<CipherAlgorithm> => ({
  name,
  can: has => has.ciphers().includes(of),
});
const mac = (name: MacAlgorithm, of: string): Known<MacAlgorithm> => ({ name, can: has => has.hashes().includes(of) });
/** For a server that has nothing better, and a user who has said so in ssh_config. */
const old = <T extends string>(known: Known<T>): Known<T> => ({ ...known, onlyByName: true });

/** Fastest first: AES-GCM is two to three times as fast in Node as chacha20, which is done in JavaScript and comes last. */
const CIPHERS: readonly Known<CipherAlgorithm>[] = [
  cipher('aes128-gcm@openssh.com', 'aes-128-gcm'),
  cipher('aes256-gcm@openssh.com', 'aes-256-gcm'),
  cipher('aes128-ctr', 'aes-128-ctr'),
  cipher('aes192-ctr', 'aes-192-ctr'),
  cipher('aes256-ctr', 'aes-256-ctr'),
  cipher('chacha20-poly1305@openssh.com', 'chacha20'),
  old(cipher('aes128-cbc', 'aes-128-cbc')),
  old(cipher('aes192-cbc', 'aes-192-cbc')),
  old(cipher('aes256-cbc', 'aes-256-cbc')),
  old(cipher('3des-cbc', 'des-ede3-cbc')),
];

const MACS: readonly Known<MacAlgorithm>[] = [
  mac('hmac-sha2-256-etm@openssh.com', 'sha256'),
  mac('hmac-sha2-512-etm@openssh.com', 'sha512'),
  mac('hmac-sha2-256', 'sha256'),
  mac('hmac-sha2-512', 'sha512'),
  mac('hmac-sha1-etm@openssh.com', 'sha1'),
  mac('hmac-sha1', 'sha1'),
  old(mac('hmac-sha1-96', 'sha1')),
];

const KEY_EXCHANGES: readonly Known<KexAlgorithm>[] = [
  { name: 'curve25519-sha256', can: has => has.x25519() },
  { name: 'curve25519-sha256@libssh.org', can: has => has.x25519() },
  { name: 'ecdh-sha2-nistp256', can: has => has.curves().includes('prime256v1') },
  { name: 'ecdh-sha2-nistp384', can: has => has.curves().includes('secp384r1') },
  { name: 'ecdh-sha2-nistp521', can: has => has.curves().includes('secp521r1') },
  { name: 'diffie-hellman-group-exchange-sha256', can: () => true },
  { name: 'diffie-hellman-group14-sha256', can: has => has.diffieHellmanGroup('modp14') },
  { name: 'diffie-hellman-group16-sha512', can: has => has.diffieHellmanGroup('modp16') },
  { name: 'diffie-hellman-group18-sha512', can: has => has.diffieHellmanGroup('modp18') },
  old({ name: 'diffie-hellman-group-exchange-sha1', can: () => true }),
  old({ name: 'diffie-hellman-group14-sha1', can: has => has.diffieHellmanGroup('modp14') }),
  old({ name: 'diffie-hellman-group1-sha1', can: has => has.diffieHellmanGroup('modp2') }),
];

/** The SHA-1 signature `ssh-rsa` is left out, as OpenSSH does since 8.8. */
const HOST_KEYS: readonly Known<ServerHostKeyAlgorithm>[] = [
  { name: 'ssh-ed25519', can: has => has.ed25519() },
  { name: 'ecdsa-sha2-nistp256', can: has => has.curves().includes('prime256v1') },
  { name: 'ecdsa-sha2-nistp384', can: has => has.curves().includes('secp384r1') },
  { name: 'ecdsa-sha2-nistp521', can: has => has.curves().includes('secp521r1') },
  { name: 'rsa-sha2-512', can: () => true },
  { name: 'rsa-sha2-256', can: () => true },
  old({ name: 'ssh-rsa', can: () => true }),
];

/**
 * What is offered to a server, best first. ssh2 throws when a list names something that the running crypto lacks, so such names are left out;
 * so are names in ssh_config that ssh2 does not know. Throws `noCommonAlgorithm` where that leaves nothing.
 * @param wishes lists of ssh_config, which may bring back what is old
 * @param knownKeyTypes types of keys that the known_hosts files have for the host; those are asked for first, so that a key which can be
 * verified is preferred to one that would have to be asked about
 */
export function chooseAlgorithms(
  wishes: AlgorithmWishes,
  knownKeyTypes: readonly string[],
  has: CryptoAbilities = runningCrypto,
): Required<{ [K in keyof Algorithms]: string[] }> & Algorithms {
  const hostKeys = choose('HostKeyAlgorithms', HOST_KEYS, wishes.hostKeyAlgorithms, has);
  const isKnown = (name: ServerHostKeyAlgorithm) =>
    knownKeyTypes.includes(name.startsWith('rsa-sha2-') ? 'ssh-rsa' : name);
  return {
    kex: choose('KexAlgorithms', KEY_EXCHANGES, wishes.kexAlgorithms, has),
    cipher: choose('Ciphers', CIPHERS, wishes.ciphers, has),
    hmac: choose('MACs', MACS, wishes.macs, has),
    serverHostKey: [...hostKeys.filter(isKnown), ...hostKeys.filter(name => !isKnown(name))],
    compress: ['none'],
  };
}

function choose<T extends string>(
  keyword: string,
  known: readonly Known<T>[],
  written: string | undefined,
  has: CryptoAbilities,
): T[] {
  const supported = known.filter(({ can }) => can(has));
  const usual = supported.filter(({ onlyByName }) => !onlyByName).map(({ name }) => name);
  if (written === undefined) return usual;
  const names = applyAlgorithmList(
    written,
    usual,
    supported.map(({ name }) => name),
  );
  const chosen = supported.filter(({ name }) => names.includes(name)).map(({ name }) => name);
  if (chosen.length === 0)
    throw new SparkError({
      code: 'noCommonAlgorithm',
      message: `Your SSH config leaves nothing that can be used: ${keyword} ${printable(written)}.`,
      hint: `Supported are: ${supported.map(({ name }) => name).join(', ')}.`,
    });
  return chosen.sort((a, b) => names.indexOf(a) - names.indexOf(b));
}
