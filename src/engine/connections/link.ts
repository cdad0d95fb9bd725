import type { Connection, ConnectionStatus } from '../../shared/connection.js';
import { type ErrorCode, type ErrorInfo, SparkError } from '../../shared/errors.js';
import { type Backoff, exponentialBackoff } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import { type Disposable, DisposableStore, toDisposable } from '../base/disposable.js';
import { Emitter, type Event } from '../base/emitter.js';
import type { Logger } from '../base/logger.js';
import type { Ask } from '../server/questions.js';
import type { OpenOptions, SshConnector, SshSession } from '../ssh/types.js';
import { loginPrompts } from './loginPrompts.js';
import type { LoginSecrets } from './loginSecrets.js';
import { targetOf } from './sshTarget.js';

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
/** Who waits for the link does so for 20 s: with attempts further apart than this they would wait in vain for a machine that is back. */
const AWAITED_RETRY_MS = 3_000;
/** A link that held so long worked; one that did not counts as another failure. */
const HELD_MS = 10_000;
/** An attempt that gets through does so within this; one that takes longer is not what a user who asks is to wait for. */
const GRACE_MS = 1_000;
/** An answer that takes longer than this after a sleep or a change of network does not come any more. */
const SIGN_OF_LIFE_MS = 5_000;

/** Failures of the way to the machine, which may pass by themselves. All others need a human. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'hostNotFound',
  'connectionRefused',
  'hostUnreachable',
  'connectTimeout',
  'connectionLost',
  'notSsh',
]);

/** What a link is doing, without its tunnel. */
export type LinkStatus = Omit<ConnectionStatus, 'tunnel'>;

interface Attempt {
  readonly abort: AbortController;
  readonly done: Promise<SshSession>;
  /** It may not ask the user anything. */
  readonly quiet: boolean;
}

export interface LinkOptions {
  readonly connector: SshConnector;
  readonly secrets: LoginSecrets;
  readonly clock: Clock;
  readonly log: Logger;
  /** Read at each attempt, so that a changed setting or an edited connection counts from the next one on. */
  readonly timing: () => { connectTimeoutMs: number; keepaliveMs: number };
  readonly connection: () => Connection;
}

/**
 * Keeps one machine connected while the user wants it to be. A state machine: `disconnected`, `connecting`,
 * `connected`, `reconnecting` (lost, tried again by itself) and `error` (a human is needed).
 */
export class Link implements Disposable {
  private current: LinkStatus;
  private session: SshSession | undefined;
  private attempt: Attempt | undefined;
  private readonly held = new DisposableStore();
  private readonly changed = this.held.add(new Emitter<LinkStatus>());
  private readonly connected = this.held.add(new Emitter<SshSession>());
  private readonly backoff: Backoff = exponentialBackoff(FIRST_RETRY_MS, LONGEST_RETRY_MS);
  private retry: Disposable | undefined;
  private failedAt = 0;
  private awaiting = 0;
  /** Moves on when whatever was under way is let go of. */
  private epoch = 0;

  readonly onDidChange: Event<LinkStatus> = this.changed.event;
  /** Fires with each new session, first or after a loss. */
  readonly onDidConnect: Event<SshSession> = this.connected.event;

  constructor(private readonly options: LinkOptions) {
    this.current = { state: 'disconnected', since: options.clock.now() };
  }

  get status(): LinkStatus {
    return this.current;
  }

  get liveSession(): SshSession | undefined {
    return this.session;
  }

  /**
   * Connects at once, asking the user for what is needed. Calls made while an attempt runs share it, unless it may not
   * ask and hangs. Rejects with the reason; nothing is tried again by itself then, unless it was being tried before.
   */
  async connect(ask: Ask | undefined): Promise<SshSession> {
    const { epoch } = this;
    let wasTriedAnyway = false;
    for (;;) {
      if (this.held.isDisposed || this.epoch !== epoch) throw cancelled();
      if (this.session) return this.session;
      const { attempt } = this;
      if (!attempt) break;
      if (!attempt.quiet || !ask) return await attempt.done;
      // one that may not ask is running: it may be about to get through, or hang on a way that is no more
      wasTriedAnyway = true;
      await this.finishSoon(attempt);
    }
    const { state } = this.current;
    const wasComingBack = state === 'reconnecting' || (wasTriedAnyway && state === 'connecting');
    this.retry?.dispose();
    this.backoff.reset();
    this.set({ state: 'connecting' });
    return await this.begin(ask, reason => {
      if (reason.code === 'cancelled') {
        // what was entered before the question that was closed is asked for again
        this.options.secrets.forgetMemory();
        this.set({ state: 'disconnected' });
      } else if (wasComingBack && PASSING.has(reason.code)) this.retryLater(reason);
      else this.set({ state: 'error', error: reason });
    });
  }

  /** Connects in the background without asking anything, and goes on trying while only the network is in the way. */
  connectQuietly(): void {
    if (this.session || this.attempt || this.held.isDisposed) return;
    this.set({ state: 'connecting' });
    this.tryQuietly();
  }

  /**
   * Something has happened to the network or to this computer: a live session must prove that it lives, what waits for
   * its next attempt makes it now, and an attempt that nobody waits for begins anew, since its way may be gone.
   */
  checkNow(): void {
    this.backoff.reset();
    this.session?.check(SIGN_OF_LIFE_MS);
    if (this.attempt) {
      if (!this.attempt.quiet) return;
      this.abandon(this.attempt);
    } else if (this.current.state !== 'reconnecting') return;
    this.retryNow();
  }

