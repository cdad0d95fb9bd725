import type { Duplex, Readable } from 'node:stream';
import type { ErrorInfo } from '../../shared/errors.js';
import type { Disposable } from '../base/disposable.js';
import type { Event } from '../base/emitter.js';
import type { Secret } from '../base/secret.js';

/** Where to connect and how to log in. */
export interface SshTarget {
  readonly hostname: string;
  readonly port: number;
  readonly username: string;
  readonly auth:
    | {
        readonly method: 'key';
        /** Path as the user saved it; a leading `~` is the home folder. */
        readonly keyPath: string;
      }
    | { readonly method: 'password' };
}

/**
 * What a login needs of its surroundings. Each may take as long as the user does; no login timer runs meanwhile.
 * All reject with `cancelled` when the user says no.
 */
export interface LoginPrompts {
  /** Whether to trust a key that no file knows. */
  confirmHostKey(key: { host: string; keyType: string; fingerprint: string; file: string }): Promise<boolean>;
  /** @param wrong the one that was given before did not open the key */
  passphrase(keyPath: string, wrong: boolean): Promise<Secret>;
  /** @param wrong the one that was given before was refused by the server */
  password(wrong: boolean): Promise<Secret>;
}

/** A running command on the remote machine. Its stream ends are stdin (writable) and stdout (readable). */
export interface RemoteProcess extends Disposable {
  readonly stream: Duplex;
  readonly stderr: Readable;
  /** Resolves when it has ended: the exit code, or the name of the signal, or neither when the link went away. */
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
}

/** One authenticated SSH connection. It ends once; a new one is made for a new attempt. */
export interface SshSession extends Disposable {
  /** Fires once when the link is gone, with the reason; not when `dispose` ended it. */
  readonly onDidEnd: Event<ErrorInfo>;
  /** Starts a program; `argv` is quoted for a POSIX shell, nothing in it is interpreted. */
  spawn(argv: readonly string[]): Promise<RemoteProcess>;
  /** Opens a stream to a TCP port as seen from the remote machine. Rejects with `forwardRefused`. */
  forward(host: string, port: number): Promise<Duplex>;
}

/** Opens sessions. */
export interface SshConnector {
  /**
   * Connects, verifies the host key, logs in. Rejects with the {@link SparkError} that says which of these failed.
   * @param onStep told in words what is being done
   */
  open(
    target: SshTarget,
    prompts: LoginPrompts,
    options: { connectTimeoutMs: number; keepaliveMs: number; signal: AbortSignal; onStep(step: string): void },
  ): Promise<SshSession>;
}
