import type { Connection } from '../../shared/connection.js';

/** Extensions that open a folder over SSH in a window of its own, and how each is told a host that is more than a name. */
export const REMOTE_SSH_EXTENSIONS = [
  'ms-vscode-remote.remote-ssh',
  'anysphere.remote-ssh',
  'jeanp413.open-remote-ssh',
  'codeium.windsurf-remote-openssh',
] as const;
export type RemoteSshExtension = (typeof REMOTE_SSH_EXTENSIONS)[number];

type Host = Pick<Connection, 'hostname' | 'username' | 'port' | 'sshConfigHost'>;

/** Authority of a `vscode-remote` URI for the machine of a connection. */
export function remoteSshAuthority(extension: RemoteSshExtension, host: Host): string {
  return `ssh-remote+${hostWord(extension, host)}`;
}

function hostWord(extension: RemoteSshExtension, { hostname, username, port, sshConfigHost }: Host): string {
  // a name of ssh_config carries everything else with it
  if (sshConfigHost !== null && /^[\w.-]+$/.test(sshConfigHost)) return sshConfigHost;
  const isPlain = port === 22 && !hostname.includes(':') && /^[\w.-]+$/.test(username);
  if (isPlain) return `${username}@${hostname}`;
  if (extension === 'ms-vscode-remote.remote-ssh' || extension === 'anysphere.remote-ssh')
    return Buffer.from(JSON.stringify({ hostName: hostname, user: username, port })).toString('hex');
  return `${username}@${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`;
}