  /** Somebody waits for a link that is coming back: until the result is disposed, attempts are not far apart. */
  awaited(): Disposable {
    this.awaiting += 1;
    const { nextAttemptAt, error } = this.current;
    const soon = this.failedAt + AWAITED_RETRY_MS;
    if (nextAttemptAt !== undefined && error !== undefined && soon < nextAttemptAt) this.retryAt(soon, error);
    return toDisposable(() => (this.awaiting -= 1));
  }

  /** @param note what the user is to know about it */
  disconnect(note?: string): void {
    this.letGo();
    this.options.secrets.forgetMemory();
    const { session } = this;
    this.session = undefined;
    // told first: what uses the session lets go of it before it ends, and has no loss to report
    this.set({ state: 'disconnected', note });
    session?.dispose();
  }

  dispose(): void {
    this.letGo();
    this.held.dispose();
    this.session?.dispose();
    this.session = undefined;
  }

  /** Ends what is under way or planned. An attempt that was let go of changes nothing here any more. */
  private letGo(): void {
    this.epoch += 1;
    this.retry?.dispose();
    if (this.attempt) this.abandon(this.attempt);
  }

  private abandon(attempt: Attempt): void {
    if (this.attempt === attempt) this.attempt = undefined;
    attempt.abort.abort();
  }

  /** Waits for the end of an attempt, and brings it about where it does not come by itself. */
  private async finishSoon(attempt: Attempt): Promise<void> {
    const { signal } = attempt.abort;
    const impatience = this.options.clock.after(GRACE_MS, () => this.abandon(attempt));
    await new Promise<void>(resolve => {
      const finish = () => {
        impatience.dispose();
        signal.removeEventListener('abort', finish);
        resolve();
      };
      signal.addEventListener('abort', finish);
      attempt.done.then(finish, finish);
    });
  }

  private tryQuietly(): void {
    this.begin(undefined, reason => {
      if (PASSING.has(reason.code)) this.retryLater(reason);
      else this.set({ state: 'error', error: reason });
    }).catch(() => undefined);
  }

  private retryLater(reason: ErrorInfo): void {
    this.failedAt = this.options.clock.now();
    const delay = this.backoff.next();
    this.retryAt(this.failedAt + (this.awaiting > 0 ? Math.min(delay, AWAITED_RETRY_MS) : delay), reason);
  }

  private retryAt(time: number, reason: ErrorInfo): void {
    const { clock } = this.options;
    this.retry?.dispose();
    this.retry = clock.after(Math.max(0, time - clock.now()), () => this.retryNow());
    this.set({ state: 'reconnecting', error: reason, nextAttemptAt: time });
  }

  private retryNow(): void {
    this.retry?.dispose();
    const { state, error } = this.current;
    this.set({ state: state === 'connecting' ? state : 'reconnecting', error });
    this.tryQuietly();
  }

  /** @param onFailure told before those who wait; not told of an attempt that was let go of */
  private async begin(ask: Ask | undefined, onFailure: (reason: ErrorInfo) => void): Promise<SshSession> {
    const abort = new AbortController();
    const done = this.openSession(ask, abort.signal).catch((error: unknown) => {
      if (abort.signal.aborted) throw cancelled();
      this.attempt = undefined;
      onFailure(SparkError.toInfo(error));
      throw error;
    });
    this.attempt = { abort, done, quiet: !ask };
    return await done;
  }

  private async openSession(ask: Ask | undefined, signal: AbortSignal): Promise<SshSession> {
    const { connector, secrets, timing, log } = this.options;
    const connection = this.options.connection();
    const session = await logIn(connector, connection, secrets, ask, {
      ...timing(),
      signal,
      onStep: step => {
        if (!signal.aborted) this.set({ ...this.current, step });
      },
    });
    if (signal.aborted) {
      session.dispose();
      throw cancelled();
    }
    this.attempt = undefined;
    this.session = session;
    session.onDidEnd(reason => {
      if (this.session !== session) return;
      this.session = undefined;
      log.info(`The link was lost: ${reason.message}`);
      // a machine that takes logins only to drop them is not to be logged in to every second
      if (this.options.clock.now() - this.current.since >= HELD_MS) this.backoff.reset();
      this.retryLater(reason);
    });
    log.info(`Connected to ${session.route.words}.`);
    this.set({ state: 'connected', via: session.route.words });
    this.connected.fire(session);
    return session;
  }

  /** `since` moves on only when the state does, so that a step of a login does not restart its clock. */
  private set(next: Omit<LinkStatus, 'since'> & { since?: number }): void {
    const since = next.state === this.current.state ? this.current.since : this.options.clock.now();
    this.current = { ...next, since };
    this.changed.fire(this.current);
  }
}

function cancelled(): SparkError {
  return new SparkError({ code: 'cancelled', message: 'Connecting was cancelled.' });
}

/** Logs in to a saved connection, and tells its secrets how what was entered fared. */
export async function logIn(
  connector: SshConnector,
  connection: Connection,
  secrets: LoginSecrets,
  ask: Ask | undefined,
  options: OpenOptions,
): Promise<SshSession> {
  secrets.needHuman = false;
  try {
    const prompts = loginPrompts(connection, secrets, ask, options.signal);
    const session = await connector.open(targetOf(connection, secrets), prompts, options);
    secrets.loginSucceeded();
    return session;
  } catch (error) {
    if (SparkError.is(error, 'authFailed') || SparkError.is(error, 'passphraseWrong')) secrets.loginRefused();
    throw error;
  }
}
