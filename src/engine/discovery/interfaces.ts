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

/**
 * Every network of this computer, since the default route leads to one of them only (a Spark at the end of a cable is on another). IPv6 is asked
 * where there is a link-local address, which multicast on the link needs as its sender.
 */
export function waysOut(interfaces: Interfaces, platform: NodeJS.Platform): Way[] {
  return Object.entries(interfaces).flatMap(([name, addresses = []]) => {
    const own = addresses.filter(({ internal }) => !internal);
    const ways: Way[] = [];
    const v4 = own.find(({ family }) => family === 'IPv4');
    if (v4) ways.push({ family: 'IPv4', name, multicastInterface: v4.address });
    const v6 = own.find(({ family, address }) => family === 'IPv6' && /^fe[89ab]/i.test(address));
    // Windows names a zone by the number of the interface, the others by its name
    const zone = platform === 'win32' ? String(v6?.scopeid) : name;
    if (v6) ways.push({ family: 'IPv6', name, multicastInterface: `::%${zone}` });
    return ways;
  });
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
