import type { Secret } from '../base/secret.js';
import type { Keychain } from '../server/keychain.js';

const KINDS = ['password', 'passphrase'] as const;
export type SecretKind = (typeof KINDS)[number];

/**
 * What one connection needs to log in again without asking. In memory until it is disconnected by the user; in the
 * keychain where the user wished so and a login has proved it right.
 */
export class LoginSecrets {
  private readonly memory = new Map<SecretKind, Secret>();
  /** Entered since the last login that succeeded, and whether the keychain is to have it. */
  private readonly unproved = new Map<SecretKind, { secret: Secret; remember: boolean }>();

  constructor(
    private readonly connectionId: string,
    private readonly keychain: Keychain,
  ) {}

  async find(kind: SecretKind): Promise<Secret | undefined> {
    return this.memory.get(kind) ?? (await this.keychain.get(this.key(kind)));
  }

  /** Takes what the user has just entered. */
  enter(kind: SecretKind, secret: Secret, remember: boolean): void {
    this.memory.set(kind, secret);
    this.unproved.set(kind, { secret, remember });
  }

  /** A login has succeeded: what was entered for it is right, and only now goes to the keychain. */
  loginSucceeded(): void {
    for (const [kind, { secret, remember }] of this.unproved)
      if (remember) void this.keychain.store(this.key(kind), secret);
    this.unproved.clear();
  }

  /** What was entered for this login was refused; sending it once more could lock the account. */
  loginRefused(): void {
    for (const kind of this.unproved.keys()) this.memory.delete(kind);
    this.unproved.clear();
  }

  /** Drops a secret wherever it is. Rejects when the keychain may still have it. */
  async drop(kind: SecretKind): Promise<void> {
    this.memory.delete(kind);
    this.unproved.delete(kind);
    await this.keychain.delete(this.key(kind));
  }

  /** Drops everything. Rejects when the keychain may still have some of it. */
  async dropAll(): Promise<void> {
    this.forgetMemory();
    for (const kind of KINDS) await this.drop(kind);
  }

  forgetMemory(): void {
    this.memory.clear();
    this.unproved.clear();
  }

  private key(kind: SecretKind): string {
    return `${kind}:${this.connectionId}`;
  }
}
