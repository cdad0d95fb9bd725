import type { SshSession, Sessions, UseOptions } from '../../src/engine/ssh/types.js';
import { SparkError } from '../../src/shared/errors.js';
import { openSession } from '../integration/ssh/openSession.js';
import { type Sshd, type SshdOptions, startSshd } from './sshd.js';

/** Sessions with one server, connected again whenever the link is lost, as the engine's are. */
export class TestSessions implements Sessions {
  /** Whether transfers may have a connection of their own. */
  allowsSecond = true;
  /** The user has disconnected: nothing connects by itself any more. */
  disconnected = false;
  readonly opened: SshSession[] = [];
  private current: Promise<SshSession> | undefined;

  constructor(readonly sshd: Sshd) {}

  static async start(options: SshdOptions = {}): Promise<TestSessions> {
    const sshd = await startSshd(options);
    sshd.trust();
    return new TestSessions(sshd);
  }

  async use(_connectionId: string, { signal }: UseOptions = {}): Promise<SshSession> {
    if (signal?.aborted) throw new SparkError({ code: 'cancelled', message: 'Cancelled.' });
    if (this.disconnected) throw new SparkError({ code: 'notConnected', message: 'It is not connected.' });
    if (this.current) return await this.current;
    const opening = this.open();
    this.current = opening;
    opening.then(
      session =>
        session.onDidEnd(() => {
          if (this.current === opening) this.current = undefined;
        }),
      () => {
        if (this.current === opening) this.current = undefined;
      },
    );
    return await opening;
  }

  async openSecond(): Promise<SshSession | undefined> {
    return this.allowsSecond && !this.disconnected ? await this.open() : undefined;
  }

  /** Ends every session as the user's disconnecting does. */
  disconnect(): void {
    this.disconnected = true;
    this.current = undefined;
    for (const session of this.opened.splice(0)) session.dispose();
  }

  async stop(): Promise<void> {
    this.disconnect();
    await this.sshd.stop();
  }

  private async open(): Promise<SshSession> {
    const { port, username, clientKey, home } = this.sshd;
    const target = { hostname: '127.0.0.1', port, username, auth: { method: 'key', keyPath: clientKey } as const };
    // a server that kills its sessions may not answer for a moment
    for (let attempt = 1; ; attempt++) {
      try {
        const session = await openSession({ target, home });
        this.opened.push(session);
        return session;
      } catch (error) {
        if (attempt === 5) throw error;
      }
    }
  }
}
