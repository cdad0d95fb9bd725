import * as v from 'valibot';

/** `[user@]host[:port]`, as ssh's `-J` takes it. */
export interface HostAddress {
  readonly username: string | undefined;
  readonly hostname: string;
  readonly port: number | undefined;
}

/** One way to a machine: an address, and the jump hosts before it. */
export interface Way {
  readonly hostname: string;
  readonly port: number | undefined;
  /** Jump hosts in the order in which they are passed, as written, separated by commas; undefined for none. */
  readonly proxyJump: string | undefined;
}

const HOST = /^[A-Za-z0-9_:.][A-Za-z0-9_:.%-]*$/;
const USER = /^[A-Za-z0-9_][A-Za-z0-9_.@\\$-]*$/;
const MAX_JUMPS = 8;

/** Reads `[user@]host[:port]`; an IPv6 address with a port stands in brackets. Null where it is none. */
export function parseHostAddress(text: string): HostAddress | null {
  const at = text.lastIndexOf('@');
  const username = at < 0 ? undefined : text.slice(0, at);
  const rest = text.slice(at + 1);
  const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(rest);
  const plain = /^([^:]*)(?::(\d{1,5}))?$/.exec(rest);
  // several colons without brackets: an IPv6 address without a port
  const bare = /:.*:/.test(rest) ? [rest, rest] : null;
  const [, hostname = '', digits] = bracketed ?? plain ?? bare ?? [];
  const port = digits === undefined ? undefined : Number(digits);
  if (!HOST.test(hostname) || (username !== undefined && !USER.test(username))) return null;
  if (port !== undefined && (port < 1 || port > 65535)) return null;
  return { username, hostname, port };
}

/** `host:port`; an IPv6 address stands in brackets. */
export function writtenAddress({ hostname, port }: { hostname: string; port: number }): string {
  return `${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`;
}

/** The way that was taken, where it is another one than the address that is saved. */
export function otherWay(saved: { hostname: string; port: number }, via: string | undefined): string | undefined {
  return via?.toLowerCase() === writtenAddress(saved).toLowerCase() ? undefined : via;
}

/** Reads a list of jump hosts, separated by commas. Null where one of them is none. */
export function parseJumps(text: string): HostAddress[] | null {
  const hops = text.split(',').map(hop => parseHostAddress(hop.trim()));
  return hops.length <= MAX_JUMPS && hops.every(hop => hop !== null) ? hops : null;
}

/** Reads `host[:port] [via user@jump,…]`. Null where it is none. */
export function parseWay(text: string): Way | null {
  const [, address = '', proxyJump] = /^\s*(\S+)(?:\s+via\s+(\S.*?))?\s*$/i.exec(text) ?? [];
  const parsed = parseHostAddress(address);
  if (parsed === null || parsed.username !== undefined) return null;
  if (proxyJump !== undefined && parseJumps(proxyJump) === null) return null;
  return { hostname: parsed.hostname, port: parsed.port, proxyJump };
}

/** The jump hosts before a machine, as ssh's `-J` takes them: `user@gateway:2222,inner`. */
export const proxyJumpSchema = v.pipe(
  v.string(),
  v.trim(),
  v.maxLength(1024, 'That is too long.'),
  v.check(
    text => text === '' || parseJumps(text) !== null,
    'Use user@host:port, several separated by commas; at most eight.',
  ),
);

/** Another way to the same machine: `10.0.0.7`, `spark.tailnet.ts.net:2222`, `spark via me@gateway`. */
export const waySchema = v.pipe(
  v.string(),
  v.trim(),
  v.maxLength(1024, 'That is too long.'),
  v.check(
    text => parseWay(text) !== null,
    'Use an address a line, such as 10.0.0.7, spark.example:2222 or spark via me@gateway.',
  ),
);

/** A `Host` alias of ssh_config: what may stand after `ssh` on a command line. */
export const sshConfigHostSchema = v.pipe(
  v.string(),
  v.trim(),
  v.maxLength(255, 'A host alias has at most 255 characters.'),
  v.regex(/^[^\s\-*?!"'\\\p{Cc}][^\s*?!"'\\\p{Cc}]*$/u, 'Use a Host of your SSH config, without wildcards or spaces.'),
);
