import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';

export type KeyType = 'ed25519' | 'ecdsa' | 'rsa';

export interface SshdOptions {
  /** Port; default any free one. */
  port?: number;
  /** Types of host keys the server has. */
  hostKeys?: KeyType[];
  /** More lines of sshd_config. They come first, so they win over the defaults. */
  config?: string[];
  /** PATH of the sessions. */
  path?: string;
  /** Their XDG_RUNTIME_DIR. */
  runtimeFolder?: string;
  /** Who logs in; default the user who runs the tests. */
  username?: string;
  /** Lines of a PAM service of its own, which then decides about passwords and questions. Needs root. */
  pam?: (folder: string) => string[];
}

/** A running OpenSSH server of its own, on loopback, for one test. */
export interface Sshd {
  readonly port: number;
  readonly username: string;
  /** Holds all files of the server and a `home` folder for the client. Removed by `stop`. */
  readonly folder: string;
  /** A client's home: its `.ssh/known_hosts` does not exist yet. */
  readonly home: string;
  /** Of the server itself; another one after a `restart`. */
  readonly pid: number;
  /** Path of the private key whose public half may log in (ed25519, OpenSSH format, no passphrase). */
  readonly clientKey: string;
  /** Public key lines (`type base64 comment`) of the host keys. */
  readonly hostKeys: readonly string[];
  /** What it has logged so far. */
  log(): string;
  /** Lets another key log in; takes the path of the private key, beside which `.pub` lies. */
  authorize(privateKeyPath: string): void;
  /** Makes the client's home know the host keys. */
  trust(): void;
  /** Stops every session as if the cable had been pulled; the result lets them go on. */
  pauseSessions(): () => void;
  /** Kills every session and all that runs in it; the server goes on. */
  killSessions(): void;
  /** Kills the server's own processes of every session. What runs in it sees its link end. */
  cutSessions(): void;
  /** Kills the server and every session it has. */
  kill(): void;
  /** After a `kill`: starts it again, on the same port and with the same keys. Resolves when it accepts connections. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const SSHD = '/usr/sbin/sshd';

/** Whether this machine has an OpenSSH server. */
export function hasSshd(): boolean {
  return existsSync(SSHD);
}

/** Makes a key pair with ssh-keygen; the public half is beside it as `.pub`. */
export function makeKey(path: string, type: KeyType, more: string[] = []): string {
  const passphrase = more.includes('-N') ? [] : ['-N', ''];
  // 3072 bits, the default, take seconds on a small machine
  const size = type === 'rsa' && !more.includes('-b') ? ['-b', '2048'] : [];
  execFileSync('ssh-keygen', ['-q', '-t', type, '-f', path, '-C', 'test', ...passphrase, ...size, ...more]);
  return path;
}

/** Starts a server and resolves when it accepts connections. */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const folder = mkdtempSync(join(tmpdir(), 'sshd-'));
  const home = join(folder, 'home');
  mkdirSync(home);
  const sessionHome = join(folder, 'session-home');
  mkdirSync(sessionHome);
  // keys are looked for as the user who logs in
  if (options.username !== undefined) chmodSync(folder, 0o711);
  // privilege separation wants it
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true });
  const types = options.hostKeys ?? ['ed25519'];
  const hostKeyPaths = types.map(type => makeKey(join(folder, `host_${type}`), type));
  const clientKey = makeKey(join(folder, 'id_ed25519'), 'ed25519');
  const authorizedKeys = join(folder, 'authorized_keys');
  writeFileSync(authorizedKeys, readFileSync(`${clientKey}.pub`));
  const port = options.port ?? (await freePort());
  const config = join(folder, 'sshd_config');
  const environment = { HOME: sessionHome, PATH: options.path, XDG_RUNTIME_DIR: options.runtimeFolder };
  writeFileSync(
    config,
    [
      ...(options.config ?? []),
      ...(options.pam ? ['UsePAM yes', 'KbdInteractiveAuthentication yes'] : []),
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      ...hostKeyPaths.map(path => `HostKey ${path}`),
      `AuthorizedKeysFile ${authorizedKeys}`,
      'PidFile none',
      'StrictModes no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin yes',
      'MaxStartups 200',
      'UseDNS no',
      'LogLevel VERBOSE',
      // not the home of whoever runs the tests: its shell's start-up files would run in each session
      // one line: of several, sshd takes the first
      `SetEnv ${Object.entries(environment)
        .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
        .join(' ')}`,
      '',
    ].join('\n'),
  );
  const pam = options.pam && ownPamService(folder, options.pam(folder));
  const lines: string[] = [];
  let pid = 0;
  let exited = Promise.resolve();
  const start = async () => {
    // a group of its own, so that its sessions can be killed with it
    const server = spawn(pam?.program ?? SSHD, ['-D', '-e', '-f', config], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    pid = server.pid ?? 0;
    exited = new Promise<void>(resolve => server.once('exit', () => resolve()));
    await listening(server, lines);
  };
  await start();
  const hostKeys = hostKeyPaths.map(path => readFileSync(`${path}.pub`, 'utf8').trim());
  const killSessions = () => {
    for (const session of sessionsOf(pid)) signal(session, 'SIGKILL');
  };
  const kill = () => {
    killSessions();
    signal(pid, 'SIGKILL');
  };
  return {
    port,
    username: options.username ?? userInfo().username,
    folder,
    home,
    get pid() {
      return pid;
    },
    clientKey,
    hostKeys,
    log: () => lines.join('\n'),
    authorize(privateKeyPath) {
      writeFileSync(authorizedKeys, readFileSync(`${privateKeyPath}.pub`), { flag: 'a' });
    },
    trust() {
      mkdirSync(join(home, '.ssh'), { recursive: true, mode: 0o700 });
      const entries = hostKeys.map(key => `[127.0.0.1]:${port},[localhost]:${port} ${key}\n`);
      writeFileSync(join(home, '.ssh', 'known_hosts'), entries.join(''), { flag: 'a', mode: 0o600 });
    },
    pauseSessions() {
      const sessions = sessionsOf(pid);
      for (const session of sessions) signal(session, 'SIGSTOP');
      return () => {
        for (const session of sessions) signal(session, 'SIGCONT');
      };
    },
    killSessions,
    cutSessions() {
      for (const session of sessionsOf(pid)) if (isServer(session)) signal(session, 'SIGKILL');
    },
    kill,
    async restart() {
      await exited;
      await start();
    },
    async stop() {
      kill();
      await exited;
      pam?.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** sshd asks PAM under the name by which it was called, so one of its own leaves the system's alone. */
function ownPamService(folder: string, lines: string[]): { program: string; remove(): void } {
  const name = `dgxt-${basename(folder).toLowerCase()}`;
  const program = join(folder, name);
  symlinkSync(SSHD, program);
  const file = `/etc/pam.d/${name}`;
  writeFileSync(file, `${lines.join('\n')}\n`);
  return { program, remove: () => rmSync(file, { force: true }) };
}

/** Resolves when the server says that it listens; rejects with what it said when it ends instead. */
function listening(server: ChildProcess, lines: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    if (server.stderr === null) throw new Error('sshd has no stderr');
    createInterface({ input: server.stderr }).on('line', line => {
      lines.push(line);
      if (line.startsWith('Server listening')) resolve();
    });
    server.once('error', reject);
    server.once('exit', code => reject(new Error(`sshd ended (${code ?? 'signal'}): ${lines.join('\n')}`)));
  });
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // already gone
  }
}

/** Process ids of everything below a process, deepest first. */
function sessionsOf(pid: number): number[] {
  let children: number[] = [];
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    // gone meanwhile
  }
  return children.flatMap(child => [...sessionsOf(child), child]);
}

function isServer(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('sshd');
  } catch {
    return false;
  }
}

/** A port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
