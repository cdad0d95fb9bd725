import { networkInterfaces } from 'node:os';
import { type Clock, systemClock } from './clock.js';
import { type Disposable, toDisposable } from './disposable.js';

/**
 * How often the interfaces are looked at. Nothing in Node tells of a change, so it is a compromise: one look takes less than a millisecond, a few
 * on Windows, which at this pace is nothing; and people who change networks do not notice five seconds, since joining one takes about as long.
 */
const LOOK_EVERY_MS = 5_000;

/** What `os.networkInterfaces()` gives. */
export type Interfaces = ReturnType<typeof networkInterfaces>;

/** A change of the addresses that this computer has; at least one of the lists is not empty. */
export interface NetworkChange {
  /** Addresses that came: there may be a way now where there was none. */
  readonly gained: readonly string[];
  /** Addresses that went: what used them is dead, whether it knows or not. */
  readonly lost: readonly string[];
}

/**
 * Tells when this computer's addresses have changed: another Wi-Fi, a cable, a VPN. An address that moves to another interface went and came.
 * Two kinds do not count: loopback, and link-local IPv6, which every interface has by itself, so that each container that starts would be a
 * change.
 */
export function watchNetwork(
  onChange: (change: NetworkChange) => void,
  clock: Clock = systemClock,
  readInterfaces: () => Interfaces = networkInterfaces,
): Disposable {
  let next: Disposable | undefined;
  let known = addressesOf(readInterfaces) ?? new Map<string, string>();
  const wait = () => {
    next = clock.after(LOOK_EVERY_MS, () => {
      wait();
      const now = addressesOf(readInterfaces);
      if (now === undefined) return;
      const before = known;
      known = now;
      const gained = missingIn(before, now);
      const lost = missingIn(now, before);
      if (gained.length > 0 || lost.length > 0) onChange({ gained, lost });
    });
  };
  wait();
  return toDisposable(() => next?.dispose());
}

/** Addresses by interface and address; undefined when the system does not show them, as some sandboxes do and a system short of memory. */
function addressesOf(read: () => Interfaces): Map<string, string> | undefined {
  try {
    return new Map(
      Object.entries(read()).flatMap(([name, addresses = []]) =>
        addresses
          .filter(({ internal, family, address }) => !internal && !(family === 'IPv6' && /^fe[89ab]/i.test(address)))
          .map(({ address }): [string, string] => [`${name} ${address}`, address]),
      ),
    );
  } catch {
    return undefined;
  }
}

function missingIn(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): string[] {
  return [...other].filter(([key]) => !one.has(key)).map(([, address]) => address);
}
