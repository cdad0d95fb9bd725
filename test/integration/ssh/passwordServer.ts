import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestTarget } from './openSession.js';
import ssh2, { type AuthContext, type Connection } from 'ssh2';
import { toOpenSshPrivateKey } from '../../../src/engine/ssh/keys/opensshKey.js';

export interface PasswordServer {
  readonly target: TestTarget;
  /** A client's home that knows the host key. */
  readonly home: string;
  /** Each attempt to log in, as `method` or `method:answer`. */
  readonly attempts: string[];
  /** Connections that are open now. */
  readonly connections: Set<Connection>;
  stop(): Promise<void>;
}

/** An SSH server for logins that OpenSSH would need a system account and PAM for. */
export async function startPasswordServer(
  authenticate: (context: AuthContext, attempts: string[], connection: Connection) => void,
): Promise<PasswordServer> {
  const folder = mkdtempSync(join(tmpdir(), 'password-server-'));
  // not ssh2's own generator: one in some 250 Ed25519 keys that it makes is too short
  const { privateKey } = generateKeyPairSync('ed25519');
  const hostKey = toOpenSshPrivateKey(privateKey) ?? '';
  const parsed = ssh2.utils.parseKey(hostKey);
  if (parsed instanceof Error) throw parsed;
  const attempts: string[] = [];
  const connections = new Set<Connection>();
  const server = new ssh2.Server({ hostKeys: [hostKey] }, connection => {
    connections.add(connection);
    connection.on('close', () => connections.delete(connection));
    connection.on('error', () => undefined);
    connection.on('authentication', context => {
      attempts.push(context.method === 'password' ? `password:${context.password}` : context.method);
      authenticate(context, attempts, connection);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  mkdirSync(join(folder, '.ssh'));
  writeFileSync(
    join(folder, '.ssh', 'known_hosts'),
    `[127.0.0.1]:${port} ssh-ed25519 ${parsed.getPublicSSH().toString('base64')}\n`,
  );
  return {
    target: { hostname: '127.0.0.1', port, username: 'nvidia', auth: { method: 'password' } },
    home: folder,
    attempts,
    connections,
    async stop() {
      for (const connection of connections) connection.end();
      await new Promise<void>(resolve => server.close(() => resolve()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
