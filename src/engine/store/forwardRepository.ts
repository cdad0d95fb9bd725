import { REMOTE_LOOPBACK, type Forward } from '../../shared/forwards.js';
import type { Database, SqlRow } from './database.js';
import type { ForwardRepository } from './types.js';
import type { ChangeOptions, Writer } from './writer.js';

/** What a user enters is backed up at once: it cannot be measured again. */
const ENTERED: ChangeOptions = { imageNow: true, backUp: true };

/** Saved forwards in `dgx_forwards`, changed through the writer only. */
export function createForwardRepository(database: Database, writer: Writer): ForwardRepository {
  return {
    list: () =>
      database
        .all('SELECT id, connection_id, remote_host, remote_port, local_port, label FROM dgx_forwards ORDER BY rowid')
        .map(readForward),
    put: forward => writer.change(() => ({ type: 'putForward', forward }), ENTERED),
    delete: id => writer.change(() => ({ type: 'deleteForward', id }), ENTERED),
  };
}

function readForward([id, connectionId, remoteHost, remotePort, localPort, label]: SqlRow): Forward {
  return {
    id: String(id),
    connectionId: String(connectionId),
    remoteHost: typeof remoteHost === 'string' ? remoteHost : REMOTE_LOOPBACK,
    remotePort: Number(remotePort),
    localPort: typeof localPort === 'number' ? localPort : null,
    label: typeof label === 'string' ? label : '',
  };
}
