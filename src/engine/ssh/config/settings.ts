import type { JumpHost } from './types.js';
import { ConfigFault, type Place, type Placed } from './problem.js';
import type { SettingName, SettingValue } from './keywords.js';

/** How to get to the host, as written: tokens are not replaced yet. */
export type WrittenProxy =
  | { readonly kind: 'jump'; readonly hops: readonly JumpHost[] }
  | { readonly kind: 'command'; readonly command: string }
  | { readonly kind: 'none' };

/** SSH_MAX_IDENTITY_FILES and SSH_MAX_CERTIFICATE_FILES of OpenSSH. */
const MAX_FILES = 100;

/** What has been found for a host so far: of each setting the first value, of the files that add up all. Nothing is expanded. */
export class Settings {
  private readonly values = new Map<SettingName, Placed<unknown>>();
  private proxyFound: Placed<WrittenProxy> | undefined;
  private jumpsNowhere = false;
  private readonly identities: Placed<string>[] = [];
  private readonly certificates: Placed<string>[] = [];

  get<K extends SettingName>(name: K): Placed<SettingValue<K>> | undefined {
    // `offer` lets nothing else in
    return this.values.get(name) as Placed<SettingValue<K>> | undefined;
  }

  /** ProxyJump or ProxyCommand, whichever came first. */
  get proxy(): Placed<WrittenProxy> | undefined {
    return this.proxyFound;
  }

  get identityFiles(): readonly Placed<string>[] {
    return this.identities;
  }

  get certificateFiles(): readonly Placed<string>[] {
    return this.certificates;
  }

  /** Takes a value unless there is one. */
  offer<K extends SettingName>(name: K, value: SettingValue<K>, at: Place | undefined): void {
    if (!this.values.has(name)) this.values.set(name, { value, at });
  }

  /** @param command undefined for `none`, which keeps a later ProxyJump from applying as well */
  offerProxyCommand(command: string | undefined, at: Place | undefined): void {
    this.proxyFound ??= { value: command === undefined ? { kind: 'none' } : { kind: 'command', command }, at };
  }

  /** @param hops empty for `none`, which keeps later ProxyJumps from applying but no ProxyCommand: so OpenSSH does it since 10.3 */
  offerProxyJump(hops: readonly JumpHost[], at: Place | undefined): void {
    if (hops.length === 0) this.jumpsNowhere = true;
    else if (!this.jumpsNowhere) this.proxyFound ??= { value: { kind: 'jump', hops }, at };
  }

  addIdentityFile(value: string, at: Place): void {
    add(this.identities, value, at);
  }

  addCertificateFile(value: string, at: Place): void {
    add(this.certificates, value, at);
  }
}

function add(files: Placed<string>[], value: string, at: Place): void {
  if (files.some(file => file.value === value)) return;
  if (files.length >= MAX_FILES) throw new ConfigFault(`More than ${MAX_FILES} such files are named.`);
  files.push({ value, at });
}
