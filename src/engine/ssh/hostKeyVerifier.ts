import { SparkError } from '../../shared/errors.js';
import type { Logger } from '../base/logger.js';
import {
  certificateAuthorities,
  fingerprint,
  hostEntryName,
  keyTypeOf,
  type KnownHostsEntry,
  type KnownKey,
  lookUpHostKey,
} from './knownHosts.js';
import { addKnownHost } from './knownHostsFiles.js';
import { printable } from '../base/remoteText.js';
import type { LoginPrompts } from './types.js';
import type { Address } from './networkErrors.js';

/** A key that the user has trusted; outlives a connection that the server closed while the user was still reading. */
export interface HostKeyMemory {
  trusted: Buffer | undefined;
}

/** What happens with a key that no file knows; ssh_config's `StrictHostKeyChecking`, whose `no` is `accept-new` here. */
export type UnknownKeyPolicy = 'ask' | 'refuse' | 'accept-new';

export interface HostKeyVerifierOptions {
  /** The name by which the machine is known, whichever way was taken to it. */
  readonly identity: Address;
  /** Where it was reached, when that is another address: a key that is known for that is known too. */
  readonly reachedAt?: Address | undefined;
  readonly entries: readonly KnownHostsEntry[];
  /** Where an accepted key is written down; undefined for nowhere. */
  readonly file: string | undefined;
  /** Whether its name is hashed there; left out: as the other names in the file are. */
  readonly hashed?: boolean | undefined;
  readonly unknownKey: UnknownKeyPolicy;
  readonly memory: HostKeyMemory;
  readonly log: Logger;
  confirm: LoginPrompts['confirmHostKey'];
}

/** Decides whether the machine that answers is the one that was meant. Lives as long as the session: a key is shown again at each re-keying. */
export class HostKeyVerifier {
  private accepted: Buffer | undefined;
  private unwritten: Buffer | undefined;

  constructor(private readonly options: HostKeyVerifierOptions) {}

  /** Whether this is the key that was accepted before on this connection: nothing else may follow it. */
  isAccepted(key: Buffer): boolean {
    return this.accepted?.equals(key) ?? false;
  }

  get hasAccepted(): boolean {
    return this.accepted !== undefined;
  }

  /**
   * Resolves when the key may be trusted.
   * Rejects with `hostKeyChanged`, `hostKeyRevoked`, `hostKeyRejected` (the user said no) or whatever the question rejects with.
   */
  async verify(key: Buffer): Promise<void> {
    const { identity, reachedAt, entries, memory } = this.options;
    if (this.isAccepted(key)) return;
    const names = reachedAt === undefined ? [identity] : [identity, reachedAt];
    const verdicts = names.map(name => ({
      name,
      verdict: lookUpHostKey(entries, name.hostname, name.port, key),
    }));
    for (const { name, verdict } of verdicts) if (verdict.kind === 'revoked') throw revoked(name, key, verdict.by);
    const [own] = verdicts;
    if (own?.verdict.kind === 'changed') throw changed(own.name, key, own.verdict.known);
    if (!verdicts.some(({ verdict }) => verdict.kind === 'known')) {
      for (const { name, verdict } of verdicts) if (verdict.kind === 'changed') throw changed(name, key, verdict.known);
      if (!memory.trusted?.equals(key)) await this.decide(key);
      memory.trusted = Buffer.from(key);
      this.unwritten = memory.trusted;
    }
    this.accepted = Buffer.from(key);
  }

  /** Resolves when a key that no file knows may be trusted. */
  private async decide(key: Buffer): Promise<void> {
    const { identity, entries, file, unknownKey, confirm } = this.options;
    if (unknownKey === 'accept-new') return;
    const [authority] = certificateAuthorities(entries, identity.hostname, identity.port);
    const note =
      authority &&
      `${authority.file}:${authority.line} trusts host certificates for it, which are not supported here: this is its plain key.`;
    const host = hostEntryName(identity.hostname, identity.port);
    const keyType = typeInWords(keyTypeOf(key) ?? '');
    if (unknownKey === 'refuse')
      throw new SparkError({
        code: 'hostKeyUnknown',
        message: `The host key of ${host} is not known (${keyType} ${fingerprint(key)}), and your SSH config says "StrictHostKeyChecking yes".`,
        hint: 'Add the key to known_hosts yourself, for example with "ssh-keyscan", after comparing its fingerprint.',
      });
    if (await confirm({ host, keyType, fingerprint: fingerprint(key), file: file ?? '', ...(note && { note }) }))
      return;
    throw new SparkError({
      code: 'hostKeyRejected',
      message: `The host key of ${identity.hostname} was not accepted.`,
      hint: 'Compare its fingerprint with what "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" prints on the machine, then connect again.',
    });
  }

  /**
   * Writes a newly accepted key down. Called when the server has proved that it holds the private half, so that nobody can plant a line with
   * somebody else's key. A file that cannot be written only means that the question comes again.
   */
  async remember(): Promise<void> {
    const key = this.unwritten;
    if (key === undefined) return;
    this.unwritten = undefined;
    const { identity, file, hashed, log } = this.options;
    if (file === undefined) return;
    try {
      await addKnownHost(file, identity, key, hashed);
      log.info(`Added the key of ${hostEntryName(identity.hostname, identity.port)} to ${file}.`);
    } catch (error) {
      log.warn(`The accepted host key could not be written to ${file}: ${String(error)}`);
    }
  }
}

function changed(address: Address, key: Buffer, known: readonly KnownKey[]): SparkError {
  return new SparkError({
    code: 'hostKeyChanged',
    message:
      `The host key of ${address.hostname} has changed: it shows ${typeInWords(keyTypeOf(key) ?? '')} ${fingerprint(key)}, ` +
      `but known is ${known.map(entry => `${typeInWords(entry.keyType)} ${entry.fingerprint} (${entry.file}:${entry.line})`).join(', ')}.`,
    hint: `Somebody may be posing as this machine. If it was reinstalled, delete ${known.length > 1 ? 'those lines' : 'that line'} ("ssh-keygen -R '${hostEntryName(address.hostname, address.port)}'") and connect again.`,
  });
}

function revoked(address: Address, key: Buffer, by: KnownKey): SparkError {
  return new SparkError({
    code: 'hostKeyRevoked',
    message: `The host key ${fingerprint(key)} of ${address.hostname} is marked as revoked in ${by.file}:${by.line}.`,
    hint: 'Do not connect; ask whoever looks after the machine for its new key.',
  });
}

/** `ED25519`, `ECDSA`, `RSA`, as `ssh-keygen -l` says. */
export function typeInWords(type: string): string {
  if (type.startsWith('ecdsa-')) return 'ECDSA';
  // the machine's own words
  return printable(type.replace(/^ssh-/, '').toUpperCase(), 40);
}
