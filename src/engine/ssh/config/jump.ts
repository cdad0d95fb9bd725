import { ConfigFault, quoted } from './problem.js';
import type { JumpHost } from './types.js';
import { parsePort } from './values.js';

/** More hops than anybody has; each costs a connection. */
const MAX_HOPS = 16;

/**
 * Reads the value of ProxyJump: `[user@]host[:port]` or `ssh://[user@]host[:port]`, with commas between, in the order in which they are gone through.
 * @returns no hops for `none`
 */
export function parseProxyJump(written: string): readonly JumpHost[] {
  // OpenSSH passes over any more `=`, and over comments since 8.7
  const text = (written.replace(/^[ \t\r\n=]+/, '').split('#', 1)[0] ?? '').trimEnd();
  if (text.toLowerCase() === 'none') return [];
  const hops = text.split(',');
  if (hops.length > MAX_HOPS) throw new ConfigFault(`ProxyJump names more than ${MAX_HOPS} hosts.`);
  return hops.map(hop => {
    const found = /\s/.test(hop) ? undefined : hop.startsWith('ssh://') ? parseUri(hop) : parseUserHostPort(hop);
    if (found !== undefined) return found;
    throw new ConfigFault(
      `${quoted(hop)} is not a host to jump through.`,
      'Write [user@]host[:port] or ssh://[user@]host[:port], with commas and no spaces between several; an IPv6 address in [ ].',
    );
  });
}

/** `user` ends at the last `@`, so that a login name may contain one. */
function parseUserHostPort(text: string): JumpHost | undefined {
  const at = text.lastIndexOf('@');
  if (at === 0) return undefined;
  return withHostPort(at < 0 ? undefined : text.slice(0, at), text.slice(at + 1), /^(\[[^\]]*\]|[^:/]*)(?::([^/]*))?$/);
}

/** draft-ietf-secsh-scp-sftp-ssh-uri; the user may be percent-encoded, and parameters after a `;` mean nothing. */
function parseUri(text: string): JumpHost | undefined {
  const rest = text.slice('ssh://'.length);
  const at = rest.indexOf('@');
  const hop = withHostPort(undefined, rest.slice(at + 1), /^(\[[^\]]*\]|[^:/]*)(?::([^/]*))?\/?$/);
  // in a URI OpenSSH takes names and IPv4 addresses only
  if (hop === undefined || !/^[A-Za-z0-9](?!.*\.\.)[A-Za-z0-9._-]*$/.test(hop.host)) return undefined;
  const named = { ...hop, host: hop.host.replace(/\.$/, '') };
  if (at < 0) return named;
  const user = decode(rest.slice(0, at).split(';', 1)[0] ?? '');
  return user === undefined || user === '' ? undefined : { ...named, user };
}

function withHostPort(user: string | undefined, text: string, form: RegExp): JumpHost | undefined {
  const [, bracketed = '', portText = ''] = form.exec(text) ?? [];
  const host = bracketed.startsWith('[') ? bracketed.slice(1, -1) : bracketed;
  if (host === '') return undefined;
  if (portText === '') return { user, host, port: undefined };
  const port = parsePort(portText);
  return port === undefined ? undefined : { user, host, port };
}

function decode(text: string): string | undefined {
  try {
    const decoded = decodeURIComponent(text.replaceAll('+', ' '));
    return decoded.includes('\0') ? undefined : decoded;
  } catch {
    return undefined;
  }
}
