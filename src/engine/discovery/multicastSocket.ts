import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Way } from './interfaces.js';

/** RFC 6762, 3. */
export const GROUPS = { IPv4: '224.0.0.251', IPv6: 'ff02::fb' } as const;
/** RFC 6762, 11: every packet leaves with it. */
const TTL = 255;
/** A message with nothing in it but its header (RFC 1035, 4.1.1): nobody answers it. */
const EMPTY_QUERY = Buffer.alloc(12);

export interface MulticastOptions {
  readonly way: Way;
  readonly port: number;
  /** Whether to look at a datagram at all. */
  readonly accept: (message: Buffer, from: RemoteInfo) => boolean;
  /** Told what went wrong; nothing else comes of it. */
  readonly onProblem: (error: unknown) => void;
}

/**
 * Opens a socket on one network, beside those of other programs (the port is shared). It is bound to every address although it is for one network:
 * one that is bound to an address gets no multicast on Linux and macOS. Rejects with the system's error when this network cannot be bound, joined
 * or sent to. Once it is open, no error of it and of those who listen to it leaves it.
 */
export async function openMulticastSocket(options: MulticastOptions): Promise<Socket> {
  const { way, port } = options;
  const v6 = way.family === 'IPv6';
  const socket = createSocket({ type: v6 ? 'udp6' : 'udp4', reuseAddr: true, ipv6Only: v6 });
  try {
    await bound(socket, { port, address: v6 ? '::' : '0.0.0.0' });
    socket.addMembership(GROUPS[way.family], way.multicastInterface);
    socket.setMulticastInterface(way.multicastInterface);
    socket.setMulticastTTL(TTL);
    // other programs of this computer may be asked too
    socket.setMulticastLoopback(true);
    await sent(socket, port, GROUPS[way.family]);
  } catch (error) {
    socket.close();
    throw error;
  }
  guard(socket, options);
  return socket;
}

function bound(socket: Socket, to: { port: number; address: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(to, () => {
      socket.removeListener('error', reject);
      resolve();
    });
  });
}

/** Finds out whether anything can be sent: a firewall or macOS's privacy settings refuse only that. */
function sent(socket: Socket, port: number, group: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(EMPTY_QUERY, port, group, error => {
      if (error) reject(error);
      else resolve();
    });
  });
}

/** The library parses what anybody sends inside the event; what it throws there would be an error that nobody catches. */
function guard(socket: Socket, { accept, onProblem }: MulticastOptions): void {
  const emit = socket.emit.bind(socket) as (event: string | symbol, ...values: unknown[]) => boolean;
  socket.emit = (event: string | symbol, ...values: unknown[]) => {
    if (event === 'error') {
      onProblem(values[0]);
      return true;
    }
    if (event === 'message' && !accept(values[0] as Buffer, values[1] as RemoteInfo)) return true;
    try {
      return emit(event, ...values);
    } catch (error) {
      onProblem(error);
      return true;
    }
  };
}
