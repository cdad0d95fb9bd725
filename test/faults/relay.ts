import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { breakOff } from '../../src/engine/tunnel/join.js';

/** What becomes of the bytes of one direction: they pass, wait to pass later, or are lost. */
type Flow = 'pass' | 'hold' | 'swallow';

/** The two directions of a connection: from the engine to the server, and back. */
export type Direction = 'up' | 'down';

type Piece = Buffer | 'end' | 'reset';

/** The server is not told by a dead link that its client has gone; so that the suite does not collect servers, it is after so long. */
const SERVER_NOTICES_MS = 5_000;

/**
 * A TCP relay in front of an SSH server, that can be made to fail in the ways links do. Neither end knows of it.
 * It listens on loopback.
 */
export class Relay {
  /** Milliseconds that each piece of data takes longer, in each direction. */
  latencyMs = 0;
  readonly #links = new Set<RelayedLink>();
  #server: Server | undefined;
  #holds = 0;
  #swallowsNew = 0;

  private constructor(
    readonly port: number,
    private readonly upstreamPort: number,
  ) {}

  static async start(port: number, upstreamPort: number): Promise<Relay> {
    const relay = new Relay(port, upstreamPort);
    await relay.accept();
    return relay;
  }

  /** Connections that are open at either end. */
  get links(): number {
    return this.#links.size;
  }

  /** Resets all connections. */
  reset(): void {
    for (const link of [...this.#links]) link.reset();
  }

  /** Nothing gets through, on old connections or new ones, until the result is called; then all that waited does. */
  hold(): () => void {
    this.#holds += 1;
    for (const link of this.#links) link.holds = true;
    return () => {
      this.#holds -= 1;
      if (this.#holds === 0) for (const link of this.#links) link.holds = false;
    };
  }

  /** The connections that are open now lose all bytes of these directions, until the result is called or for good. */
  swallow(directions: readonly Direction[]): () => void {
    const links = [...this.#links];
    for (const link of links) link.swallow(directions, true);
    return () => {
      for (const link of links) link.swallow(directions, false);
    };
  }

  /** Connections that are made from now until the result is called lose all bytes, for good. */
  swallowNew(): () => void {
    this.#swallowsNew += 1;
    return () => (this.#swallowsNew -= 1);
  }

  /** Refuses new connections; those that are open stay. */
  refuse(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  /** Accepts connections, again. */
  async accept(): Promise<void> {
    if (this.#server) return;
    const server = createServer({ allowHalfOpen: true, noDelay: true }, socket => this.#relay(socket));
    this.#server = server;
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
  }

  stop(): void {
    this.refuse();
    this.reset();
  }

  #relay(near: Socket): void {
    const far = connect({ port: this.upstreamPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const link = new RelayedLink(
      near,
      far,
      () => this.latencyMs,
      () => this.#links.delete(link),
    );
    this.#links.add(link);
    link.holds = this.#holds > 0;
    if (this.#swallowsNew > 0) link.swallow(['up', 'down'], true);
  }
}

class RelayedLink {
  readonly #up: Pipe;
  readonly #down: Pipe;

  constructor(
    private readonly near: Socket,
    private readonly far: Socket,
    latency: () => number,
    onGone: () => void,
  ) {
    this.#up = new Pipe(near, far, latency);
    this.#down = new Pipe(far, near, latency);
    near.once('close', () => setTimeout(() => breakOff(far), SERVER_NOTICES_MS).unref());
    let open = 2;
    for (const socket of [near, far])
      socket.once('close', () => {
        open -= 1;
        if (open === 0) onGone();
      });
  }

  set holds(on: boolean) {
    this.#up.holds = on;
    this.#down.holds = on;
  }

  swallow(directions: readonly Direction[], on: boolean): void {
    if (directions.includes('up')) this.#up.swallows = on;
    if (directions.includes('down')) this.#down.swallows = on;
  }

  reset(): void {
    breakOff(this.near);
    breakOff(this.far);
  }
}

/** One direction of a connection. */
class Pipe {
  #holds = false;
  #swallows = false;
  readonly #waiting: { readonly at: number; readonly piece: Piece }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly latency: () => number,
  ) {
    from.on('data', (piece: Buffer) => this.#take(piece));
    from.once('end', () => this.#take('end'));
    from.on('error', () => this.#take('reset'));
    to.once('close', () => clearTimeout(this.#timer));
  }

  set holds(on: boolean) {
    this.#holds = on;
    this.#pump();
  }

  set swallows(on: boolean) {
    this.#swallows = on;
    if (on) this.#waiting.length = 0;
  }

  get #flow(): Flow {
    if (this.#swallows) return 'swallow';
    return this.#holds ? 'hold' : 'pass';
  }

  #take(piece: Piece): void {
    if (this.#flow === 'swallow') return;
    this.#waiting.push({ at: performance.now() + this.latency(), piece });
    this.#pump();
  }

  #pump(): void {
    clearTimeout(this.#timer);
    while (this.#flow === 'pass' && !this.to.destroyed) {
      const [first] = this.#waiting;
      if (!first) return;
      const wait = first.at - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#pump(), Math.ceil(wait));
        return;
      }
      this.#waiting.shift();
      this.#pass(first.piece);
    }
  }

  #pass(piece: Piece): void {
    if (piece === 'end') this.to.end();
    else if (piece === 'reset') breakOff(this.to);
    else if (!this.to.write(piece) && !this.from.isPaused()) {
      this.from.pause();
      this.to.once('drain', () => this.from.resume());
    }
  }
}
