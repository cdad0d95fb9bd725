import { isIPv6, SocketAddress } from 'node:net';

/**
 * A host name as OpenSSH uses it from here on, also to look for its key: names in lower case, addresses in their usual form (`2001:db8::1`,
 * `127.0.0.1` for `127.1`). An address with a zone stays as it is.
 */
export function canonicalName(host: string): string {
  if (isIPv6(host) && !host.includes('%')) return new SocketAddress({ address: host, family: 'ipv6' }).address;
  if (host.includes(':')) return host;
  if (/^[\d.]+$/.test(host) && URL.canParse(`http://${host}`)) return new URL(`http://${host}`).hostname;
  return host.replace(/[A-Z]+/g, letters => letters.toLowerCase());
}
