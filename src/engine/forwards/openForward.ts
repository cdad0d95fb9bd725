import type { Duplex } from 'node:stream';
import type { Forward, ForwardStatus, ForwardTraffic } from '../../shared/forwards.js';
import { SparkError } from '../../shared/errors.js';
import type { Disposable } from '../base/disposable.js';
import type { Logger } from '../base/logger.js';
import type { findFreePort } from '../tunnel/loopbackListener.js';
import type { openTunnel, Tunnel } from '../tunnel/tunnel.js';

/** What the tunnel area does for a forward. */
export interface ForwardTools {
  readonly openTunnel: typeof openTunnel;
  readonly findFreePort: typeof findFreePort;
}

/** Programs that are not the administrator's may not listen below this. */
const FIRST_FREE_PORT = 1024;
/** Where those that may not go instead: 80 becomes 8080, 443 becomes 8443. */
const INSTEAD_OFFSET = 8000;

/** A saved forward at work. */
export class OpenForward implements Disposable {
  private tunnel: Tunnel | undefined;
  private failure: SparkError | undefined;
  private opening: Promise<number> | undefined;
  private wanted = false;

  /** @param route opens a stream to where it leads; may take a while when the link is coming back */
  constructor(
    /** As it is saved now. */
    public forward: Forward,
    private readonly tools: ForwardTools,
    private readonly route: (host: string, port: number) => Promise<Duplex>,
    private readonly log: Logger,
  ) {}

  get status(): ForwardStatus {
    if (this.tunnel) return { state: 'open', localPort: this.tunnel.localPort };
    if (this.failure) return { state: 'error', error: SparkError.toInfo(this.failure) };
    return { state: 'closed' };
  }

  get traffic(): ForwardTraffic {
    const { openSockets = 0, bytesUp = 0, bytesDown = 0 } = this.tunnel?.stats ?? {};
    return { id: this.forward.id, openSockets, bytesUp, bytesDown };
  }

  /** Opens it on the wished port, or the next free one. Resolves with the port; rejects where there is none, and when it is closed meanwhile. */
  async open(): Promise<number> {
    this.wanted = true;
    if (this.tunnel) return this.tunnel.localPort;
    this.opening ??= this.bind().finally(() => {
      this.opening = undefined;
    });
    return await this.opening;
  }

  close(): void {
    this.wanted = false;
    this.failure = undefined;
    this.tunnel?.close();
    this.tunnel = undefined;
  }

  dispose(): void {
    this.close();
  }

  private async bind(): Promise<number> {
    const { localPort, remotePort, remoteHost } = this.forward;
    const wished = localPort ?? (remotePort < FIRST_FREE_PORT ? remotePort + INSTEAD_OFFSET : remotePort);
    const options = { route: async () => await this.route(remoteHost, remotePort), log: this.log };
    try {
      const tunnel = await this.tools.openTunnel({ port: wished, ...options }).catch(async (error: unknown) => {
        if (!SparkError.is(error, 'portBusy')) throw error;
        const port = await this.tools.findFreePort(Math.max(wished + 1, FIRST_FREE_PORT));
        return await this.tools.openTunnel({ port, ...options });
      });
      if (!this.wanted) {
        tunnel.close();
        throw new SparkError({ code: 'cancelled', message: 'The forward was closed meanwhile.' });
      }
      this.failure = undefined;
      this.tunnel = tunnel;
      return tunnel.localPort;
    } catch (error) {
      if (this.wanted) this.failure = SparkError.is(error) ? error : new SparkError(SparkError.toInfo(error));
      throw error;
    }
  }
}
