import { BlockList, isIP, isIPv6, SocketAddress } from 'node:net';

/** A machine with more has something else in mind. */
export const MOST_ADDRESSES = 16;

/** Where no other machine can be: this one, nobody, everybody. */
const UNUSABLE = new BlockList();
UNUSABLE.addSubnet('0.0.0.0', 8, 'ipv4');
UNUSABLE.addSubnet('127.0.0.0', 8, 'ipv4');
UNUSABLE.addSubnet('224.0.0.0', 3, 'ipv4');
UNUSABLE.addSubnet('::', 127, 'ipv6');
UNUSABLE.addSubnet('ff00::', 8, 'ipv6');

const LINK_LOCAL = new BlockList();
LINK_LOCAL.addSubnet('169.254.0.0', 16, 'ipv4');
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6');

/**
 * The addresses that can be connected to, each once, best first: IPv4, IPv6, then the link-local ones of both.
 * @param heardFrom who sent the answer. A link-local IPv6 address means something only together with the zone of the interface (RFC 4007, 11),
 * which the answer itself cannot name; without one such an address is left out.
 */
export function orderAddresses(addresses: readonly unknown[], heardFrom?: string): string[] {
  const zone = heardFrom?.split('%')[1];
  const usable = addresses.flatMap(address => {
    if (typeof address !== 'string') return [];
    const normal = normalize(address);
    // an IPv4 address written as an IPv6 one has no place in DNS (and `BlockList` takes the two for the same)
    if (normal === undefined || normal.startsWith('::ffff:') || UNUSABLE.check(normal, familyOf(normal))) return [];
    if (!isIPv6(normal) || !isLinkLocal(normal)) return [normal];
    return zone === undefined ? [] : [`${normal}%${zone}`];
  });
  return mergeAddresses([], usable);
}

/** Adds addresses that were learned later; the order stays that of {@link orderAddresses}. */
export function mergeAddresses(known: readonly string[], more: readonly string[]): string[] {
  const all = [...new Set([...known, ...more])];
  return all.sort((left, right) => rank(left) - rank(right)).slice(0, MOST_ADDRESSES);
}

function rank(address: string): number {
  return (isLinkLocal(address) ? 2 : 0) + (isIPv6(address) ? 1 : 0);
}

function isLinkLocal(address: string): boolean {
  return LINK_LOCAL.check(address.replace(/%.*$/, ''), familyOf(address));
}

/** One spelling for each address; undefined for what is none. */
function normalize(address: string): string | undefined {
  if (address.includes('%') || isIP(address) === 0) return undefined;
  return new SocketAddress({ address, family: familyOf(address) }).address;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
