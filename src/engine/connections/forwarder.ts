import type { Duplex } from 'node:stream';
import { SparkError } from '../../shared/errors.js';
import type { Clock } from '../base/clock.js';
import type { Event } from '../base/emitter.js';
import type { SshSession } from '../ssh/types.js';

/** How long a request that arrives while the link is down waits for it to come back. */
const WAIT_FOR_LINK_MS = 20_000;
/** A server that has not confirmed a channel after this may be gone; it is asked for a sign of life. */
const SUSPICIOUS_AFTER_MS = 4_000;
/** And has so long to give one. */
const SIGN_OF_LIFE_MS = 6_000;

export interface ForwarderOptions {
  readonly clock: Clock;
  readonly liveSession: () => SshSession | undefined;
  readonly onDidConnect: Event<SshSession>;
}

/**
 * Opens streams to ports of the machine, also across a loss of the link: a request that arrives meanwhile waits for the
 * next session, and one whose channel the server had not confirmed yet is opened again on it. Nothing was sent for it
 * until then, so nothing can happen twice.
 */
export class Forwarder {
  constructor(private readonly options: ForwarderOptions) {}

  /** Rejects with `notConnected` when the link does not come back in time, else as {@link SshSession.forward} does. */
  async forward(host: string, port: number): Promise<Duplex> {
    const { clock } = this.options;
    const deadline = clock.now() + WAIT_FOR_LINK_MS;
    for (;;) {
      const session = await this.sessionBefore(deadline);
      try {
        return await this.forwardOn(session, host, port);
      } catch (error) {
        const isLost = SparkError.is(error, 'connectionLost') || SparkError.is(error, 'notConnected');
        if (!isLost || this.options.liveSession() === session) throw error;
      }
    }
  }

  private async forwardOn(session: SshSession, host: string, port: number): Promise<Duplex> {
    const suspicion = this.options.clock.after(SUSPICIOUS_AFTER_MS, () => session.check(SIGN_OF_LIFE_MS));
    try {
      return await session.forward(host, port);
    } finally {
      suspicion.dispose();
    }
  }

  /** The live session, or the next one if the link comes back in time. */
  private async sessionBefore(deadline: number): Promise<SshSession> {
    const { clock, liveSession, onDidConnect } = this.options;
    const live = liveSession();
    if (live) return live;
    return await new Promise((resolve, reject) => {
      const late = clock.after(Math.max(0, deadline - clock.now()), () => {
        back.dispose();
        reject(new SparkError({ code: 'notConnected', message: 'The link did not come back in time.' }));
      });
      const back = onDidConnect(session => {
        late.dispose();
        back.dispose();
        resolve(session);
      });
    });
  }
}
