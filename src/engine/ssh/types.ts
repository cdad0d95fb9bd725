import type { Duplex, Readable } from 'node:stream';
import type { ErrorInfo } from '../../shared/errors.js';
import type { Disposable } from '../base/disposable.js';
import type { Event } from '../base/emitter.js';
import type { Secret } from '../base/secret.js';
import type { Sftp } from './sftpTypes.js';

/** How to prove who we are. */
export type SshLogin =
  /** As `ssh` does: the agent, the keys of ssh_config, the usual key files, then what the server asks. */
  | { readonly method: 'auto' }
  /** One key file and no other; a leading `~` is the home folder. */
  | { readonly method: 'key'; readonly keyPath: string }
  /** One private key that is kept in the keychain. */
  | { readonly method: 'storedKey'; readonly label: string; read(): Promise<Secret | undefined> }
  /** A password, by whichever method the server takes one. */
  | { readonly method: 'password' };

/** One way to the machine; what is left out comes from ssh_config. */
export interface SshWay {
  /** What would be typed after `ssh`: a host name, an address or a `Host` alias of ssh_config. */
  readonly host: string;
  readonly port: number | undefined;
  /** Jump hosts as ssh's `-J` takes them. */
  readonly proxyJump: string | undefined;
}

/** Where to connect and how to log in. */
export interface SshTarget {
  /** At least one. The first is the machine's own name: its host key is known by it, whichever way is taken. */
  readonly ways: readonly SshWay[];
  /** Left out: as ssh_config says, else the name of the local user. */
  readonly username: string | undefined;
  readonly login: SshLogin;
  /** The address at which the first way was reached last; tried when its name is not known on the network. */
  readonly lastAddress: string | undefined;
}

/** Who wants to log in where. */
export interface LoginParty {
  /** `user@host`. */
  readonly name: string;
  /** It is a machine on the way, not the one that the user wants to reach. */
  readonly isJumpHost: boolean;
}

/** A question of the server's in a `keyboard-interactive` login (RFC 4256). Its words are the server's: untrusted. */
export interface LoginQuestion {
  readonly name: string;
  readonly instructions: string;
  readonly prompts: readonly {
    readonly text: string;
    /** Whether what is typed may be seen. */ readonly echo: boolean;
  }[];
}

/**
 * What a login needs of its surroundings. Each may take as long as the user does; no login timer runs meanwhile.
 * All reject with `cancelled` when the user says no.
 */
export interface LoginPrompts {
  /** Whether to trust a key that no file knows. */
  confirmHostKey(key: {
    host: string;
    keyType: string;
    fingerprint: string;
    /** Where it will be written down; empty for nowhere. */
    file: string;
    /** What else is to be known about it. */
    note?: string;
  }): Promise<boolean>;
  /** @param wrong the one that was given before did not open the key */
  passphrase(keyPath: string, wrong: boolean): Promise<Secret>;
  /** @param wrong the one that was given before was refused by the server; `perhaps`: together with other answers */
  password(who: LoginParty, wrong: boolean | 'perhaps'): Promise<Secret>;
  /**
   * One answer a prompt, in their order. Never kept: they may be codes that count once.
   * @param wrong those that were given before were refused
   */
  answers(who: LoginParty, question: LoginQuestion, wrong: boolean): Promise<Secret[]>;
}

/** A running command on the remote machine. Its stream ends are stdin (writable) and stdout (readable). */
export interface RemoteProcess extends Disposable {
  readonly stream: Duplex;
  readonly stderr: Readable;
  /** Resolves when it has ended: the exit code, or the name of the signal, or neither when the link went away. */
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
}

/** In characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** A program in a terminal of its own; what it prints on either output comes out of its stream. */
export interface RemoteTerminal extends RemoteProcess {
  resize(size: TerminalSize): void;
}

/** The way that a session has taken. */
export interface SshRoute {
  /** The user that is logged in. */
  readonly username: string;
  readonly hostname: string;
  readonly port: number;
  /** The numeric address, where the connection is a direct one. */
  readonly address: string | undefined;
  /** In words: `spark.local:22`, `[fd00::7]:22 via gateway`. */
  readonly words: string;
}

/** One authenticated SSH connection. It ends once; a new one is made for a new attempt. */
export interface SshSession extends Disposable {
  readonly route: SshRoute;
  /** Fires once when the link is gone, with the reason; not when `dispose` ended it. */
  readonly onDidEnd: Event<ErrorInfo>;
  /** Starts a program; `argv` is quoted for a POSIX shell, nothing in it is interpreted. */
  spawn(argv: readonly string[]): Promise<RemoteProcess>;
  /** Starts a program in a terminal, as {@link spawn} does; the login shell where none is named. */
  terminal(size: TerminalSize, argv?: readonly string[]): Promise<RemoteTerminal>;
  /** Opens a channel for files. Rejects with `sftpUnavailable`. */
  sftp(): Promise<Sftp>;
  /** Opens a stream to a TCP port as seen from the remote machine. Rejects with `forwardRefused`. */
  forward(host: string, port: number): Promise<Duplex>;
  /** Opens a stream to a Unix socket of the remote machine. Rejects with `forwardRefused`, also where the server cannot. */
  forwardSocket(path: string): Promise<Duplex>;
  /** Asks the other side for a sign of life; when none comes within `limitMs` milliseconds the link counts as lost. */
  check(limitMs: number): void;
}

/** What an attempt to log in is bounded by. */
export interface OpenOptions {
  /** For each machine on the way, without the time that questions take. */
  readonly connectTimeoutMs: number;
  readonly keepaliveMs: number;
  readonly signal: AbortSignal;
  /** Told in words what is being done. */
  readonly onStep: (step: string) => void;
}

/** Opens sessions. */
export interface SshConnector {
  /** Connects, verifies the host key, logs in. Rejects with the {@link SparkError} that says which of these failed. */
  open(target: SshTarget, prompts: LoginPrompts, options: OpenOptions): Promise<SshSession>;
}

/** How a session is asked for. */
export interface UseOptions {
  readonly signal?: AbortSignal | undefined;
  /** How long a link that is coming may take; without, as long as a user would wait. */
  readonly waitMs?: number | undefined;
  /** It does not count as use: nobody has done anything. */
  readonly quiet?: boolean | undefined;
}

/** The sessions of the saved connections, for those who work over them. */
export interface Sessions {
  /**
   * The live session of a connection; waits where it is being connected. Never connects by itself and asks nothing. Rejects with `notConnected`,
   * with `cancelled`, and with `notFound` where there is no such connection.
   */
  use(connectionId: string, options?: UseOptions): Promise<SshSession>;
  /**
   * Another session with the same machine, so that much data does not stand in the way of little. Undefined where a login would need a human,
   * and where it fails. Belongs to the caller.
   */
  openSecond(connectionId: string, signal: AbortSignal): Promise<SshSession | undefined>;
}
