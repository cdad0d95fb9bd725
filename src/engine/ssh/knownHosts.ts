import { createHash, createHmac, randomBytes } from 'node:crypto';
import { matchesPatternList } from './patterns.js';

/** One usable line of a known_hosts file (format: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export interface KnownHostsEntry {
  readonly marker: 'none' | 'revoked' | 'certAuthority';
  /** The first field as it stands: patterns with commas, or `|1|salt|hash`. */
  readonly hosts: string;
  readonly keyType: string;
  readonly key: Buffer;
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

/** Where a key is written down, and which. */
export interface KnownKey {
  readonly keyType: string;
  /** As `ssh-keygen -lf` prints it. */
  readonly fingerprint: string;
  readonly file: string;
  readonly line: number;
}

/** What the files say about a key that a host has shown. */
export type HostKeyVerdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'changed'; readonly known: readonly KnownKey[] }
  | { readonly kind: 'revoked'; readonly by: KnownKey };

const DEFAULT_PORT = 22;

/**
 * Reads the lines that can be used. Comments, empty lines, lines of the SSH 1 protocol and damaged lines are passed over, as OpenSSH does:
 * a line that cannot be read vouches for nothing.
 */
export function parseKnownHosts(text: string, file: string): KnownHostsEntry[] {
  return text.split('\n').flatMap((raw, index) => {
    const entry = parseLine(raw.trim());
    return entry === null ? [] : [{ ...entry, file, line: index + 1 }];
  });
}

function parseLine(line: string): Pick<KnownHostsEntry, 'marker' | 'hosts' | 'keyType' | 'key'> | null {
  if (line === '' || line.startsWith('#')) return null;
  const fields = line.split(/[ \t]+/);
  let marker: KnownHostsEntry['marker'] = 'none';
  if (fields[0]?.startsWith('@')) {
    const word = fields.shift();
    if (word === '@revoked') marker = 'revoked';
    else if (word === '@cert-authority') marker = 'certAuthority';
    else return null;
  }
  const [hosts, keyType, base64] = fields;
  if (hosts === undefined || keyType === undefined || base64 === undefined) return null;
  const key = Buffer.from(base64, 'base64');
  return keyTypeOf(key) === keyType ? { marker, hosts, keyType, key } : null;
}

/** The type that a public key blob names itself (RFC 4253, 6.6), or null when it is none. */
export function keyTypeOf(blob: Buffer): string | null {
  if (blob.length < 4) return null;
  const length = blob.readUInt32BE(0);
  return length > 0 && length <= 64 && blob.length > 4 + length ? blob.toString('latin1', 4, 4 + length) : null;
}

/** `SHA256:` and base64 without padding, as `ssh-keygen -lf` prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** How known_hosts files call a host: its name, with the port where it is not 22. */
export function hostEntryName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === DEFAULT_PORT ? name : `[${name}]:${port}`;
}

/**
 * Judges a key that a host has shown.
 *
 * A key of another type than the known ones counts as changed, as in OpenSSH: else whoever poses as the host had only to show a type that is not
 * known. `@cert-authority` lines speak of host certificates, which ssh2 does not know; they say nothing about a plain key. As in OpenSSH a host on
 * another port than 22 that no line names with its port is also known by a line that has its bare name and the same key.
 */
export function lookUpHostKey(
  entries: readonly KnownHostsEntry[],
  host: string,
  port: number,
  key: Buffer,
): HostKeyVerdict {
  const verdict = judge(entries, hostEntryName(host, port), key);
  if (verdict.kind !== 'unknown' || port === DEFAULT_PORT) return verdict;
  const bare = judge(entries, hostEntryName(host, DEFAULT_PORT), key);
  return bare.kind === 'known' || bare.kind === 'revoked' ? bare : verdict;
}

function judge(entries: readonly KnownHostsEntry[], name: string, key: Buffer): HostKeyVerdict {
  const matching = entries.filter(entry => entry.marker !== 'certAuthority' && matchesHost(entry.hosts, name));
  const revoked = matching.find(entry => entry.marker === 'revoked' && entry.key.equals(key));
  if (revoked) return { kind: 'revoked', by: describe(revoked) };
  const plain = matching.filter(entry => entry.marker === 'none');
  if (plain.some(entry => entry.key.equals(key))) return { kind: 'known' };
  return plain.length > 0 ? { kind: 'changed', known: plain.map(describe) } : { kind: 'unknown' };
}

/** Where the files name an authority whose certificates they would trust for a host. */
export function certificateAuthorities(
  entries: readonly KnownHostsEntry[],
  host: string,
  port: number,
): readonly KnownHostsEntry[] {
  const name = hostEntryName(host, port);
  return entries.filter(entry => entry.marker === 'certAuthority' && matchesHost(entry.hosts, name));
}

/** Key types by which the files know a host; the algorithms offered to it should begin with them. */
export function knownKeyTypes(entries: readonly KnownHostsEntry[], host: string, port: number): string[] {
  const typesOf = (name: string) =>
    entries.filter(entry => entry.marker === 'none' && matchesHost(entry.hosts, name)).map(entry => entry.keyType);
  const types = typesOf(hostEntryName(host, port));
  return [...new Set(types.length > 0 ? types : typesOf(hostEntryName(host, DEFAULT_PORT)))];
}

function describe(entry: KnownHostsEntry): KnownKey {
  return { keyType: entry.keyType, fingerprint: fingerprint(entry.key), file: entry.file, line: entry.line };
}

/** Whether the hosts field of a line means this host, whose name is in lower case (see {@link hostEntryName}). */
export function matchesHost(hosts: string, name: string): boolean {
  return hosts.startsWith('|') ? matchesHashed(hosts, name) : matchesPatternList(hosts.toLowerCase(), name);
}

function matchesHashed(hosts: string, name: string): boolean {
  const [, version, salt, hash] = hosts.split('|');
  if (version !== '1' || salt === undefined || hash === undefined) return false;
  return hashName(name, Buffer.from(salt, 'base64')).equals(Buffer.from(hash, 'base64'));
}

function hashName(name: string, salt: Buffer): Buffer {
  return createHmac('sha1', salt).update(name).digest();
}

/**
 * The line that makes a host known by a key, without its line end.
 * @param hashed hides the name behind a salted hash, as `HashKnownHosts yes` does
 */
export function formatEntry(host: string, port: number, key: Buffer, hashed: boolean): string {
  const name = hostEntryName(host, port);
  let field = name;
  // a name that would read as something else in this format can still be written hashed
  if (hashed || /[\s,*?!|#@]/.test(name)) {
    const salt = randomBytes(20);
    field = `|1|${salt.toString('base64')}|${hashName(name, salt).toString('base64')}`;
  }
  return `${field} ${keyTypeOf(key) ?? ''} ${key.toString('base64')}`;
}
