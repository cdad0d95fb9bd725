import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { applyAlgorithmList } from '../../../src/engine/ssh/config/algorithmList.js';
import { resolveHost } from '../../../src/engine/ssh/config/resolveHost.js';
import { type SshConfigSurroundings, systemSurroundings } from '../../../src/engine/ssh/config/surroundings.js';
import type { Destination, Proxy, ResolvedHost } from '../../../src/engine/ssh/config/types.js';
import { SparkError } from '../../../src/shared/errors.js';

/** A configuration and a host to look up in it. `@@` in a text is the folder that holds the files. */
export interface ConfigCase {
  /** The user's file, or several by name; `config` is the user's. */
  readonly files: string | Readonly<Record<string, string>>;
  readonly destination?: Destination;
  /** Our home is `home` in that folder, as HOME tells OpenSSH for Include; else it is the real one. */
  readonly ownHome?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly surroundings?: Partial<SshConfigSurroundings>;
}

/** What OpenSSH says: its settings by keyword, or what is wrong and in which line. */
export type OpenSshAnswer =
  | { readonly settings: ReadonlyMap<string, readonly string[]> }
  | { readonly refusal: string; readonly line: number | undefined };

export class Oracle {
  readonly folder = mkdtempSync(join(tmpdir(), 'ssh-config-'));
  readonly home = join(this.folder, 'home');
  private readonly baselines = new Map<string, ReadonlyMap<string, readonly string[]>>();

