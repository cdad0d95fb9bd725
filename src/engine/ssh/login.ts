import ssh2 from 'ssh2';
import { SparkError } from '../../shared/errors.js';
import type { Logger } from '../base/logger.js';
import { chooseAlgorithms } from './algorithms.js';
import type { Authentication } from './authentication.js';
import type { HostKeyVerifier } from './hostKeyVerifier.js';
import { LoginTimer } from './loginTimer.js';
import {
  type Address,
  CANCELLED,
  explainConnectError,
  explainLoginEnd,
  explainTimeout,
  type LoginPhase,
} from './networkErrors.js';
import { Session } from './session.js';
import { beginConnect } from './sshSocket.js';

/** OpenSSH's number of unanswered keepalives after which a link is dead. */
const KEEPALIVE_COUNT = 3;

/**
 * The server hung up while the user was being asked something, as servers do after a minute or two. The answer was kept: the next
 * attempt uses it.
 */
export class InterruptedByQuestion extends Error {}

/** Asks the user; the time that takes is not counted. */
export type Ask = <T>(question: () => Promise<T>) => Promise<T>;

export interface LoginOptions {
  readonly address: Address;
  readonly username: string;
  readonly knownKeyTypes: readonly string[];
  readonly connectTimeoutMs: number;
  readonly keepaliveMs: number;
  readonly signal: AbortSignal;
  readonly log: Logger;
  makeVerifier(ask: Ask): HostKeyVerifier;
  makeAuthentication(ask: Ask): Authentication;
  onStep(step: string): void;
}

/** One attempt: connects, verifies, logs in. Rejects with a {@link SparkError} or {@link InterruptedByQuestion}. */
export function logIn(options: LoginOptions): Promise<Session> {
  return new Promise((resolve, reject) => {
    const { address, signal, log } = options;
    options.onStep(`Opening a connection to ${address.hostname}:${address.port}`);
    const { socket, hello, stopCopying } = beginConnect(address);
    const client = new ssh2.Client();
    let phase: LoginPhase = 'tcp';
    let done = false;
    let questions = 0;
    let lostWhileAsking = false;
    let remembered = Promise.resolve();

    const timer = new LoginTimer(options.connectTimeoutMs, () => fail(explainTimeout(phase, address, hello)));
    const ask: Ask = async question => {
      questions += 1;
      timer.pause();
      try {
        return await question();
      } finally {
        questions -= 1;
        timer.resume();
      }
    };
    const verifier = options.makeVerifier(ask);
    const authentication = options.makeAuthentication(ask);

    const finish = () => {
      done = true;
      timer.dispose();
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (error: unknown) => {
      if (done) return;
      finish();
      // ssh2 may still report on its own end
      client.removeAllListeners().on('error', () => undefined);
      socket.destroy();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const onAbort = () => fail(new SparkError(CANCELLED));
    const lost = (error: Error | undefined) => {
      if (done) return;
      if (questions > 0) lostWhileAsking = true;
      else if (phase === 'tcp') fail(explainConnectError(error, address));
      else if (phase === 'authentication' && /too many authentication failures/i.test(error?.message ?? ''))
        fail(authentication.refused());
      else fail(explainLoginEnd(phase, address, hello, error));
    };

    /** Goes on after something that may have taken a user's time. */
    const proceed = (action: () => void) => {
      if (lostWhileAsking) fail(new InterruptedByQuestion());
      else if (!done) action();
    };

    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => {
      phase = 'handshake';
      options.onStep('Verifying the host key');
    });
    client
      .on('error', lost)
      .on('end', () => lost(undefined))
      .on('close', () => lost(undefined))
      .once('handshake', negotiated => {
        phase = 'authentication';
        log.debug(`Agreed on ${negotiated.kex}, ${negotiated.serverHostKey}, ${negotiated.sc.cipher}.`);
        // ssh2's chacha20 holds on to what it is given; AES does not
        if (negotiated.sc.cipher.startsWith('aes')) stopCopying();
        remembered = verifier.remember();
        options.onStep(`Logging in as ${options.username}`);
      })
      .on('change password', () =>
        fail(
          new SparkError({
            code: 'authFailed',
            message: `The password of ${options.username} on ${address.hostname} has expired.`,
            hint: 'Log in once with "ssh" in a terminal to set a new one.',
          }),
        ),
      )
      .once('ready', () => {
        if (done) return;
        finish();
        client.removeAllListeners();
        const session = new Session({ client, socket, address, log });
        void remembered.then(() => resolve(session));
      });

    try {
      client.connect({
        sock: socket,
        username: options.username,
        // our own timer does this: it knows when the user is being asked
        readyTimeout: 0,
        keepaliveInterval: options.keepaliveMs,
        keepaliveCountMax: KEEPALIVE_COUNT,
        algorithms: chooseAlgorithms(options.knownKeyTypes),
        hostVerifier: (key: Buffer, verify: (valid: boolean) => void) => {
          if (verifier.hasAccepted) {
            verify(verifier.isAccepted(key));
            return;
          }
          verifier.verify(key).then(() => {
            proceed(() => verify(true));
          }, fail);
        },
        authHandler: (methodsLeft, partial, next) => {
          authentication.next(methodsLeft, partial, fail).then(method => {
            proceed(() => next(method));
          }, fail);
        },
      });
    } catch (error) {
      fail(error);
    }
    if (signal.aborted) onAbort();
  });
}
