import { writtenAddress } from '../../src/shared/address.js';
import { type ConnectionState } from '../../src/shared/connection.js';

/** The word that stands beside the dot of each state. */
export const STATE_WORDS: Readonly<Record<ConnectionState, string>> = {
  disconnected: 'Disconnected',
  connecting: 'Connecting',
  connected: 'Connected',
  reconnecting: 'Reconnecting',
  error: 'Error',
};

/** `user@host:port`; an IPv6 address stands in brackets. */
export function address(connection: { username: string; hostname: string; port: number }): string {
  return `${connection.username}@${writtenAddress(connection)}`;
}
