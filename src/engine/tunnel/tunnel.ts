import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { SparkError } from '../../shared/errors.js';
import type { Disposable } from '../base/disposable.js';
import type { Logger } from '../base/logger.js';
import { breakOff, join } from './join.js';
import { listenOnLoopback, type LoopbackListener } from './loopbackListener.js';
import { portHolder } from './portHolder.js';

/** Opens a stream to where a tunnel leads. */
export type Route = () => Promise<Duplex>;

export interface TunnelOptions {
  /** Local port; 0 for any free one. */
  readonly port: number;
  /** Where new sockets go; null while there is no way. */
  readonly route: Route | null;
  readonly log: Logger;
}

export interface TunnelStats {
  readonly openSockets: number;
  readonly totalSockets: number;
  /** Bytes from this computer to the remote one. */
  readonly bytesUp: number;
  /** Bytes from the remote computer to this one. */
  readonly bytesDown: number;
}

/**
 * Binds the local port on both loopback addresses and begins to forward.
 * Rejects with `portBusy`, which names the program that has the port where the system tells.
 */
export async function openTunnel(options: TunnelOptions): Promise<Tunnel> {
  // no socket is handed out before the tunnel has taken the listener over
  const listener = await listenOnLoopback(options.port, breakOff).catch(async (error: unknown) => {
    const holder = SparkError.is(error, 'portBusy') ? await portHolder(options.port) : null;
    if (holder === null || !SparkError.is(error)) throw error;
    const message = `Port ${options.port} of this computer is in use by ${holder}.`;
    throw new SparkError({ ...SparkError.toInfo(error), message }, { cause: error });
  });
  return new Tunnel(listener, options);
}

/** A local port whose sockets continue elsewhere. */
export class Tunnel implements Disposable {
  /** Where new sockets go; those that are open keep the way they have. */
  route: Route | null;
  private readonly log: Logger;
  private readonly sockets = new Set<Socket>();
  private closed = false;
  private totalSockets = 0;
  private finishedUp = 0;
  private finishedDown = 0;

  constructor(
    private listener: LoopbackListener,
    options: Pick<TunnelOptions, 'route' | 'log'>,
  ) {
    this.route = options.route;
    this.log = options.log;
    this.listen(listener);
  }

  /** The port that is bound, also when any free one was asked for. */
  get localPort(): number {
    return this.listener.port;
  }

  get stats(): TunnelStats {
    let bytesUp = this.finishedUp;
    let bytesDown = this.finishedDown;
    for (const socket of this.sockets) {
      bytesUp += socket.bytesRead;
      bytesDown += socket.bytesWritten;
    }
    return { openSockets: this.sockets.size, totalSockets: this.totalSockets, bytesUp, bytesDown };
  }

  /** Lets go of the port and resets what is open. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.listener.dispose();
    for (const socket of [...this.sockets]) breakOff(socket);
  }

  dispose(): void {
    this.close();
  }

  /**
   * Exchanges the ports of two open tunnels. Both stay bound all the time, so no caller is refused; sockets that are open stay with the tunnel that
   * took them.
   */
  static swapListeners(a: Tunnel, b: Tunnel): void {
    const listener = a.listener;
    a.listen(b.listener);
    b.listen(listener);
  }

  private listen(listener: LoopbackListener): void {
    this.listener = listener;
    listener.onSocket = socket => void this.accept(socket);
  }

  private async accept(socket: Socket): Promise<void> {
    this.totalSockets += 1;
    this.sockets.add(socket);
    socket.once('close', () => {
      this.sockets.delete(socket);
      this.finishedUp += socket.bytesRead;
      this.finishedDown += socket.bytesWritten;
    });
    const route = this.route;
    if (this.closed || route === null) {
      breakOff(socket);
      return;
    }
    try {
      const remote = await route();
      if (socket.destroyed) breakOff(remote);
      else join(socket, remote);
    } catch (error) {
      this.log.debug(
        `A connection to port ${this.localPort} failed: ${error instanceof Error ? error.message : String(error)}`,
      );
      breakOff(socket);
    }
  }
}

/** See {@link Tunnel.swapListeners}. */
export function swapListeners(a: Tunnel, b: Tunnel): void {
  Tunnel.swapListeners(a, b);
}
