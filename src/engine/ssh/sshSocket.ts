import { connect, type Socket } from 'node:net';
import type { Address } from './networkErrors.js';
import { ServerHello } from './serverHello.js';

/** Node gives an address 250 ms before it tries the next; a satellite link or a waking machine needs longer. */
const NEXT_ADDRESS_MS = 1500;
const READ_BUFFER_BYTES = 256 * 1024;

/** A TCP connection on its way to being an SSH one. */
export interface SshSocket {
  readonly socket: Socket;
  readonly hello: ServerHello;
  /** From now on what is read need not outlive the callback that gets it, so it is no longer copied. */
  readonly stopCopying: () => void;
}

/**
 * Begins to connect; the socket says by its events how that goes. Nagle's algorithm is off (it would hold each small request for 44 ms), reads go
 * into one large buffer, and the three writes that ssh2 makes of a packet leave as one.
 */
export function beginConnect(to: Address): SshSocket {
  const hello = new ServerHello();
  let copying = true;
  const socket = connect({
    host: to.hostname,
    port: to.port,
    noDelay: true,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
    onread: {
      buffer: Buffer.allocUnsafeSlow(READ_BUFFER_BYTES),
      callback(length, buffer) {
        const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, length);
        hello.feed(bytes);
        // a socket with its own buffer emits no data by itself, and ssh2 listens for that
        socket.emit('data', copying ? Buffer.from(bytes) : bytes);
        return true;
      },
    },
  });
  gatherWrites(socket);
  return {
    socket,
    hello,
    stopCopying() {
      copying = false;
    },
  };
}

/** Sends what is written within one tick with one system call. */
function gatherWrites(socket: Socket): void {
  let corked = false;
  const uncork = () => {
    corked = false;
    socket.uncork();
  };
  const write: (chunk: Uint8Array | string) => boolean = socket.write.bind(socket);
  socket.write = (chunk: Uint8Array | string) => {
    if (!corked) {
      corked = true;
      socket.cork();
      process.nextTick(uncork);
    }
    return write(chunk);
  };
}
