import ssh2 from 'ssh2';
import { SparkError } from '../../shared/errors.js';
import type { Logger } from '../base/logger.js';
import { type AlgorithmWishes, chooseAlgorithms } from './algorithms.js';
import type { Authentication } from './authentication.js';
import type { HostKeyVerifier } from './hostKeyVerifier.js';
import type { LoginTimer } from './loginTimer.js';
import { type Address, CANCELLED, explainLoginEnd, explainTimeout, type LoginPhase } from './networkErrors.js';
import { ServerHello } from './serverHello.js';
import { Session } from './session.js';
import type { Transport } from './transport/transport.js';
import type { SshRoute } from './types.js';

/** The server hung up while the user was being asked something, as servers do after a minute or two. */
export class InterruptedByQuestion extends Error {}

/** The server has had enough of keys that it does not know (`MaxAuthTries`), and there are more. */
export class MoreToTry extends Error {}

/** Asks the user; the time that takes is not counted. */
export type Ask = <T>(question: () => Promise<T>) => Promise<T>;

/** Makes an {@link Ask} that stops a timer meanwhile. */
export function askWith(timer: LoginTimer): { ask: Ask; isAsking: () => boolean } {
  let open = 0;
  return {
    isAsking: () => open > 0,
    async ask(question) {
      open += 1;
      timer.pause();
      try {
        return await question();
      } finally {
        open -= 1;
        timer.resume();
      }
    },
  };
}

export interface LoginOptions {
  readonly transport: Transport;
  readonly address: Address;
  readonly route: SshRoute;
  readonly algorithms: AlgorithmWishes;
  /** Types of the keys by which the host is known. */
  readonly knownKeyTypes: readonly string[];
  readonly keepaliveMs: number;
  /** Intervals of silence after which the link is dead. */
  readonly keepaliveCount: number;
  readonly timer: LoginTimer;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly verifier: HostKeyVerifier;
  readonly authentication: Authentication;
  /** Whether the user is being asked something. */
  readonly isAsking: () => boolean;
  readonly onStep: (step: string) => void;
}

/** Verifies the host and logs in. Rejects with a {@link SparkError}, {@link InterruptedByQuestion} or {@link MoreToTry}. */
export function logIn(options: LoginOptions): Promise<Session> {
  return new Promise((resolve, reject) => {
    const { transport, address, verifier, authentication, timer, signal, log } = options;
    const { stream } = transport;
    const client = new ssh2.Client();
    const hello = new ServerHello();
    let phase: LoginPhase = 'handshake';
    let done = false;
    let lostWhileAsking = false;
    let remembered = Promise.resolve();

    const listen = (chunk: Buffer) => hello.feed(chunk);
    const onTimeout = () => fail(explainTimeout(phase, address, hello));
    const onAbort = () => fail(new SparkError(CANCELLED));
    const finish = () => {
      done = true;
      timer.expired.removeEventListener('abort', onTimeout);
      signal.removeEventListener('abort', onAbort);
      stream.off('data', listen);
    };
    const fail = (error: unknown) => {
      if (done) return;
      finish();
      // ssh2 may still report on its own end
      client.removeAllListeners().on('error', () => undefined);
      stream.destroy();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const lost = (error: (Error & { level?: string }) | undefined) => {
      // an agent that would not sign: the next key is tried
      if (done || error?.level === 'agent') return;
      if (options.isAsking()) lostWhileAsking = true;
      else if (phase === 'authentication' && /too many authentication failures/i.test(error?.message ?? ''))
        fail(authentication.tooManyFailures() ? new MoreToTry() : authentication.refused());
      else fail(explainLoginEnd(phase, address, hello, error, transport.complaint()));
    };
    /** To be asked after something that may have taken a user's time. */
    const isThere = () => {
      if (lostWhileAsking) fail(new InterruptedByQuestion());
      return !done;
    };

    signal.addEventListener('abort', onAbort, { once: true });
    timer.expired.addEventListener('abort', onTimeout, { once: true });
    options.onStep('Verifying the host key');
    client
      .on('error', lost)
      .on('end', () => lost(undefined))
      .on('close', () => lost(undefined))
      .once('handshake', negotiated => {
        phase = 'authentication';
        log.debug(`Agreed on ${negotiated.kex}, ${negotiated.serverHostKey}, ${negotiated.sc.cipher}.`);
        // ssh2's chacha20 holds on to what it is given; AES does not
        if (negotiated.sc.cipher.startsWith('aes')) transport.stopCopying();
        remembered = verifier.remember();
        options.onStep(`Logging in as ${options.route.username}`);
      })
      .on('change password', () => fail(passwordExpired(options.route.username, address)))
      .once('ready', () => {
        if (done) return;
        finish();
        client.removeAllListeners();
        const { route, keepaliveMs, keepaliveCount } = options;
        const session = new Session({ client, stream, address, route, log, keepaliveMs, keepaliveCount });
        void remembered.then(() => resolve(session));
      });

    try {
      client.connect({
        sock: stream,
        username: options.route.username,
        // our own timer does this: it knows when the user is being asked
        readyTimeout: 0,
        // nor its keepalives: they take an interval longer than they should, and see a dead link in a large upload
        keepaliveInterval: 0,
        algorithms: chooseAlgorithms(options.algorithms, options.knownKeyTypes),
        hostVerifier: (key: Buffer, verify: (valid: boolean) => void) => {
          if (verifier.hasAccepted) {
            verify(verifier.isAccepted(key));
            return;
          }
          verifier.verify(key).then(() => {
            if (isThere()) verify(true);
          }, fail);
        },
        authHandler: (_methodsLeft, _partial, next) => {
          authentication.next().then(method => {
            if (isThere()) next(method);
          }, fail);
        },
      });
      authentication.begin({ client, isThere, fail });
      // ssh2 has paused the stream, so this neither takes anything away from it nor comes too late
      stream.on('data', listen);
      // what has ended before ssh2 listened does not say so again
      if (stream.destroyed) setImmediate(() => lost(stream.errored ?? undefined));
    } catch (error) {
      fail(error);
    }
    if (timer.expired.aborted) onTimeout();
    if (signal.aborted) onAbort();
  });
}

function passwordExpired(username: string, { hostname }: Address): SparkError {
  return new SparkError({
    code: 'authFailed',
    message: `The password of ${username} on ${hostname} has expired.`,
    hint: 'Log in once with "ssh" in a terminal to set a new one.',
  });
}
