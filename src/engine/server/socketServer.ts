import { lstatSync, type Stats } from 'node:fs';
import { lstat, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { makeSocketAddress } from '../../link/address.js';
import { SparkError } from '../../shared/errors.js';
import type { Disposable } from '../base/disposable.js';
import type { Clock } from '../base/clock.js';

/** How often the engine looks whether its socket is still the one under its name. */
const CHECK_EVERY_MS = 5_000;

export interface SocketServer extends Disposable {
  /** Fires when the socket is no longer ours: another engine has taken the place, or the storage folder is gone. */
  readonly displaced: AbortSignal;
}

/** A server and the file that its socket is; none for a named pipe. */
interface Bound {
  readonly server: Server;
  readonly address: string;
  readonly file: Stats | undefined;
}

/**
 * Binds the engine's socket. The bound socket is the lock of a running engine: where another one answers on it, this
 * rejects with `engineUnavailable`; a file that a killed engine left behind is replaced. A socket that somebody deletes
 * (systems clean their temporary folders) is made anew.
 */
export async function bindSocket(
  storageFolder: string,
  onSocket: (socket: Socket) => void,
  clock: Clock,
): Promise<SocketServer> {
  const displaced = new AbortController();
  let bound = await bind(storageFolder, onSocket);
  const ended = new AbortController();
  const isOver = () => ended.signal.aborted;
  let next = clock.after(CHECK_EVERY_MS, check);

  function check(): void {
    keepBound().then(
      () => {
        if (!isOver()) next = clock.after(CHECK_EVERY_MS, check);
      },
      () => {
        displaced.abort();
      },
    );
  }

  /** Rejects when the place is lost. */
  async function keepBound(): Promise<void> {
    if (!bound.file) return;
    const found = await statOf(bound.address);
    if (isSame(bound.file, found) || isOver()) return;
    if (found) throw new Error('Another engine has taken the place.');
    if (!(await statOf(storageFolder))) throw new Error('The storage folder is gone.');
    // its connections go on; closed first, since that removes whatever is under its name
    bound.server.close();
    bound = await bind(storageFolder, onSocket);
    // ended while it was being bound
    if (isOver()) bound.server.close();
  }

  return {
    displaced: displaced.signal,
    dispose() {
      ended.abort();
      next.dispose();
      const { server, address, file } = bound;
      // Node removes whatever is under its socket's name on close: by now that may be another engine's
      if (!file || isSame(file, lstatSync(address, { throwIfNoEntry: false }))) server.close();
      else server.unref();
    },
  };
}

async function bind(storageFolder: string, onSocket: (socket: Socket) => void): Promise<Bound> {
  const address = await makeSocketAddress(storageFolder);
  if (await answers(address))
    throw new SparkError({ code: 'engineUnavailable', message: 'Another DGX Spark engine is running already.' });
  const isFile = process.platform !== 'win32';
  if (isFile) await rm(address, { force: true });
  const server = createServer(socket => {
    // at once: one that breaks off while it waits to be looked at must not take the engine along
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  await listen(server, address);
  return { server, address, file: isFile ? await lstat(address) : undefined };
}

async function statOf(path: string): Promise<Stats | undefined> {
  return await lstat(path).catch(() => undefined);
}

function isSame(file: Stats, found: Stats | undefined): boolean {
  return found?.ino === file.ino && found.dev === file.dev;
}

async function answers(address: string): Promise<boolean> {
  return await new Promise(resolve => {
    const socket = connect(address);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

async function listen(server: Server, address: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      server.on('error', () => undefined);
      resolve();
    });
  });
}
