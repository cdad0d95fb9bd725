import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Clock } from '../base/clock.js';
import { DisposableStore, toDisposable } from '../base/disposable.js';
import { printable } from '../base/remoteText.js';
import { type Finding, finding } from './finding.js';

const STEP = 'Name';
/** macOS and Windows ask for a name that ends with `.local` for up to this long; a name server that is silent takes longer. */
const TIMEOUT_MS = 12_000;
/** More addresses than this are not tried. */
const MOST_ADDRESSES = 6;

export type Lookup = (hostname: string) => Promise<readonly LookupAddress[]>;

/** What the system's own resolver says, which is what a connection uses too. */
export const systemLookup: Lookup = hostname => lookup(hostname, { all: true });

/** Finds the addresses of a host name; there are none when the finding is a problem. */
export async function probeName(
  hostname: string,
  resolve: Lookup,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<{ addresses: string[]; finding: Finding }> {
  if (isIP(hostname) !== 0)
    return { addresses: [hostname], finding: finding(STEP, 'ok', `${hostname} is an address, no name to look up`) };
  try {
    const found = await inTime(resolve(hostname), clock, signal);
    const addresses = [...new Set(found.map(({ address }) => address))].slice(0, MOST_ADDRESSES);
    if (addresses.length > 0)
      return { addresses, finding: finding(STEP, 'ok', `${hostname} is ${addresses.join(', ')}`) };
    return { addresses, finding: notFound(hostname, 'it has no address') };
  } catch (error) {
    return { addresses: [], finding: notFound(hostname, reasonOf(error)) };
  }
}

function notFound(hostname: string, reason: string): Finding {
  const local = hostname.endsWith('.local');
  return finding(STEP, 'problem', `The name "${hostname}" is not known on this network`, {
    detail: reason,
    hint: local
      ? 'Names that end with ".local" are found by multicast DNS, which works on the same network only and which VPNs, guest networks and firewalls block. Use the IP address of the machine instead.'
      : 'Check the spelling, the network and a VPN if there is one, or use the IP address.',
  });
}

function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return printable(typeof code === 'string' ? code : String(error));
}

/** The system's resolver cannot be told to stop; it is only no longer waited for. */
async function inTime<T>(work: Promise<T>, clock: Clock, signal: AbortSignal): Promise<T> {
  const held = new DisposableStore();
  try {
    return await new Promise<T>((resolve, reject) => {
      const cancel = () => reject(new Error('cancelled'));
      held.add(clock.after(TIMEOUT_MS, () => reject(new Error('no answer in time'))));
      signal.addEventListener('abort', cancel);
      held.add(toDisposable(() => signal.removeEventListener('abort', cancel)));
      if (signal.aborted) cancel();
      work.then(resolve, reject);
    });
  } finally {
    held.dispose();
  }
}
