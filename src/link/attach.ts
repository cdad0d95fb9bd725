import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { clientNotifications, clientRequests, engineNotifications, engineRequests } from '../shared/contract.js';
import { SparkError } from '../shared/errors.js';
import { Peer } from '../shared/peer.js';
import { findSocketAddress, securePrivateFolder } from './address.js';
import { greetEngine } from './handshake.js';
import { messageConnection, rpcRuntime } from './rpc.js';
import { startEngine } from './startEngine.js';
import { storageProblem } from './storageProblem.js';
import { tryStartLock } from './startLock.js';
import { readToken } from './token.js';
import type { AttachOptions, EnginePeer, WindowHandlers, WindowListeners } from './types.js';
import { decideIntent, versionsOf } from './versions.js';

/** Name of the database in the storage folder. */
export const DATABASE_FILE = 'dgx-spark.sqlite';

const GIVE_UP_AFTER_MS = 45_000;
const LOOK_AGAIN_AFTER_MS = 60;
/** An engine that is asked to finish writes its database and goes. */
const LONGEST_FAREWELL_MS = 20_000;

/** True when something was saved once, so that an engine has work to do. */
export function engineIsWorthStarting(storageFolder: string): boolean {
  return existsSync(join(storageFolder, DATABASE_FILE));
}

/**
 * Finds the engine of a storage folder, or starts it, and attaches to it. Any number of windows may do this at once:
 * one engine comes of it. An engine of an older version is asked to finish and is replaced.
 * Rejects with a SparkError: `engineOutdated`, `engineUnavailable`, `cancelled`, or what the engine failed with at its
 * start (`databaseNewer`, ...).
 */
export async function attachToEngine(
  options: AttachOptions,
  handlers: WindowHandlers,
  listeners: WindowListeners,
): Promise<EnginePeer> {
  try {
    return makePeer(await meetOrStart(options), handlers, listeners);
  } catch (error) {
    throw storageProblem(options.storageFolder, error);
  }
}

async function meetOrStart(options: AttachOptions): Promise<Socket> {
  const giveUpAt = Date.now() + GIVE_UP_AFTER_MS;
  await securePrivateFolder(options.storageFolder);
  for (;;) {
    if (options.signal.aborted) throw new SparkError({ code: 'cancelled', message: 'Cancelled.' });
    const socket = await meetEngine(options);
    if (socket) return socket;
    if (Date.now() > giveUpAt)
      throw new SparkError({
        code: 'engineUnavailable',
        message: 'The DGX Spark engine does not start.',
        hint: 'See the log of DGX Spark, close all windows of the editor and open one again.',
      });
    const lock = await tryStartLock(options.storageFolder);
    if (!lock) {
      await delay(LOOK_AGAIN_AFTER_MS);
      continue;
    }
    try {
      // another window may have finished starting one between our look and our lock
      const late = await meetEngine(options);
      if (late) return late;
      await startEngine(options);
    } finally {
      await lock.release();
    }
  }
}

/**
 * Attaches to an engine that runs already; starts none.
 * @returns undefined when none answers
 */
export async function attachToRunningEngine(
  options: AttachOptions,
  handlers: WindowHandlers,
  listeners: WindowListeners,
): Promise<EnginePeer | undefined> {
  const socket = await meetEngine(options);
  return socket && makePeer(socket, handlers, listeners);
}

/** Connects and shakes hands. Undefined when no engine answers, or one that was asked to finish has done so. */
async function meetEngine(options: AttachOptions): Promise<Socket | undefined> {
  const [address, token] = await Promise.all([
    findSocketAddress(options.storageFolder),
    readToken(options.storageFolder),
  ]);
  if (address === undefined || token === undefined) return undefined;
  const socket = await dial(address);
  if (!socket) return undefined;
  const versions = versionsOf(options.extensionVersion);
  try {
    const intent = await greetEngine(socket, token, versions, engine => decideIntent(versions, engine));
    if (intent === 'attach') return socket;
    options.log('info', 'An engine of an older version is asked to finish.');
    await closing(socket);
    socket.destroy();
    return undefined;
  } catch (error) {
    socket.destroy();
    if (SparkError.is(error)) throw error;
    // an engine that ends while we greet it: look again
    options.log('debug', `No engine was met: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

async function dial(address: string): Promise<Socket | undefined> {
  return await new Promise(resolve => {
    const socket = connect(address);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      socket.on('error', () => undefined);
      resolve(socket);
    });
    socket.once('error', () => {
      resolve(undefined);
    });
  });
}

/** Resolves when the engine has gone, or takes too long about it: then starting another one says what is wrong. */
async function closing(socket: Socket): Promise<void> {
  await new Promise<void>(resolve => {
    const late = setTimeout(resolve, LONGEST_FAREWELL_MS);
    socket.once('close', () => {
      clearTimeout(late);
      resolve();
    });
    socket.resume();
  });
}

function makePeer(socket: Socket, handlers: WindowHandlers, listeners: WindowListeners): EnginePeer {
  return new Peer(
    messageConnection(socket),
    { requests: clientRequests, notifications: clientNotifications },
    { requests: engineRequests, notifications: engineNotifications },
    handlers,
    listeners,
    rpcRuntime,
  );
}
