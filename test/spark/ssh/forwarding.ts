import { connect, type Socket } from 'node:net';
import { type ServerChannel } from 'ssh2';

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1', '0.0.0.0']);

/** Where `ollama serve` listens on a real Spark. */
export const OLLAMA_PORT = 11434;

/**
 * The port of this computer that stands for the Spark's (some are services of the simulation), or `undefined` when it may not be reached: the simulation opens no connection that
 * leaves this computer.
 */
export function mapDestination(host: string, port: number, services: ReadonlyMap<number, number>): number | undefined {
  return LOOPBACK.has(host.toLowerCase()) ? (services.get(port) ?? port) : undefined;
}

/** Joins a channel that is asked for with a connection that is made for it. */
export function forward(
  destination: { port: number } | { path: string },
  accept: () => ServerChannel,
  reject: () => void,
): Socket {
  const socket = connect(
    'port' in destination
      ? { host: '127.0.0.1', port: destination.port, allowHalfOpen: true }
      : { path: destination.path, allowHalfOpen: true },
  );
  socket.once('error', reject);
  socket.once('connect', () => {
    socket.removeListener('error', reject);
    const channel = accept() as ServerChannel | undefined;
    if (channel === undefined) {
      socket.destroy();
      return;
    }
    socket.on('error', () => channel.destroy());
    // what the channel has still to send is sent
    socket.on('close', () => channel.end());
    channel.on('error', () => socket.destroy());
    channel.on('close', () => socket.destroy());
    socket.pipe(channel);
    channel.pipe(socket);
  });
  return socket;
}
