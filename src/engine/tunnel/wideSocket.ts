import { type OnReadOpts, Socket } from 'node:net';

/** As much as a fast program can have waiting; what is read is copied, so one buffer does for all sockets. */
const READ_BUFFER_BYTES = 256 * 1024;
const shared = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);

/** What the constructor of a socket takes beside what is documented; stable since Node 12. */
interface HandleOptions {
  readonly handle: object;
  readonly pauseOnCreate: boolean;
  readonly onread: OnReadOpts;
}

/**
 * Makes an accepted socket read in large pieces: Node's own are 64 KiB, and each costs a turn through the streams. To be
 * called before anything else is done with the socket, which must have been accepted paused; it is not to be used any
 * more. Where Node is not as expected, the socket itself comes back, and reads as Node does.
 */
export function readWide(accepted: Socket): Socket {
  const inside = accepted as Socket & { _handle?: object | null };
  const handle = inside._handle;
  // a read that is under way on Windows holds its buffer: there each socket needs one of its own
  if (!handle || process.platform === 'win32') return accepted;
  const options: ConstructorParameters<typeof Socket>[0] & HandleOptions = {
    handle,
    allowHalfOpen: true,
    pauseOnCreate: true,
    onread: {
      buffer: shared,
      callback(length, buffer) {
        // a socket with its own buffer emits no data by itself
        socket.emit('data', Buffer.from(buffer.subarray(0, length)));
        return true;
      },
    },
  };
  inside._handle = null;
  const socket: Socket = new Socket(options);
  return socket;
}
