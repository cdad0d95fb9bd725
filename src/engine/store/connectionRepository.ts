import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { type AuthMethod, authMethodSchema, type Connection, type ConnectionChanges } from '../../shared/connection.js';
import { SparkError } from '../../shared/errors.js';
import type { Clock } from '../base/clock.js';
import type { Database, SqlRow, SqlValue } from './database.js';
import { fromSqlTime } from './time.js';
import type { ConnectionRepository } from './types.js';
import type { ChangeOptions, Writer } from './writer.js';

const COLUMNS = `id, name, hostname, username, port, ssh_key_path, auth_method, is_active, wanted,
  last_connected_at, created_at, updated_at, ssh_config_host, proxy_jump, addresses, key_stored, last_address, ollama_host, ollama_port`;
const DEFAULT_PORT = 22;

/** What a user enters is backed up at once: it cannot be measured again. */
const ENTERED: ChangeOptions = { imageNow: true, backUp: true };

/** Saved connections in `dgx_connections`, changed through the writer only. */
export function createConnectionRepository(database: Database, writer: Writer, clock: Clock): ConnectionRepository {
  const get = (id: string): Connection => {
    const [row] = database.all(`SELECT ${COLUMNS} FROM dgx_connections WHERE id = ?`, [id]);
    if (row === undefined)
      throw new SparkError({
        code: 'notFound',
        message: 'This connection is no longer saved.',
        hint: 'It may have been deleted in another window; add it again if you need it.',
      });
    return readConnection(row);
  };
  const put = (change: () => Connection, options: ChangeOptions) =>
    writer.change(() => ({ type: 'putConnection', connection: change() }), options);

  return {
    list: () => database.all(`SELECT ${COLUMNS} FROM dgx_connections ORDER BY created_at, rowid`).map(readConnection),
    get,
    async create(data) {
      const id = randomUUID();
      const now = clock.now();
      await put(
        () => ({
          ...data,
          id,
          isActive: false,
          wanted: false,
          keyStored: false,
          lastAddress: null,
          lastConnectedAt: null,
          createdAt: now,
          updatedAt: now,
        }),
        ENTERED,
      );
      return get(id);
    },
    async update(id, changes) {
      await put(() => {
        const before = get(id);
        const after = { ...before, ...given(changes), updatedAt: clock.now() };
        const moves = after.hostname !== before.hostname || after.sshConfigHost !== before.sshConfigHost;
        return moves ? { ...after, lastAddress: null } : after;
      }, ENTERED);
      return get(id);
    },
    delete: id => writer.change(() => ({ type: 'deleteConnection', id: get(id).id }), ENTERED),
    setActive: id =>
      writer.change(() => ({ type: 'activateConnection', id: get(id).id }), { applyAnyway: true, imageNow: true }),
    setWanted: (id, wanted) => put(() => ({ ...get(id), wanted }), { applyAnyway: true, imageNow: true }),
    // a reconnect is no user's action: the journal holds it, the image can wait
    markConnected: (id, facts) =>
      put(() => ({ ...get(id), ...facts, lastConnectedAt: clock.now() }), { applyAnyway: true }),
    setKeyStored: (id, keyStored) => put(() => ({ ...get(id), keyStored, updatedAt: clock.now() }), ENTERED),
  };
}

/** The fields of a change that have a value; an empty key path or jump host is none. */
function given(changes: ConnectionChanges): Partial<Connection> {
  const fields = Object.entries(changes).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    fields.map(([name, value]) => [name, ['sshKeyPath', 'proxyJump'].includes(name) && value === '' ? null : value]),
  );
}

function readConnection(row: SqlRow): Connection {
  const [
    id,
    name,
    hostname,
    username,
    port,
    sshKeyPath,
    authMethod,
    isActive,
    wanted,
    lastConnected,
    created,
    updated,
    sshConfigHost,
    proxyJump,
    addresses,
    keyStored,
    lastAddress,
    ollamaHost,
    ollamaPort,
  ] = row;
  return {
    id: String(id),
    name: String(name),
    hostname: String(hostname),
    username: String(username),
    port: typeof port === 'number' ? port : DEFAULT_PORT,
    sshKeyPath: text(sshKeyPath),
    authMethod: isAuthMethod(authMethod) ? authMethod : 'auto',
    sshConfigHost: text(sshConfigHost),
    proxyJump: text(proxyJump),
    addresses: list(text(addresses)),
    keyStored: keyStored === 1,
    lastAddress: text(lastAddress),
    ollamaHost: text(ollamaHost),
    ollamaPort: typeof ollamaPort === 'number' ? ollamaPort : null,
    isActive: isActive === 1,
    wanted: wanted === 1,
    lastConnectedAt: fromSqlTime(text(lastConnected)),
    createdAt: fromSqlTime(text(created)) ?? 0,
    updatedAt: fromSqlTime(text(updated)) ?? 0,
  };
}

function isAuthMethod(value: unknown): value is AuthMethod {
  return v.is(authMethodSchema, value);
}

/** A JSON list of texts; whatever else another program may have written there counts as none. */
function list(json: string | null): string[] {
  try {
    return v.parse(v.array(v.string()), JSON.parse(json ?? '[]'));
  } catch {
    return [];
  }
}

function text(value: SqlValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
