import type { Connection, ConnectionData } from '../../src/shared/connection.js';

/** What a user has entered, by default for a login by password. */
export function connectionData(changes: Partial<ConnectionData> = {}): ConnectionData {
  return {
    name: 'spark-1',
    hostname: 'spark.local',
    username: 'nvidia',
    port: 22,
    sshKeyPath: null,
    authMethod: 'password',
    sshConfigHost: null,
    proxyJump: null,
    addresses: [],
    ollamaHost: null,
    ollamaPort: null,
    ...changes,
  };
}

/** A saved connection that was never connected. */
export function savedConnection(changes: Partial<Connection> = {}): Connection {
  return {
    ...connectionData(),
    id: 'c1',
    isActive: false,
    wanted: false,
    keyStored: false,
    lastAddress: null,
    lastConnectedAt: null,
    createdAt: 0,
    updatedAt: 0,
    ...changes,
  };
}
