import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Faults } from './faults.js';
import { Ollama } from './ollama/server.js';
import { type Reading, type Shape } from './smi/reading.js';
import { Publisher } from './smi/publisher.js';
import { Commands } from './ssh/commands.js';
import { fingerprint, keysOf, knownHostsForm, makeKeyPair, parseKey } from './ssh/keys.js';
import { type KeyboardInteractive } from './ssh/login.js';
import { OLLAMA_PORT } from './ssh/forwarding.js';
import { SshServer } from './ssh/server.js';

export interface SparkOptions {
  /** Of the SSH server; 0 (the default) takes a free one. */
  readonly port?: number;
  readonly host?: '127.0.0.1' | '::1';
  readonly shape?: Shape;
  /** Default: `nvidia`. */
  readonly username?: string;
  /** Left out: passwords are not a way to log in. */
  readonly password?: string;
  /** Lines of `authorized_keys`, beside those that are in that file of the home folder. */
  readonly authorizedKeys?: readonly string[];
  /** Private keys of the server, in any format that ssh2 reads; left out: a new ed25519 key. */
  readonly hostKeys?: readonly string[];
  readonly keyboardInteractive?: KeyboardInteractive;
  /** The port of this computer where the Ollama API listens; a client of the Spark finds it on 11434. 0 (the default) takes a free one. */
  readonly ollamaPort?: number;
  /** Pieces of text in an Ollama answer (12), and milliseconds between them (0). */
  readonly chunks?: number;
  readonly chunkDelayMs?: number;
}

/** A running simulated Spark. */
export interface Spark {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  /** `SHA256:...` of each host key, in the order of `hostKeys`. */
  readonly hostKeyFingerprints: readonly string[];
  /** Type and key of each host key, as in `known_hosts` but without the host. */
  readonly hostKeyLines: readonly string[];
  readonly ollamaPort: number;
  readonly ollamaUrl: string;
  readonly ollama: Ollama;
  /** Everything the Spark writes is in this temporary folder. */
  readonly folder: string;
  /** The user's home folder, a real one in it. */
  readonly home: string;
  readonly faults: Faults;
  setShape(shape: Shape): void;
  /** What `nvidia-smi` and `/proc` say now. It moves; {@link freeze} it to compare. */
  current(): Reading;
  /** Every reading is that of `seconds` after the start (0: idle, 30: busiest), until {@link thaw}. */
  freeze(seconds: number): void;
  thaw(): void;
  /** What listens on the Spark beside Ollama, and the port of this computer that stands for each. */
  serve(places: readonly { address: string; port: number; at: number }[]): void;
  /** Live SSH connections that have logged in. */
  sessions(): number;
  /** Successful logins since the start. */
  logins(): number;
  /** Attempts to log in with a key, a password or answers, right or wrong, since the start. */
  loginAttempts(): number;
  /** Forwarded connections that are open. */
  forwards(): number;
  /** Programs that run. */
  runningPrograms(): number;
  /** Command lines that were run since the start; `undefined` stands for a shell. */
  programs(): readonly (string | undefined)[];
  /** Resolves when `holds()` is true; it is asked after each change of sessions, forwards and programs. */
  until(holds: () => boolean): Promise<void>;
  /** Ends everything and removes its folder. */
  close(): Promise<void>;
}

/** Starts a simulated Spark on loopback. Rejects when a port is taken or a key cannot be read. */
export async function startSpark(options: SparkOptions = {}): Promise<Spark> {
  const { host = '127.0.0.1', username = 'nvidia', shape = 'gb10' } = options;
  const hostKeys = options.hostKeys ?? [makeKeyPair('spark').privateKey];
  const publicKeys = hostKeys.map(parseKey);
  const given = (options.authorizedKeys ?? []).map(parseKey);
  const account = {
    username,
    password: options.password,
    keys: () => [...given, ...keysOf(join(home, '.ssh', 'authorized_keys'))],
    keyboard: options.keyboardInteractive,
  };
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'spark-')));
  const home = join(folder, 'home', username.replace(/[^\w.-]/g, '_'));
  mkdirSync(home, { recursive: true, mode: 0o750 });
  const publisher = new Publisher(folder, shape);
  const surroundings = { home, username, bin: join(folder, 'bin'), procFolder: publisher.procFolder };
  const commands = new Commands(surroundings, () => ssh.changes.changed());
  const ollama = new Ollama(options.chunks, options.chunkDelayMs);
  const services = new Map<number, number>();
  const ssh = new SshServer({
    host,
    port: options.port ?? 0,
    account,
    hostKeys,
    home,
    commands,
    services,
    onSessions: live => publisher.keepFresh(live > 0),
    onProgram: () => publisher.refresh(),
  });
  const end = async (): Promise<void> => {
    ssh.weather.silent = false;
    ssh.stopListening();
    ssh.dropLinks();
    commands.killAll();
    await ollama.close();
    publisher.keepFresh(false);
    rmSync(folder, { recursive: true, force: true });
  };
  let ended: Promise<void> | undefined;
  const close = (): Promise<void> => (ended ??= end());
  try {
    await ollama.listen(options.ollamaPort ?? 0);
    services.set(OLLAMA_PORT, ollama.port);
    await ssh.listen();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    host,
    port: ssh.port,
    username,
    hostKeyFingerprints: publicKeys.map(fingerprint),
    hostKeyLines: publicKeys.map(knownHostsForm),
    ollamaPort: ollama.port,
    ollamaUrl: `http://127.0.0.1:${ollama.port}`,
    ollama,
    folder,
    home,
    faults: new Faults(ssh, publisher),
    setShape: next => publisher.setShape(next),
    current: () => publisher.current,
    freeze: seconds => publisher.freeze(seconds),
    thaw: () => publisher.thaw(),
    serve: places => {
      for (const { port, at } of places) services.set(port, at);
      publisher.setSockets(places);
    },
    sessions: () => ssh.sessions,
    logins: () => ssh.logins,
    loginAttempts: () => ssh.loginAttempts,
    forwards: () => ssh.forwards,
    runningPrograms: () => commands.running,
    programs: () => ssh.programs,
    until: holds => ssh.changes.until(holds),
    close,
  };
}
