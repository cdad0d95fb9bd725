import { parseWay } from '../../shared/address.js';
import type { Connection } from '../../shared/connection.js';
import { SparkError } from '../../shared/errors.js';
import type { SshLogin, SshTarget, SshWay } from '../ssh/types.js';
import type { LoginSecrets } from './loginSecrets.js';

/** What the form offers where the user has said nothing: a port in ssh_config then counts more. */
const DEFAULT_PORT = 22;

/** How to reach a saved connection and log in to it. Throws `keyMissing` where the login needs a key and has none. */
export function targetOf(connection: Connection, secrets: LoginSecrets): SshTarget {
  const { hostname, port, username, sshConfigHost, proxyJump, lastAddress } = connection;
  const follows = sshConfigHost !== null;
  const own: SshWay = {
    host: sshConfigHost ?? hostname,
    port: follows || port === DEFAULT_PORT ? undefined : port,
    proxyJump: proxyJump ?? undefined,
  };
  const others = connection.addresses.flatMap(text => {
    const way = parseWay(text);
    return way ? [{ host: way.hostname, port: way.port, proxyJump: way.proxyJump }] : [];
  });
  return {
    ways: [own, ...others],
    username: follows ? undefined : username,
    login: loginOf(connection, secrets),
    lastAddress: lastAddress ?? undefined,
  };
}

function loginOf({ authMethod, sshKeyPath, keyStored, name }: Connection, secrets: LoginSecrets): SshLogin {
  if (authMethod !== 'key') return { method: authMethod };
  if (keyStored)
    return { method: 'storedKey', label: sshKeyPath ?? name, read: async () => await secrets.find({ kind: 'key' }) };
  if (sshKeyPath === null)
    throw new SparkError({
      code: 'keyMissing',
      message: `No private key is chosen for ${name}.`,
      hint: 'Edit the connection and choose a key file.',
      field: 'sshKeyPath',
    });
  return { method: 'key', keyPath: sshKeyPath };
}
