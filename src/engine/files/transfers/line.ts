import { SparkError } from '../../../shared/errors.js';
import type { Clock } from '../../base/clock.js';
import type { Disposable } from '../../base/disposable.js';
import type { Logger } from '../../base/logger.js';
import type { Sftp } from '../../ssh/sftpTypes.js';
import type { Sessions, SshSession } from '../../ssh/types.js';
import { isLost, openChannel } from '../channels.js';
import { Patience } from './patience.js';

/** A second connection that nobody has used for so long is closed. */
const IDLE_MS = 30_000;

interface Shared {
  readonly session: Promise<SshSession | undefined>;
  opened: SshSession | undefined;
  users: number;
  idle: Disposable | undefined;
}

/** The second connections that transfers go over, one a machine; several transfers share one. */
export class BulkSessions implements Disposable {
  private readonly shared = new Map<string, Shared>();
  private readonly ended = new AbortController();

  constructor(
    private readonly sessions: Sessions,
    private readonly clock: Clock,
  ) {}

  /** The second connection to a machine; undefined where there can be none. To be given back with {@link release}. */
  async take(connectionId: string): Promise<SshSession | undefined> {
    const known = this.shared.get(connectionId);
    const shared = known ?? this.open(connectionId);
    shared.users += 1;
    shared.idle?.dispose();
    shared.idle = undefined;
    const session = await shared.session;
    if (!session) {
      // asked again by the next transfer: the reason may have passed
      if (this.shared.get(connectionId) === shared) this.shared.delete(connectionId);
    }
    return session;
  }

  release(connectionId: string, session: SshSession): void {
    const shared = this.shared.get(connectionId);
    if (shared?.opened !== session) {
      // it has ended, and another may have taken its place
      session.dispose();
      return;
    }
    shared.users -= 1;
    if (shared.users > 0) return;
    shared.idle = this.clock.after(IDLE_MS, () => {
      this.shared.delete(connectionId);
      session.dispose();
    });
  }

  dispose(): void {
    this.ended.abort();
    for (const { session, idle } of this.shared.values()) {
      idle?.dispose();
      void session.then(opened => opened?.dispose());
    }
    this.shared.clear();
  }

  private open(connectionId: string): Shared {
    const session = this.sessions.openSecond(connectionId, this.ended.signal).catch(() => undefined);
    const shared: Shared = { session, opened: undefined, users: 0, idle: undefined };
    this.shared.set(connectionId, shared);
    void session.then(opened => {
      shared.opened = opened;
      opened?.onDidEnd(() => {
        if (this.shared.get(connectionId) === shared) this.shared.delete(connectionId);
      });
    });
    return shared;
  }
}

/** The channel that one transfer goes over: opened when first wanted, and again on the next link when it is lost. */
export class Line implements Disposable {
  private sftp: Sftp | undefined;
  private opening: Promise<Sftp> | undefined;
  private bulk: SshSession | undefined;

  constructor(
    private readonly connectionId: string,
    private readonly parts: { sessions: Sessions; bulk: BulkSessions; clock: Clock; log: Logger },
    private readonly signal: AbortSignal,
    /** Told when the link is waited for, and with null when it is there. */
    private readonly onWaiting: (error: SparkError | null) => void,
  ) {}

  /** Whether nothing else stands behind what goes over this. */
  get isOwn(): boolean {
    return this.bulk !== undefined;
  }

  /** The session that it goes over now. */
  get session(): Promise<SshSession> {
    return this.bulk ? Promise.resolve(this.bulk) : this.parts.sessions.use(this.connectionId, { quiet: true });
  }

  /**
   * A channel that works. Waits for the link as long as it is tried again; rejects with `notConnected` when it is not, and with `cancelled`.
   * @param lost why the one before does not any more
   */
  async channel(lost?: SparkError): Promise<Sftp> {
    if (this.sftp && !this.sftp.isEnded) return this.sftp;
    this.opening ??= this.open(lost).finally(() => {
      this.opening = undefined;
    });
    return await this.opening;
  }

  /** Does something that is the same when it is done twice, and does it again where the link is lost under it. */
  async surely<T>(work: (sftp: Sftp) => Promise<T>): Promise<T> {
    const patience = new Patience();
    let sftp = await this.channel();
    for (;;) {
      try {
        return await work(sftp);
      } catch (error) {
        if (!isLost(error)) throw error;
        patience.lost(error, 0);
        sftp = await this.channel(error as SparkError);
      }
    }
  }

  dispose(): void {
    this.sftp?.dispose();
    this.letGo();
  }

  private async open(lost: SparkError | undefined): Promise<Sftp> {
    const { sessions, clock, log } = this.parts;
    const { signal } = this;
    this.letGo();
    if (lost) this.onWaiting(lost);
    const session = await sessions.use(this.connectionId, { signal, waitMs: Infinity });
    this.bulk = await this.parts.bulk.take(this.connectionId);
    try {
      this.sftp = await openChannel(this.bulk ?? session, clock);
    } catch (error) {
      if (!this.bulk) throw error;
      // a server may allow this user one connection only, and say so late
      log.info(`Transfers share the connection: ${SparkError.toInfo(error).message}`);
      this.letGo();
      this.sftp = await openChannel(session, clock);
    }
    if (signal.aborted) {
      this.dispose();
      throw new SparkError({ code: 'cancelled', message: 'It was cancelled.' });
    }
    if (lost) this.onWaiting(null);
    return this.sftp;
  }

  private letGo(): void {
    if (this.bulk) this.parts.bulk.release(this.connectionId, this.bulk);
    this.bulk = undefined;
  }
}
