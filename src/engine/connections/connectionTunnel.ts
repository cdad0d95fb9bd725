import type { Duplex } from 'node:stream';
import type { TunnelStatus } from '../../shared/connection.js';
import { SparkError } from '../../shared/errors.js';
import { REMOTE_LOOPBACK } from '../../shared/forwards.js';
import type { Answer } from '../../shared/questions.js';
import type { Disposable } from '../base/disposable.js';
import type { Logger } from '../base/logger.js';
import type { Tunnel } from '../tunnel/tunnel.js';
import type { TunnelTools } from './types.js';

/** Where a tunnel leads, as seen from the machine. */
export interface RemoteAddress {
  readonly host: string;
  readonly port: number;
}

/** The part of the question that the tunnel knows. */
export interface PortQuestion {
  readonly kind: 'portBusy';
  readonly port: number;
  readonly holder: string | null;
  readonly free: number;
}

/** Asks the user before another port is taken than the wished one; `signal` withdraws the question. */
export type AskForPort = (question: PortQuestion, signal: AbortSignal) => Promise<Answer>;

export interface ConnectionTunnelOptions {
  readonly tools: TunnelTools;
  /** Opens a stream to a port of the machine; may take a while when the link is coming back. */
  readonly forward: (host: string, port: number) => Promise<Duplex>;
  /** Whether another connection's tunnel has this local port: then there is nothing to ask about. */
  readonly isOurs: (port: number) => boolean;
  readonly log: Logger;
  readonly onDidChange: () => void;
}

/** The Ollama tunnel of one connection: a local port that leads to the machine's Ollama. */
export class ConnectionTunnel implements Disposable {
  private tunnel: Tunnel | undefined;
  private remote: RemoteAddress = { host: REMOTE_LOOPBACK, port: 0 };
  private failure: SparkError | undefined;
  /** The opening under way; aborted by a closing, so that what finishes later is undone. */
  private opening: { readonly abort: AbortController; readonly done: Promise<unknown> } | undefined;
  private disposed = false;

  /** Where undefined, the next free port is taken without asking. */
  askForPort: AskForPort | undefined;

  constructor(private readonly options: ConnectionTunnelOptions) {}

  get status(): TunnelStatus {
    if (this.tunnel) {
      const { host, port } = this.remote;
      const elsewhere = host === REMOTE_LOOPBACK ? {} : { remoteHost: host };
      return { state: 'open', localPort: this.tunnel.localPort, remotePort: port, ...elsewhere };
    }
    if (this.failure) return { state: 'error', error: SparkError.toInfo(this.failure) };
    return { state: 'closed' };
  }

  /** Bytes that it has carried so far, both ways. */
  get traffic(): number {
    const { bytesUp, bytesDown } = this.tunnel?.stats ?? { bytesUp: 0, bytesDown: 0 };
    return bytesUp + bytesDown;
  }

  /**
   * Opens the tunnel on `localPort`, or moves it there. Where that port is taken: rejects with `portBusy` when it must
   * be `exactly` that one, else takes the next free one (after asking, where somebody can be asked). Rejects with
   * `cancelled` when it is closed meanwhile.
   * @returns the port that was bound
   */
  async openAt(localPort: number, remote: RemoteAddress, { exactly }: { exactly: boolean }): Promise<number> {
    // one at a time, also when several wait for the same one
    while (this.opening) await this.opening.done.catch(() => undefined);
    if (this.disposed) throw closedMeanwhile();
    if (this.tunnel?.localPort === localPort) {
      this.remote = remote;
      this.options.onDidChange();
      return localPort;
    }
    const abort = new AbortController();
    const done = this.replace(localPort, remote, exactly, abort.signal).finally(() => {
      this.opening = undefined;
      this.options.onDidChange();
    });
    this.opening = { abort, done };
    return await done;
  }

  /**
   * Hands the well-known port over when another connection becomes the published one: both tunnels stay open, only
   * what stands behind the ports changes, so no request is refused meanwhile.
   */
  exchangePortWith(other: ConnectionTunnel, wellKnownPort: number): void {
    if (!this.tunnel || other.tunnel?.localPort !== wellKnownPort) return;
    this.options.tools.swapListeners(this.tunnel, other.tunnel);
    other.options.onDidChange();
  }

  close(): void {
    this.opening?.abort.abort();
    this.failure = undefined;
    if (!this.tunnel) return;
    this.tunnel.close();
    this.tunnel = undefined;
    this.options.onDidChange();
  }

  dispose(): void {
    this.disposed = true;
    this.opening?.abort.abort();
    this.tunnel?.close();
    this.tunnel = undefined;
  }

  private async replace(
    localPort: number,
    remote: RemoteAddress,
    exactly: boolean,
    signal: AbortSignal,
  ): Promise<number> {
    try {
      const tunnel = await this.bind(localPort, exactly, signal);
      if (signal.aborted) {
        tunnel.close();
        throw closedMeanwhile();
      }
      this.tunnel?.close();
      this.tunnel = tunnel;
      this.remote = remote;
      this.failure = undefined;
      return tunnel.localPort;
    } catch (error) {
      if (signal.aborted) throw closedMeanwhile();
      if (!this.tunnel) this.failure = SparkError.is(error) ? error : new SparkError(SparkError.toInfo(error));
      throw error;
    }
  }

  private async bind(localPort: number, exactly: boolean, signal: AbortSignal): Promise<Tunnel> {
    const route = async () => await this.options.forward(this.remote.host, this.remote.port);
    const { log, isOurs } = this.options;
    const { openTunnel, findFreePort, portHolder } = this.options.tools;
    try {
      return await openTunnel({ port: localPort, route, log });
    } catch (error) {
      if (!SparkError.is(error, 'portBusy') || exactly) throw error;
      const free = await findFreePort(localPort + 1);
      if (!isOurs(localPort)) {
        const holder = await portHolder(localPort);
        log.info(`Port ${localPort} is in use by ${holder ?? 'another program'}; ${free} is free.`);
        if (!(await this.mayTake({ kind: 'portBusy', port: localPort, holder, free }, signal))) throw error;
      }
      return await openTunnel({ port: free, route, log });
    }
  }

  private async mayTake(question: PortQuestion, signal: AbortSignal): Promise<boolean> {
    if (!this.askForPort || signal.aborted) return !signal.aborted;
    try {
      return (await this.askForPort(question, signal)).kind === 'yes';
    } catch (error) {
      // a user who closes the question has said no
      if (SparkError.is(error, 'cancelled')) return false;
      throw error;
    }
  }
}

function closedMeanwhile(): SparkError {
  return new SparkError({ code: 'cancelled', message: 'The connection was closed meanwhile.' });
}
