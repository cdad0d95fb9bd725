import type { Duplex } from 'node:stream';
import { SparkError } from '../../shared/errors.js';
import type { Clock } from '../base/clock.js';
import { type Disposable, DisposableStore } from '../base/disposable.js';
import type { Event } from '../base/emitter.js';
import type { SshSession } from '../ssh/types.js';

/** How long a request waits for the link to come back, from its arrival or from the loss that hit it. */
const WAIT_FOR_LINK_MS = 20_000;
/** A server that has not confirmed a channel after this may be gone; it is asked for a sign of life. */
const SUSPICIOUS_AFTER_MS = 4_000;
/** And has so long to give one. */
const SIGN_OF_LIFE_MS = 6_000;

export interface ForwarderOptions {
  readonly clock: Clock;
  readonly liveSession: () => SshSession | undefined;
  readonly onDidConnect: Event<SshSession>;
  /** Says that a request waits for the link, until the result is disposed. */
  readonly awaitLink: () => Disposable;
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
    for (;;) {
      const session = this.options.liveSession() ?? (await this.nextSession());
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

  private async nextSession(): Promise<SshSession> {
    const { clock, onDidConnect, awaitLink } = this.options;
    const waiting = new DisposableStore();
    try {
      waiting.add(awaitLink());
      return await new Promise((resolve, reject) => {
        waiting.add(onDidConnect(resolve));
        waiting.add(
          clock.after(WAIT_FOR_LINK_MS, () =>
            reject(new SparkError({ code: 'notConnected', message: 'The link did not come back in time.' })),
          ),
        );
      });
    } finally {
      waiting.dispose();
    }
  }
}
