import * as v from 'valibot';
import { Secret } from '../base/secret.js';
import type { Keychain } from '../server/keychain.js';

const KINDS = ['password', 'passphrase', 'key'] as const;
export type SecretKind = (typeof KINDS)[number];

/** Which secret of a connection: `about` tells those of one kind apart (`user@jumphost`, a key file); without, its own. */
export interface SecretName {
  readonly kind: SecretKind;
  readonly about?: string | undefined;
}

const namesSchema = v.pipe(v.string(), v.parseJson(), v.array(v.string()));

/**
 * What one connection needs to log in again without asking. In memory until it is disconnected by the user; in the
 * keychain where the user wished so and a login has proved it right.
 */
export class LoginSecrets {
  private readonly memory = new Map<string, Secret>();
  /** One at a time: the list of names is read, added to and written. */
  private storing: Promise<void> = Promise.resolve();
  /** Entered since the last login that succeeded, and whether the keychain is to have it. */
  private readonly unproved = new Map<string, { secret: Secret; remember: boolean }>();

  /** The last login has asked something that counts once: it cannot be repeated by itself. */
  needHuman = false;

  constructor(
    private readonly connectionId: string,
    private readonly keychain: Keychain,
  ) {}

  async find(name: SecretName): Promise<Secret | undefined> {
    const key = this.keyOf(name);
    return this.memory.get(key) ?? (await this.keychain.get(key));
  }

  /** Takes what the user has just entered. */
  enter(name: SecretName, secret: Secret, remember: boolean): void {
    const key = this.keyOf(name);
    this.memory.set(key, secret);
    this.unproved.set(key, { secret, remember });
  }

  /**
   * A login has succeeded: what was entered for it is right, and only now goes to the keychain. What the keychain has
   * instead of it is wrong, and would be sent at the next login.
   */
  loginSucceeded(): void {
    for (const [key, { secret, remember }] of this.unproved)
      if (remember) void this.store(key, secret);
      else void this.dropOther(key, secret).catch(() => undefined);
    this.unproved.clear();
  }

  /** What was entered for this login was refused; sending it once more could lock the account. */
  loginRefused(): void {
    for (const key of this.unproved.keys()) this.memory.delete(key);
    this.unproved.clear();
  }

  /** Puts a secret into the keychain at once; resolves with whether it can be read back from there. */
  async keep(name: SecretName, secret: Secret): Promise<boolean> {
    const key = this.keyOf(name);
    await this.store(key, secret);
    return (await this.keychain.get(key))?.reveal() === secret.reveal();
  }

  /** Drops a secret wherever it is. Rejects when the keychain may still have it. */
  async drop(name: SecretName): Promise<void> {
    await this.dropKey(this.keyOf(name));
  }

  /** Drops everything. Rejects when the keychain may still have some of it. */
  async dropAll(): Promise<void> {
    this.forgetMemory();
    await this.storing;
    for (const key of await this.names()) await this.dropKey(key);
    await this.keychain.delete(this.indexKey);
    for (const kind of KINDS) await this.drop({ kind });
  }

  /** Drops what the user has entered for logins; a private key that was stored stays. */
  async dropEntered(): Promise<void> {
    this.forgetMemory();
    await this.storing;
    for (const key of await this.names()) await this.dropKey(key);
    for (const kind of KINDS) if (kind !== 'key') await this.drop({ kind });
  }

  forgetMemory(): void {
    this.memory.clear();
    this.unproved.clear();
  }

  private async dropKey(key: string): Promise<void> {
    this.memory.delete(key);
    this.unproved.delete(key);
    await this.keychain.delete(key);
  }

  private async dropOther(key: string, right: Secret): Promise<void> {
    const stored = await this.keychain.get(key);
    if (stored && stored.reveal() !== right.reveal()) await this.keychain.delete(key);
  }

  /** A keychain cannot be listed, so what has a name of its own is noted there too. */
  private async store(key: string, secret: Secret): Promise<void> {
    this.storing = this.storing.then(async () => await this.storeNow(key, secret));
    await this.storing;
  }

  private async storeNow(key: string, secret: Secret): Promise<void> {
    if (!KINDS.some(kind => this.keyOf({ kind }) === key)) {
      const names = new Set([...(await this.names()), key]);
      await this.keychain.store(this.indexKey, new Secret(JSON.stringify([...names])));
    }
    await this.keychain.store(key, secret);
  }

  private async names(): Promise<string[]> {
    const noted = v.safeParse(namesSchema, (await this.keychain.get(this.indexKey))?.reveal());
    const ours = (key: string) => KINDS.some(kind => key.startsWith(`${this.keyOf({ kind })}:`));
    return noted.success ? noted.output.filter(ours) : [];
  }

  private get indexKey(): string {
    return `names:${this.connectionId}`;
  }

  private keyOf({ kind, about }: SecretName): string {
    return `${kind}:${this.connectionId}${about === undefined ? '' : `:${about}`}`;
  }
}
