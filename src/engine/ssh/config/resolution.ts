import type { Evaluated } from './evaluation.js';
import { invalidInput } from './destination.js';
import { expandAll, expandTilde, expandTokens } from './expansion.js';
import { ConfigFault, type Placed, problemAt, sshConfigInvalid } from './problem.js';
import { checkForShell } from './shellSafety.js';
import type { SshConfigSurroundings } from './surroundings.js';
import type { IdentityAgent, JumpHost, Proxy, ResolvedHost } from './types.js';

const DEFAULT_PORT = 22;
/** Below ~/.ssh, in the order of OpenSSH. */
const DEFAULT_KEYS = ['id_rsa', 'id_ecdsa', 'id_ecdsa_sk', 'id_ed25519', 'id_ed25519_sk'];

/** Makes the answer of what has been found: replaces tokens, variables and `~`, and fills in what follows from nothing being said. */
export class Resolution {
  constructor(
    private readonly found: Evaluated,
    private readonly surroundings: SshConfigSurroundings,
  ) {}

  resolve(identityFiles: readonly string[]): ResolvedHost {
    const { settings, hostname, hostKeyAlias, skippedExec, files } = this.found;
    return {
      hostname,
      port: settings.get('port')?.value ?? DEFAULT_PORT,
      user: settings.get('user')?.value,
      proxy: this.proxy(),
      ...this.identities(identityFiles),
      certificateFiles: this.paths(settings.certificateFiles),
      identitiesOnly: settings.get('identitiesonly')?.value,
      identityAgent: this.identityAgent(),
      preferredAuthentications: settings.get('preferredauthentications')?.value,
      pubkeyAuthentication: settings.get('pubkeyauthentication')?.value,
      passwordAuthentication: settings.get('passwordauthentication')?.value,
      kbdInteractiveAuthentication: settings.get('kbdinteractiveauthentication')?.value,
      numberOfPasswordPrompts: settings.get('numberofpasswordprompts')?.value,
      strictHostKeyChecking: settings.get('stricthostkeychecking')?.value,
      userKnownHostsFiles: this.userKnownHostsFiles(),
      // OpenSSH expands nothing in these
      globalKnownHostsFiles: settings.get('globalknownhostsfile')?.value,
      hostKeyAlias,
      hashKnownHosts: settings.get('hashknownhosts')?.value,
      ciphers: settings.get('ciphers')?.value,
      macs: settings.get('macs')?.value,
      kexAlgorithms: settings.get('kexalgorithms')?.value,
      hostKeyAlgorithms: settings.get('hostkeyalgorithms')?.value,
      pubkeyAcceptedAlgorithms: settings.get('pubkeyacceptedalgorithms')?.value,
      connectTimeoutMs: settings.get('connecttimeout')?.value,
      serverAliveIntervalMs: settings.get('serveraliveinterval')?.value,
      serverAliveCountMax: settings.get('serveralivecountmax')?.value,
      addressFamily: settings.get('addressfamily')?.value,
      bindAddress: settings.get('bindaddress')?.value,
      canonicalizeHostname: settings.get('canonicalizehostname')?.value ?? false,
      skippedExec,
      files,
    };
  }

  private proxy(): Proxy {
    const written = this.found.settings.proxy;
    if (written === undefined) return { kind: 'none' };
    // the only tokens that may stand in either, and %k, which OpenSSH takes too
    const { h = '', k = '', n = '', p = '', r = '' } = this.found.tokens;
    const tokens = { h, k, n, p, r };
    return placed(written, proxy => {
      if (proxy.kind === 'none') return proxy;
      if (proxy.kind === 'command')
        return { kind: 'command', command: expandTokens(proxy.command, tokens, checkForShell) };
      const hops = proxy.hops.map(({ host, user, port }) => ({
        host: expandTokens(host, tokens, checkForShell),
        user: user === undefined ? undefined : expandTokens(user, tokens, checkForShell),
        port,
      }));
      this.refuseLoop(hops.at(-1));
      return { kind: 'jump', hops };
    });
  }

  /** A host is not reached through itself, as it would be with `Host *` and the jump host's name in ProxyJump. */
  private refuseLoop(last: JumpHost | undefined): void {
    const { hostname, tokens } = this.found;
    if (last?.host !== hostname || String(last.port ?? DEFAULT_PORT) !== tokens['p']) return;
    if (last.user !== undefined && last.user !== tokens['r']) return;
    throw new ConfigFault(
      `ProxyJump leads to ${hostname} through ${hostname} itself.`,
      `Exclude it from the block with ProxyJump, as in "Host * !${hostname}", or give it "ProxyJump none" above.`,
    );
  }

  private identities(fromCaller: readonly string[]): Pick<ResolvedHost, 'identityFiles' | 'identityFilesAreDefaults'> {
    const written = this.found.settings.identityFiles;
    if (fromCaller.length === 0 && written.length === 0)
      return {
        identityFiles: DEFAULT_KEYS.map(name => expandTilde(`~/.ssh/${name}`, this.surroundings)),
        identityFilesAreDefaults: true,
      };
    const own = fromCaller.map(file => expandTilde(file, this.surroundings));
    return { identityFiles: [...new Set([...own, ...this.paths(written)])], identityFilesAreDefaults: false };
  }

  private userKnownHostsFiles(): readonly string[] | undefined {
    const written = this.found.settings.get('userknownhostsfile');
    return written?.value.map(file => this.path({ value: file, at: written.at }));
  }

  private identityAgent(): IdentityAgent | undefined {
    const written = this.found.settings.get('identityagent');
    if (written === undefined) return undefined;
    if (written.value === 'none') return { kind: 'none' };
    const variable = written.value === 'SSH_AUTH_SOCK' ? written.value : /^\$(\w+)$/.exec(written.value)?.[1];
    const path = variable === undefined ? this.path(written) : this.surroundings.env[variable];
    return path === undefined || path === '' ? { kind: 'none' } : { kind: 'socket', path };
  }

  /** All but `none`, which only keeps the usual ones from being tried. */
  private paths(written: readonly Placed<string>[]): readonly string[] {
    const files = written.filter(file => file.value.toLowerCase() !== 'none').map(file => this.path(file));
    return [...new Set(files)];
  }

  private path(written: Placed<string>): string {
    return placed(written, value =>
      expandAll(expandTilde(value, this.surroundings), this.found.tokens, this.surroundings.env),
    );
  }
}

/** Does something with a value; what is wrong with it is said with the place it comes from. */
function placed<T, U>({ value, at }: Placed<T>, use: (value: T) => U): U {
  try {
    return use(value);
  } catch (error) {
    if (!(error instanceof ConfigFault)) throw error;
    if (at === undefined) throw invalidInput(undefined, error.message, error.hint);
    throw sshConfigInvalid(problemAt(at, error));
  }
}