  /** Whether this machine has an OpenSSH client whose files are where ours are. */
  get isThere(): boolean {
    return process.platform !== 'win32' && spawnSync('ssh', ['-V']).error === undefined;
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Looks a case up with both, and fails where they differ. Resolves with what ours says, undefined when both refuse. */
  async compare(given: ConfigCase): Promise<ResolvedHost | undefined> {
    const destination = this.destination(given);
    this.write(given);
    const theirs = this.openSsh(given, destination);
    let ours: ResolvedHost;
    try {
      ours = await resolveHost(destination, this.surroundings(given));
    } catch (error) {
      assert.ok(SparkError.is(error, 'sshConfigInvalid'), String(error));
      assert.ok('refusal' in theirs, `only ours refuses: ${error.message}`);
      if (theirs.line !== undefined) assert.match(error.message, new RegExp(`:${theirs.line}: `), theirs.refusal);
      return undefined;
    }
    if ('refusal' in theirs) assert.fail(`only OpenSSH refuses: ${theirs.refusal}`);
    this.compareSettings(ours, theirs.settings, this.baseline(destination));
    return ours;
  }

  /** Our answer, without OpenSSH's. */
  async ours(given: ConfigCase): Promise<ResolvedHost> {
    this.write(given);
    return resolveHost(this.destination(given), this.surroundings(given));
  }

  /** What `ssh -v` says it does, for that which `-G` shows unexpanded. The case needs a ProxyCommand, else it would connect. */
  verbose(given: ConfigCase, pattern: RegExp): string[] {
    const destination = this.destination(given);
    this.write(given);
    const { stderr } = this.run(['-v', '-o', 'BatchMode=yes', ...this.arguments(destination)], given);
    return [...stderr.matchAll(pattern)].map(match => match[1] ?? '');
  }

  private write({ files }: ConfigCase): void {
    rmSync(this.home, { recursive: true, force: true });
    for (const [name, text] of Object.entries(typeof files === 'string' ? { config: files } : files)) {
      const path = join(this.home, '.ssh', name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text.replaceAll('@@', join(this.home, '.ssh')), { mode: 0o600 });
    }
  }

  private destination({ destination = { host: 'spark' } }: ConfigCase): Destination {
    const identityFiles = destination.identityFiles?.map(file => file.replaceAll('@@', join(this.home, '.ssh')));
    return { ...destination, ...(identityFiles === undefined ? {} : { identityFiles }) };
  }

  private surroundings({ ownHome = false, env, surroundings }: ConfigCase): SshConfigSurroundings {
    const system = systemSurroundings({ ...process.env, ...env });
    return {
      ...system,
      ...(ownHome ? { home: this.home } : {}),
      userFile: join(this.home, '.ssh', 'config'),
      systemFile: join(this.folder, 'none'),
      ...surroundings,
    };
  }

  private openSsh(given: ConfigCase, destination: Destination): OpenSshAnswer {
    const { status, stdout, stderr } = this.run(['-G', ...this.arguments(destination)], given);
    if (status === 0) return { settings: parse(stdout) };
    const line = /line (\d+)/.exec(stderr)?.[1];
    return { refusal: stderr, line: line === undefined ? undefined : Number(line) };
  }

  private run(args: readonly string[], { ownHome = false, env }: Pick<ConfigCase, 'ownHome' | 'env'>) {
    const result = spawnSync('ssh', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env, ...(ownHome ? { HOME: this.home } : {}) },
    });
    if (result.error !== undefined) throw result.error;
    return result;
  }

  private arguments(destination: Destination, file = join(this.home, '.ssh', 'config')): string[] {
    const { host, user, port, identityFiles = [], proxyJump } = destination;
    return [
      '-F',
      file,
      ...(user === undefined ? [] : ['-l', user]),
      ...(port === undefined ? [] : ['-p', String(port)]),
      ...identityFiles.flatMap(path => ['-i', path]),
      ...(typeof proxyJump === 'string' ? ['-J', proxyJump] : []),
      '--',
      host,
    ];
  }

  /** What OpenSSH says without any file, to tell what the files have set. */
  private baseline(destination: Destination): ReadonlyMap<string, readonly string[]> {
    const key = JSON.stringify(destination);
    const known = this.baselines.get(key);
    if (known !== undefined) return known;
    const { stdout } = this.run(['-G', ...this.arguments(destination, 'none')], {});
    const found = parse(stdout);
    this.baselines.set(key, found);
    return found;
  }

  private compareSettings(
    ours: ResolvedHost,
    theirs: ReadonlyMap<string, readonly string[]>,
    baseline: ReadonlyMap<string, readonly string[]>,
  ): void {
    const get = (keyword: string) => theirs.get(keyword);
    const seconds = (ms: number | undefined) => (ms === undefined ? undefined : String(ms / 1000));
    const yes = (value: boolean | undefined) => (value === undefined ? undefined : value ? 'yes' : 'no');
    const line = (files: readonly string[] | undefined) => files && (files.length === 0 ? 'none' : files.join(' '));
    const agent = ours.identityAgent;
    const expected: Record<string, string | undefined> = {
      hostname: ours.hostname,
      user: ours.user ?? userInfo().username,
      port: String(ours.port),
      addressfamily: ours.addressFamily,
      bindaddress: ours.bindAddress,
      connecttimeout: seconds(ours.connectTimeoutMs),
      serveraliveinterval: seconds(ours.serverAliveIntervalMs),
      serveralivecountmax: ours.serverAliveCountMax?.toString(),
      numberofpasswordprompts: ours.numberOfPasswordPrompts?.toString(),
      hashknownhosts: yes(ours.hashKnownHosts),
      identitiesonly: yes(ours.identitiesOnly),
      passwordauthentication: yes(ours.passwordAuthentication),
      kbdinteractiveauthentication: yes(ours.kbdInteractiveAuthentication),
      hostkeyalias: ours.hostKeyAlias,
      preferredauthentications: ours.preferredAuthentications?.join(','),
      userknownhostsfile: line(ours.userKnownHostsFiles),
      globalknownhostsfile: line(ours.globalKnownHostsFiles),
    };
    const actual = Object.fromEntries(Object.keys(expected).map(keyword => [keyword, get(keyword)?.join('\n')]));
    for (const keyword of Object.keys(expected)) expected[keyword] ??= baseline.get(keyword)?.join('\n');
    assert.deepEqual(expected, actual);

    const written = (value: string) => (value === 'true' ? 'yes' : value === 'false' ? 'no' : value);
    const compareLoosely = (keyword: string, value: string | undefined, same: (theirs: string) => string) => {
      const [their = ''] = get(keyword) ?? [];
      if (value === undefined) assert.equal(their, baseline.get(keyword)?.[0] ?? '', keyword);
      else assert.equal(value, same(their), keyword);
    };
    const off = (value: string) => (value === 'off' ? 'no' : written(value));
    compareLoosely('stricthostkeychecking', ours.strictHostKeyChecking, off);
    compareLoosely('pubkeyauthentication', yes(ours.pubkeyAuthentication), value =>
      ['unbound', 'host-bound'].includes(value) ? 'yes' : written(value),
    );
    compareLoosely('identityagent', agent && (agent.kind === 'none' ? 'none' : agent.path), value =>
      value === 'none' ? value : value.startsWith('/') ? value : agent?.kind === 'socket' ? agent.path : 'none',
    );
    this.compareAlgorithms(ours, theirs, baseline);
    compareFiles('identityfile', ours.identityFilesAreDefaults ? undefined : ours.identityFiles, theirs, baseline);
    compareFiles('certificatefile', ours.certificateFiles, theirs, baseline);
    compareProxy(ours.proxy, get('proxycommand')?.[0], get('proxyjump')?.[0]);
  }

  private compareAlgorithms(
    ours: ResolvedHost,
    theirs: ReadonlyMap<string, readonly string[]>,
    baseline: ReadonlyMap<string, readonly string[]>,
  ): void {
    const lists: [string, string | undefined, string][] = [
      ['ciphers', ours.ciphers, 'cipher'],
      ['macs', ours.macs, 'mac'],
      ['kexalgorithms', ours.kexAlgorithms, 'kex'],
      ['hostkeyalgorithms', ours.hostKeyAlgorithms, 'HostKeyAlgorithms'],
      ['pubkeyacceptedalgorithms', ours.pubkeyAcceptedAlgorithms, 'HostKeyAlgorithms'],
    ];
    for (const [keyword, written, query] of lists) {
      const usual = baseline.get(keyword)?.[0]?.split(',') ?? [];
      const wanted =
        written === undefined
          ? usual
          : applyAlgorithmList(written, usual, this.run(['-Q', query], {}).stdout.trim().split('\n'));
      assert.deepEqual(wanted, theirs.get(keyword)?.[0]?.split(','), keyword);
    }
  }
}

