import { connect, type Socket } from 'node:net';
import { gatherWrites } from '../../base/gatherWrites.js';
import type { Address } from '../networkErrors.js';
import type { Transport } from './transport.js';

/** Node gives an address 250 ms before it tries the next; a satellite link or a waking machine needs longer. */
const NEXT_ADDRESS_MS = 1500;
const READ_BUFFER_BYTES = 256 * 1024;

/** A TCP connection to what may be an SSH server. */
export interface TcpTransport extends Transport {
  readonly stream: Socket;
  /**
   * Resolves with what the server says first (its identification, RFC 4253, 4.2) as soon as something has come; those
   * bytes are still given to whoever reads the stream. Rejects when the connection ends before.
   */
  firstWords(): Promise<string>;
}

/** What ssh_config says of how to connect. */
export interface TcpWishes {
  /** `AddressFamily`: which kinds of addresses may be used. */
  readonly family?: 'any' | 'inet' | 'inet6' | undefined;
  /** `BindAddress`: the address of this computer to connect from. */
  readonly bindAddress?: string | undefined;
}

/**
 * Connects. Rejects with the system's error, or with the reason of `signal`. Nagle's algorithm is off (it would hold
 * each small request for 44 ms), reads go into one large buffer, and the three writes that ssh2 makes of a packet leave
 * as one.
 */
export function connectTcp(to: Address, wishes: TcpWishes, signal: AbortSignal): Promise<TcpTransport> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(asError(signal.reason));
      return;
    }
    const reader = new Reader();
    const { family = 'any', bindAddress } = wishes;
    const socket = connect({
      host: to.hostname,
      port: to.port,
      ...(family === 'any'
        ? { autoSelectFamily: true, autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS }
        : { family: family === 'inet' ? 4 : 6 }),
      ...(bindAddress === undefined ? {} : { localAddress: bindAddress }),
      noDelay: true,
      onread: { buffer: Buffer.allocUnsafeSlow(READ_BUFFER_BYTES), callback: reader.take },
    });
    reader.attach(socket);
    gatherWrites(socket);
    const onAbort = () => {
      socket.destroy();
      reject(asError(signal.reason));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort);
      socket.off('error', reject);
      // until somebody takes the stream nothing is read, so that nobody misses its end, and no error ends the engine
      socket.pause();
      socket.on('error', () => undefined);
      resolve({
        stream: socket,
        address: socket.remoteAddress,
        stopCopying: () => reader.stopCopying(),
        complaint: () => undefined,
        firstWords: () => reader.firstWords(socket),
      });
    });
  });
}

/** Hands on what a socket reads into its own buffer, and holds it back while nobody listens. */
class Reader {
  private socket: Socket | undefined;
  private copying = true;
  private held: Buffer[] = [];
  private onHeld: () => void = () => undefined;

  readonly take = (length: number, buffer: Uint8Array): boolean => {
    const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, length);
    const { socket } = this;
    if (socket === undefined || socket.listenerCount('data') === 0 || this.held.length > 0) {
      this.held.push(Buffer.from(bytes));
      this.onHeld();
    } else {
      // a socket with its own buffer emits no data by itself, and ssh2 listens for that
      socket.emit('data', this.copying ? Buffer.from(bytes) : bytes);
    }
    return true;
  };

  attach(socket: Socket): void {
    this.socket = socket;
    // ssh2 takes the socket paused and lets it go on once it listens
    socket.on('resume', () => {
      if (socket.listenerCount('data') > 0) for (const bytes of this.held.splice(0)) socket.emit('data', bytes);
    });
  }

  stopCopying(): void {
    this.copying = false;
  }

  firstWords(socket: Socket): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const [first] = this.held;
        if (first === undefined) return;
        socket.pause();
        finish();
        resolve(first.toString('latin1', 0, 256));
      };
      const onEnd = () => {
        finish();
        reject(Object.assign(new Error('The connection was closed before anything was said.'), { code: 'ECONNRESET' }));
      };
      const finish = () => {
        this.onHeld = () => undefined;
        socket.off('close', onEnd).off('end', onEnd);
      };
      this.onHeld = look;
      socket.once('close', onEnd).once('end', onEnd);
      socket.resume();
      look();
    });
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
