import { SparkError } from '../../../shared/errors.js';
import { ConfigFiles } from './configFiles.js';
import { type Evaluated, evaluate } from './evaluation.js';
import { expandAll, expandTilde, expandTokens } from './expansion.js';
import { parseProxyJump } from './jump.js';
import { ConfigFault, type Placed, problemAt, quoted, sshConfigInvalid } from './problem.js';
import { Settings } from './settings.js';
import { checkForShell, isSafeHost, isSafeUser } from './shellSafety.js';
import type { SshConfigSurroundings } from './surroundings.js';
import type { Destination, IdentityAgent, JumpHost, Proxy, ResolvedHost } from './types.js';

const DEFAULT_PORT = 22;
/** Below ~/.ssh, in the order of OpenSSH. */
const DEFAULT_KEYS = ['id_rsa', 'id_ecdsa', 'id_ecdsa_sk', 'id_ed25519', 'id_ed25519_sk'];

/**
 * Finds out what the user's and the system's ssh_config(5) say about a host, as `ssh -G` does.
 * Rejects with `sshConfigInvalid` for anything that would make OpenSSH refuse, with `invalidInput` for a destination that it would refuse, with
 * `cancelled`, and as `exec` of the surroundings does.
 */
export async function resolveHost(
  destination: Destination,
  surroundings: SshConfigSurroundings,
  signal: AbortSignal = new AbortController().signal,
): Promise<ResolvedHost> {
  const settings = fromCaller(destination);
  const evaluated = await evaluate(destination.host, settings, {
    surroundings,
    files: new ConfigFiles(surroundings.uid),
    signal,
    report(problem) {
      throw sshConfigInvalid(problem);
    },
  });
  refuseWhereAsked(destination, settings);
  return new Resolution(evaluated, surroundings).resolve(destination.identityFiles ?? []);
}

function fromCaller({ host, user, port, proxyJump }: Destination): Settings {
  if (host === '' || !isSafeHost(host)) throw invalidInput('hostname', `${quoted(host)} is not the name of a host.`);
  const settings = new Settings();
  if (user !== undefined) {
    if (!isSafeUser(user)) throw invalidInput('username', `${quoted(user)} is not the name of a user.`);
    settings.offer('user', user, undefined);
  }
  if (port !== undefined) settings.offer('port', port, undefined);
  if (proxyJump !== undefined) settings.offerProxyJump(jumpFromCaller(proxyJump), undefined);
  return settings;
}

function jumpFromCaller(written: string): readonly JumpHost[] {
  try {
    const hops = parseProxyJump(written);
    const unsafe = hops.find(({ host, user = '' }) => !isSafeHost(host) || !isSafeUser(user));
    if (unsafe === undefined) return hops;
    throw new ConfigFault(`${quoted(written)} is not a way through other hosts.`);
  } catch (error) {
    if (error instanceof ConfigFault) throw invalidInput('proxyJump', error.message, error.hint);
    throw error;
  }
}

function invalidInput(
  field: string | undefined,
  message: string,
  hint = 'Use letters, digits and the usual punctuation of names.',
): SparkError {
  return new SparkError({ code: 'invalidInput', message, hint, field });
}

/** RefuseConnection, since OpenSSH 10.0. */
function refuseWhereAsked({ host }: Destination, settings: Settings): void {
  const refusal = settings.get('refuseconnection');
  if (refusal?.at === undefined) return;
  throw sshConfigInvalid(
    problemAt(
      refusal.at,
      new ConfigFault(
        `RefuseConnection forbids to connect to ${host}: ${quoted(refusal.value)}.`,
        'Take the line out if it no longer holds.',
      ),
    ),
  );
}

/** Makes the answer of what has been found: replaces tokens, variables and `~`, and fills in what follows from nothing being said. */
class Resolution {
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
      return { kind: 'jump', hops };
    });
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
