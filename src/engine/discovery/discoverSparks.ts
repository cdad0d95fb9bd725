import type { Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { Bonjour, type Browser } from 'bonjour-service';
import { SparkError } from '../../shared/errors.js';
import { type Clock, systemClock } from '../base/clock.js';
import { DisposableStore, toDisposable } from '../base/disposable.js';
import { type Logger, nullLogger } from '../base/logger.js';
import { discoveryFailed } from './discoveryFailed.js';
import type { FoundSpark } from './foundSpark.js';
import { FoundSparks } from './foundSparks.js';
import { type Interfaces, onLink, type Way, waysOut } from './interfaces.js';
import { GROUPS, openMulticastSocket } from './multicastSocket.js';
import { packetFilter } from './packetFilter.js';

const MDNS_PORT = 5353;
const DEFAULT_DURATION_MS = 4_000;
/** When to ask again, with growing distance (RFC 6762, 5.2): a datagram may be lost. */
const ASK_AGAIN_AT_MS = [1_000, 3_000];

export interface DiscoverOptions {
  /** How long to wait for answers; default 4 s, in which a machine is asked three times. */
  readonly durationMs?: number;
  /** Ends the search before its time; it rejects with `cancelled`. */
  readonly signal: AbortSignal;
  /** Told of each machine at once, and again when another address of it becomes known. */
  readonly onFound?: (spark: FoundSpark) => void;
  readonly log?: Logger;
  readonly clock?: Clock;
  /** The networks of this computer, as `os.networkInterfaces` gives them. */
  readonly interfaces?: () => Interfaces;
  readonly platform?: NodeJS.Platform;
  /** UDP port to ask and to listen on; 5353 everywhere but in tests. */
  readonly port?: number;
}

/**
 * Looks for machines on the local networks that announce SSH (`_ssh._tcp`, as DGX OS does by Avahi), by multicast DNS. Sparks come first, then the
 * rest by name. Rejects with `discoveryFailed` when no network can be asked, and with `cancelled`.
 */
export async function discoverSparks(options: DiscoverOptions): Promise<FoundSpark[]> {
  const { signal, clock = systemClock, durationMs = DEFAULT_DURATION_MS } = options;
  const found = new FoundSparks(spark => {
    if (!signal.aborted) options.onFound?.(spark);
  });
  const held = new DisposableStore();
  try {
    for (const { way, socket } of await openAll(options)) {
      const bonjour = attach(way, socket);
      held.add(toDisposable(() => bonjour.destroy()));
      let browser: Browser | undefined;
      const ask = () => {
        // a new one each time: one that knows a machine no longer tells of it, not even when it learns an address that it missed
        browser?.stop();
        browser = bonjour.find({ type: 'ssh' }, service => found.add(service));
      };
      held.add(toDisposable(() => browser?.stop()));
      ask();
      for (const at of ASK_AGAIN_AT_MS) if (at < durationMs) held.add(clock.after(at, ask));
    }
    await passed(durationMs, clock, signal, held);
  } finally {
    held.dispose();
  }
  return found.sorted;
}

/** A socket for each network that can be asked; the others are only logged while there is one. */
async function openAll(options: DiscoverOptions): Promise<{ way: Way; socket: Socket }[]> {
  const { log = nullLogger, platform = process.platform, port = MDNS_PORT } = options;
  const interfaces = readInterfaces(options.interfaces ?? networkInterfaces, log);
  const ways = waysOut(interfaces, platform);
  const accept = packetFilter(port, onLink(interfaces));
  const opened = await Promise.allSettled(
    ways.map(async way => {
      const onProblem = (error: unknown) => log.debug(`Multicast DNS on ${way.name} (${way.family}): ${String(error)}`);
      try {
        return { way, socket: await openMulticastSocket({ way, port, accept, onProblem }) };
      } catch (error) {
        onProblem(error);
        throw error;
      }
    }),
  );
  const sockets = opened.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []));
  if (sockets.length > 0) return sockets;
  const failure = opened.find(result => result.status === 'rejected');
  throw discoveryFailed(failure?.reason, platform);
}

function readInterfaces(read: () => Interfaces, log: Logger): Interfaces {
  try {
    return read();
  } catch (error) {
    // some sandboxes do not let a program see the interfaces
    log.debug(`The network interfaces cannot be read: ${String(error)}`);
    return {};
  }
}

/** The library on a socket that is open already: its own would report some errors where nobody can hear them. */
function attach(way: Way, socket: Socket): Bonjour {
  const { port } = socket.address();
  const type = way.family === 'IPv6' ? 'udp6' : 'udp4';
  const multicastDns = { socket, bind: false, port, type, ip: GROUPS[way.family], interface: way.multicastInterface };
  return new Bonjour(multicastDns, () => undefined);
}

function passed(ms: number, clock: Clock, signal: AbortSignal, held: DisposableStore): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = () => reject(new SparkError({ code: 'cancelled', message: 'The search was cancelled.' }));
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel);
    held.add(toDisposable(() => signal.removeEventListener('abort', cancel)));
    held.add(clock.after(ms, resolve));
  });
}
