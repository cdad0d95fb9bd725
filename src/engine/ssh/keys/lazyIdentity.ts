import type { ParsedKey } from 'ssh2';
import { printable } from '../../base/remoteText.js';
import { type Identity, signatureAlgorithm, type SignatureHash } from './identity.js';
import { unusableKey } from './keyError.js';
import { keyTypeOf } from './keyTypes.js';
import { signatureOf } from './signature.js';

/** A private key of ours that may still be closed: the passphrase is asked for when a server has accepted the public half. */
export interface FileIdentity extends Identity {
  readonly kind: 'key';
  readonly source: 'file' | 'keychain';
  /** Whether `sign` would ask for the passphrase. */
  readonly isLocked: boolean;
  /** What lies beside the key and is not used, in sentences. */
  readonly notes: readonly string[];
}

export interface LazyIdentityOptions {
  /** How the user calls the key. */
  readonly shown: string;
  readonly source: 'file' | 'keychain';
  readonly publicBlob: Buffer;
  readonly opened: ParsedKey | undefined;
  readonly notes: readonly string[];
  /** Opens the key, asking what it needs to. */
  unlock(): Promise<ParsedKey>;
}

/** Opens its key at the first signature and keeps it open. */
export class LazyIdentity implements FileIdentity {
  readonly kind = 'key';
  readonly source: 'file' | 'keychain';
  readonly publicBlob: Buffer;
  readonly keyType: string;
  readonly label: string;
  readonly notes: readonly string[];
  #opened: ParsedKey | undefined;
  #opening: Promise<ParsedKey> | undefined;

  constructor(private readonly options: LazyIdentityOptions) {
    this.source = options.source;
    this.publicBlob = options.publicBlob;
    this.keyType = keyTypeOf(options.publicBlob);
    this.label = printable(options.shown, 300);
    this.notes = options.notes;
    this.#opened = options.opened;
  }

  get isLocked(): boolean {
    return this.#opened === undefined;
  }

  async sign(data: Buffer, hash: SignatureHash | undefined): Promise<Buffer> {
    // first, so that no passphrase is asked for in vain
    const algorithm = signatureAlgorithm(this, hash);
    return signatureOf(this.#opened ?? (await this.open()), data, algorithm);
  }

  /** Two connections that want the key at the same time ask once. */
  private open(): Promise<ParsedKey> {
    this.#opening ??= this.unlock().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  private async unlock(): Promise<ParsedKey> {
    const key = await this.options.unlock();
    if (!key.getPublicSSH().equals(this.publicBlob))
      throw unusableKey(
        this.label,
        `${this.label}.pub is the public half of another key`,
        `Write it anew: "ssh-keygen -y -f ${this.label} > ${this.label}.pub".`,
      );
    this.#opened = key;
    return key;
  }
}
