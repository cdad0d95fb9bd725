import { BlockList, isIPv6 } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';

/** What `os.networkInterfaces()` gives. */
export type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

/** One network to ask, in one family. */
export interface Way {
  readonly family: 'IPv4' | 'IPv6';
  /** Name of the interface, for the log. */
  readonly name: string;
  /** How Node names the interface in multicast options: an IPv4 address of it, or `::%` and its zone. */
  readonly multicastInterface: string;
}

/** A computer that runs many containers has a bridge or a cable for each, none of which leads to a Spark. */
const MOST_WAYS = 32;

/**
 * Every network of this computer, since the default route leads to one of them only (a Spark at the end of a cable is on another). IPv6 is asked
 * where there is a link-local address, which multicast on the link needs as its sender.
 */
export function waysOut(interfaces: Interfaces, platform: NodeJS.Platform): Way[] {
  const own = Object.entries(interfaces).map(([name, addresses = []]) => ({
    name,
    v4: addresses.find(({ internal, family }) => !internal && family === 'IPv4'),
    v6: addresses.find(({ internal, family, address }) => !internal && family === 'IPv6' && /^fe[89ab]/i.test(address)),
  }));
  const v4 = own.flatMap(({ name, v4: found }): Way[] =>
    found ? [{ family: 'IPv4', name, multicastInterface: found.address }] : [],
  );
  const v6 = own.flatMap(({ name, v6: found }): Way[] => {
    // Windows names a zone by the number of the interface, the others by its name
    const zone = platform === 'win32' ? String(found?.scopeid) : name;
    return found ? [{ family: 'IPv6', name, multicastInterface: `::%${zone}` }] : [];
  });
  return [...v4, ...v6].slice(0, MOST_WAYS);
}

/** Whether an address is on a network that this computer is on itself. */
export function onLink(interfaces: Interfaces): (address: string) => boolean {
  const networks = new BlockList();
  networks.addSubnet('fe80::', 10, 'ipv6');
  for (const { cidr, address, family } of Object.values(interfaces).flatMap(addresses => addresses ?? [])) {
    const prefix = Number(cidr?.split('/')[1]);
    if (Number.isInteger(prefix)) networks.addSubnet(address, prefix, family === 'IPv6' ? 'ipv6' : 'ipv4');
  }
  return address => networks.check(address.replace(/%.*$/, ''), isIPv6(address) ? 'ipv6' : 'ipv4');
}
