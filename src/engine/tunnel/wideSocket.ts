import { type OnReadOpts, Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { gatherWrites } from '../base/gatherWrites.js';

/** What a socket reads into at first; most carry small requests. */
const FIRST_READ_BYTES = 16 * 1024;
/** As much as a fast program can have waiting: Node's own pieces are 64 KiB, and each costs a turn through the streams. */
const MOST_READ_BYTES = 256 * 1024;
/** So much may wait to be written to a program: what one read of the SSH connection brings leaves as one. */
const WRITE_BYTES = 256 * 1024;

/** What the constructor of a socket takes beside what is documented; stable since Node 12. */
interface HandleOptions {
  readonly handle: object;
  readonly pauseOnCreate: boolean;
  readonly onread: Omit<OnReadOpts, 'buffer'> & { readonly buffer: () => Buffer };
}

/** Where what sockets read goes. */
const destinations = new WeakMap<Socket, Writable>();

/**
 * Makes an accepted socket read in large pieces, and write what comes within one tick with one system call. To be called before anything else is
 * done with the socket, which must have been accepted paused; it is not to be used any more. Where Node is not as expected, the socket itself
 * comes back, and reads as Node does.
 */
export function readWide(accepted: Socket): Socket {
  const inside = accepted as Socket & { _handle?: object | null };
  const handle = inside._handle;
  if (!handle) return accepted;
  let space = Buffer.allocUnsafeSlow(FIRST_READ_BYTES);
  const options: ConstructorParameters<typeof Socket>[0] & HandleOptions = {
    handle,
    allowHalfOpen: true,
    pauseOnCreate: true,
    ...{ writableHighWaterMark: WRITE_BYTES },
    onread: {
      // asked for before each read
      buffer: () => space,
      callback(length, buffer) {
        const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, length);
        const destination = destinations.get(socket);
        const isIdle = waitingIn(destination) === 0;
        // a socket with its own buffer emits no data by itself; what takes a piece at once needs no copy of it
        socket.emit('data', isIdle ? bytes : Buffer.from(bytes));
        const isFull = length === space.length && length < MOST_READ_BYTES;
        const isKept = isIdle && waitingIn(destination) > 0;
        if (isFull || isKept) space = Buffer.allocUnsafeSlow(isFull ? space.length * 2 : space.length);
        return true;
      },
    },
  };
  inside._handle = null;
  const socket: Socket = new Socket(options);
  gatherWrites(socket);
  return socket;
}

/** Bytes that a stream has not taken yet; what nobody knows of may keep anything. */
function waitingIn(destination: Writable | undefined): number {
  return destination?.writableLength ?? Infinity;
}

/** As `pipe`, without a copy of what the destination takes at once. */
export function pipeInto(socket: Socket, destination: Writable): void {
  destinations.set(socket, destination);
  socket.pipe(destination);
}
