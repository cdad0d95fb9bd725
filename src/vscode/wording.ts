import { otherWay, writtenAddress } from '../shared/address.js';
import type { Connection, ConnectionState, ConnectionView } from '../shared/connection.js';
import type { Sample } from '../shared/metrics.js';

/** The word of each state; colour and icon only repeat it. */
export const STATE_WORDS: Readonly<Record<ConnectionState, string>> = {
  disconnected: 'Disconnected',
  connecting: 'Connecting',
  connected: 'Connected',
  reconnecting: 'Reconnecting',
  error: 'Error',
};

/** `user@host:port`, an IPv6 address in brackets. */
export function addressOf(connection: Pick<Connection, 'username' | 'hostname' | 'port'>): string {
  return `${connection.username}@${writtenAddress(connection)}`;
}

const UNITS = [
  ['year', 365 * 24 * 3600],
  ['month', 30 * 24 * 3600],
  ['day', 24 * 3600],
  ['hour', 3600],
  ['minute', 60],
] as const;
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always' });

/** "2 hours ago"; "just now" within the first minute and for a time ahead of this computer's clock. */
export function timeAgo(then: number, now: number): string {
  const seconds = (now - then) / 1000;
  const unit = UNITS.find(([, length]) => seconds >= length);
  return unit ? relative.format(-Math.floor(seconds / unit[1]), unit[0]) : 'just now';
}

/** "2 d 3 h", "2 h 5 min", "4 min", "12 s": two units are enough to judge by. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [minutes, hours, days] = [Math.floor(seconds / 60), Math.floor(seconds / 3600), Math.floor(seconds / 86400)];
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min` : `${seconds} s`;
}

/** What is shown for something that the machine does not report. */
export const NOT_REPORTED = 'n/a';

/** A whole number with its unit, or "n/a". */
export function reading(value: number | null, unit: string): string {
  return value === null ? NOT_REPORTED : `${Math.round(value)}${unit}`;
}

/** MiB as "12.3/119.7 GB", with "n/a" for what is not known. */
export function memory(usedMb: number | null, totalMb: number | null): string {
  if (usedMb === null && totalMb === null) return NOT_REPORTED;
  return `${usedMb === null ? NOT_REPORTED : gigabytes(usedMb)}/${totalMb === null ? NOT_REPORTED : gigabytes(totalMb)} GB`;
}

function gigabytes(megabytes: number): string {
  return (megabytes / 1024).toFixed(1);
}

/** One machine in a few numbers. */
export interface Load {
  /** Percent, of the busiest GPU. */
  readonly utilization: number | null;
  /** MiB, of all GPUs together; a pool that GPUs share counts once. */
  readonly usedMb: number | null;
  readonly totalMb: number | null;
}

/** Sums a sample up for a line that has no room for each GPU. */
export function loadOf(sample: Sample): Load {
  const known = sample.gpus.map(gpu => gpu.utilization).filter(value => value !== null);
  const shared = sample.gpus.find(gpu => gpu.memory.kind === 'unified');
  const pools = [...sample.gpus.filter(gpu => gpu.memory.kind === 'dedicated'), ...(shared ? [shared] : [])];
  return {
    utilization: known.length > 0 ? Math.max(...known) : null,
    usedMb: sum(pools.map(gpu => gpu.memory.usedMb)),
    totalMb: sum(pools.map(gpu => gpu.memory.totalMb)),
  };
}

/** Null when nothing is known; a partial sum would look like the whole. */
function sum(values: readonly (number | null)[]): number | null {
  if (values.length === 0) return null;
  let total = 0;
  for (const value of values) {
    if (value === null) return null;
    total += value;
  }
  return total;
}

/** The connection that one line is about: the active one, else one that is connected, else one that does something, else the first. */
export function foremost(connections: readonly ConnectionView[]): ConnectionView | undefined {
  return (
    connections.find(connection => connection.isActive) ??
    connections.find(({ status }) => status.state === 'connected') ??
    connections.find(({ status }) => status.state !== 'disconnected') ??
    connections[0]
  );
}

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });

/** Facts about a connection for a tooltip, as pairs of a heading and a text; the text may hold anything. */
export function factsOf(connection: ConnectionView, now: number): [heading: string, text: string][] {
  const { status } = connection;
  const facts: [string, string][] = [
    ['Address', addressOf(connection)],
    ['State', status.step === undefined ? STATE_WORDS[status.state] : `${STATE_WORDS[status.state]}: ${status.step}`],
  ];
  if (connection.sshConfigHost !== null) facts.push(['Follows', `Host ${connection.sshConfigHost} of your SSH config`]);
  const via = otherWay(connection, status.via);
  if (via !== undefined) facts.push(['Reached at', via]);
  if (status.state === 'connected') facts.push(['Uptime', duration(now - status.since)]);
  else if (connection.lastConnectedAt !== null)
    facts.push(['Last connected', timeAgo(connection.lastConnectedAt, now)]);
  if (status.tunnel.state === 'open')
    facts.push(['Ollama', `localhost:${status.tunnel.localPort} → ${status.tunnel.remotePort} on the Spark`]);
  if (status.tunnel.state === 'error') facts.push(['Tunnel', sentences(status.tunnel.error)]);
  // a tooltip stands for a while: seconds to go would soon be wrong
  if (status.nextAttemptAt !== undefined) facts.push(['Next attempt', `at ${CLOCK.format(status.nextAttemptAt)}`]);
  if (status.error) facts.push(['Reason', sentences(status.error)]);
  if (status.note !== undefined) facts.push(['Note', status.note]);
  return facts;
}

/** What happened and what to do about it. */
export function sentences(error: { message: string; hint?: string | undefined }): string {
  return error.hint ? `${error.message} ${error.hint}` : error.message;
}

const SIZES = ['bytes', 'KB', 'MB', 'GB', 'TB', 'PB'] as const;

/** "812 bytes", "1.2 MB": powers of 1024, as the editor itself counts. */
export function bytes(count: number): string {
  let [size, unit] = [count, 0];
  for (; size >= 1024 && unit < SIZES.length - 1; unit++) size /= 1024;
  if (unit === 0) return count === 1 ? '1 byte' : `${count} bytes`;
  return `${size.toFixed(size < 10 ? 1 : 0)} ${SIZES[unit] ?? ''}`;
}
