import { connect, createServer, type Server, type Socket } from 'node:net';
import { SparkError } from '../../shared/errors.js';
import type { Disposable } from '../base/disposable.js';
import { readWide } from './wideSocket.js';

const BACKLOG = 1024;
const IPV4 = '127.0.0.1';
const IPV6 = '::1';
const MAX_PORT = 65535;
/** A program on this machine accepts at once; a firewall that drops silently must not hold us up. */
const PROBE_MS = 300;

/** A port of this machine that only this machine can reach. */
export interface LoopbackListener extends Disposable {
  readonly port: number;
  /** Gets each new socket, paused, with an error handler already in place. May be replaced at any time. */
  onSocket: (socket: Socket) => void;
}

/**
 * Listens on 127.0.0.1 and on ::1, on the same port, or on neither; on 127.0.0.1 alone where the machine has no IPv6 loopback. Never on anything wider.
 * Rejects with `portBusy`.
 * @param port 0 for any free one
 * @param probe whether to ask first if something answers on the port already. macOS and Windows let a program bind a loopback address of a port
 * that another one has bound for all addresses, and so take its callers away; Linux does not.
 */
export async function listenOnLoopback(
  port: number,
  onSocket: (socket: Socket) => void,
  probe = process.platform !== 'linux',
): Promise<LoopbackListener> {
  if (probe && port !== 0 && (await somethingAnswers(port))) throw portBusy(port, 'EADDRINUSE');
  const attempts = port === 0 ? 20 : 1;
  for (let attempt = 1; ; attempt++) {
    try {
      return await listenOnce(port, onSocket);
    } catch (error) {
      // any free port of one family may be taken in the other
      if (attempt < attempts) continue;
      throw error;
    }
  }
}

/**
 * The first port from `from` on that is free on both loopback addresses.
 * Rejects with `portBusy` when there is none.
 */
export async function findFreePort(from: number): Promise<number> {
  for (let port = from; port <= MAX_PORT; port++) {
    try {
      const listener = await listenOnLoopback(port, socket => socket.destroy());
      listener.dispose();
      return port;
    } catch (error) {
      if (!SparkError.is(error, 'portBusy')) throw error;
    }
  }
  throw new SparkError({
    code: 'portBusy',
    message: `No port from ${from} on is free.`,
    hint: 'Choose a lower local port in the settings.',
  });
}

async function listenOnce(port: number, onSocket: (socket: Socket) => void): Promise<LoopbackListener> {
  const accept = (accepted: Socket) => {
    const socket = readWide(accepted);
    // before anything else: a caller that goes away must not take the engine along
    socket.on('error', () => undefined);
    listener.onSocket(socket);
  };
  const servers: Server[] = [];
  let bound = port;
  const listener: LoopbackListener = {
    get port() {
      return bound;
    },
    onSocket,
    dispose() {
      for (const server of servers.splice(0)) server.close();
    },
  };
  try {
    const first = await listen(IPV4, port, accept);
    servers.push(first);
    bound = (first.address() as { port: number }).port;
    servers.push(await listen(IPV6, bound, accept));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (servers.length === 1 && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')) return listener;
    listener.dispose();
    throw portBusy(bound, code, error);
  }
  return listener;
}

function listen(host: string, port: number, accept: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, accept);
    server.once('error', reject);
    server.listen({ host, port, backlog: BACKLOG, exclusive: true, ipv6Only: host === IPV6 }, () => {
      server.off('error', reject);
      // running out of file descriptors, say: the next caller may fare better
      server.on('error', () => undefined);
      resolve(server);
    });
  });
}

function portBusy(port: number, code: string | undefined, cause?: unknown): SparkError {
  return new SparkError(
    {
      code: 'portBusy',
      message:
        code === 'EADDRINUSE'
          ? `Port ${port} of this computer is in use by another program.`
          : `This computer does not let programs listen on port ${port} (${code ?? 'unknown error'}).`,
      hint: 'End the other program, or choose another local port in the settings.',
      field: 'localPort',
    },
    { cause },
  );
}

async function somethingAnswers(port: number): Promise<boolean> {
  const answers = await Promise.all(
    [IPV4, IPV6].map(
      host =>
        new Promise<boolean>(resolve => {
          const socket = connect({ host, port, timeout: PROBE_MS });
          const finish = (answer: boolean) => {
            socket.destroy();
            resolve(answer);
          };
          socket.once('connect', () => finish(true));
          socket.once('timeout', () => finish(false));
          socket.on('error', () => finish(false));
        }),
    ),
  );
  return answers.includes(true);
}
