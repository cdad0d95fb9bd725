import type { Snapshot } from '../shared/contract.js';
import { LOCAL_OLLAMA_URL } from './contributionData.js';

export const NOTHING_SAVED: Snapshot = {
  connections: [],
  forwards: [],
  endpoint: { url: LOCAL_OLLAMA_URL, source: 'local', connectionId: null },
};

/** What is true of a snapshot once the engine behind it has gone. */
export function allDisconnected(snapshot: Snapshot): Snapshot {
  const status = { state: 'disconnected', since: Date.now(), tunnel: { state: 'closed' } } as const;
  return {
    connections: snapshot.connections.map(connection => ({ ...connection, status })),
    forwards: snapshot.forwards.map(forward => ({ ...forward, status: { state: 'closed' } })),
    endpoint: NOTHING_SAVED.endpoint,
  };
}