/** `-G` shows files as written; where that has tokens, `ssh -v` is asked instead (see the tests of tokens). */
function compareFiles(
  keyword: string,
  ours: readonly string[] | undefined,
  theirs: ReadonlyMap<string, readonly string[]>,
  baseline: ReadonlyMap<string, readonly string[]>,
): void {
  const written = [...new Set(theirs.get(keyword) ?? [])];
  if (ours === undefined) assert.deepEqual(written, baseline.get(keyword), keyword);
  else if (!written.some(file => /[%$]/.test(file)))
    assert.deepEqual(
      ours,
      written.filter(file => file !== 'none').map(file => file.replace(/^~\/+/, () => `${userInfo().homedir}/`)),
      keyword,
    );
}

function compareProxy(ours: Proxy, command: string | undefined, jump: string | undefined): void {
  if (ours.kind === 'none') assert.deepEqual([command, jump], [undefined, undefined]);
  else if (ours.kind === 'command') {
    assert.equal(jump, undefined);
    if (!command?.includes('%')) assert.equal(ours.command, command);
  } else {
    const hops = jump?.split(',').map(hop => {
      const [, user, host, port] = /^(?:ssh:\/\/)?(?:(.*)@)?(\[.*\]|[^:]*?)(?::(\d+))?\/?$/.exec(hop) ?? [];
      return { host: host?.replace(/^\[(.*)\]$/, '$1'), user, port: port === undefined ? undefined : Number(port) };
    });
    assert.deepEqual(ours.hops, hops);
  }
}

function parse(text: string): ReadonlyMap<string, readonly string[]> {
  const settings = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [, keyword = '', value = ''] = /^(\S+) (.*)$/s.exec(line) ?? [];
    if (keyword !== '') settings.set(keyword, [...(settings.get(keyword) ?? []), value]);
  }
  return settings;
}
