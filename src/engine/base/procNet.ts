import { SocketAddress } from 'node:net';

/**
 * The addresses that programs listen on, from lines of `/proc/net/tcp` and `/proc/net/tcp6` (proc(5)): `<n>: <address>:<port> ...`, the address as
 * 32-bit numbers in the order of bytes of the machine, which is little-endian on arm64 and x86. Lines that are something else are left out.
 */
export function listeningAddresses(lines: string): string[] {
  const addresses = lines.split('\n').flatMap(line => {
    const hex = /^ *\d+: ([0-9A-F]{8}|[0-9A-F]{32}):[0-9A-F]{4} /.exec(line)?.[1];
    if (hex === undefined) return [];
    const bytes = (hex.match(/.{8}/g) ?? []).flatMap(word => [...Buffer.from(word, 'hex').reverse()]);
    return [bytes.length === 4 ? bytes.join('.') : ipv6(bytes)];
  });
  return [...new Set(addresses)];
}

const LOOPBACK = new Set(['127.0.0.1', '0.0.0.0', '::', '::ffff:127.0.0.1']);

/** Whether who connects to 127.0.0.1 reaches one of them; `::` takes IPv4 connections too, unless a program forbids it. */
export function reachedByLoopback(addresses: readonly string[]): boolean {
  return addresses.some(address => LOOPBACK.has(address));
}

function ipv6(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    Buffer.from(bytes)
      .readUInt16BE(2 * index)
      .toString(16),
  );
  // in the usual short form
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}

/** Where a program accepts connections. */
export interface ListeningSocket {
  readonly address: string;
  readonly port: number;
}

/** Column `st` of a socket that listens. */
const LISTEN = '0A';

/** All sockets that listen, from the text of `/proc/net/tcp` and `/proc/net/tcp6`; each once. */
export function listeningSockets(table: string): ListeningSocket[] {
  const found = new Map<string, ListeningSocket>();
  for (const line of table.split('\n')) {
    const [, hex, state] =
      /^ *\d+: (?:[0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F:]+ ([0-9A-F]{2}) /.exec(line) ?? [];
    const [address] = listeningAddresses(line);
    if (hex === undefined || state !== LISTEN || address === undefined) continue;
    const port = Number.parseInt(hex, 16);
    found.set(`${address} ${port}`, { address, port });
  }
  return [...found.values()];
}
