import { constants } from 'node:fs';
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SparkError } from '../../shared/errors.js';
import type { Address } from './networkErrors.js';
import { formatEntry, type KnownHostsEntry, parseKnownHosts } from './knownHosts.js';

/** The files that OpenSSH reads unless it is told otherwise (ssh_config(5): UserKnownHostsFile, GlobalKnownHostsFile). */
export function knownHostsPaths(
  home: string,
  platform: NodeJS.Platform = process.platform,
): { user: string[]; system: string[] } {
  const user = ['known_hosts', 'known_hosts2'].map(name => join(home, '.ssh', name));
  const systemFolder = platform === 'win32' ? join(process.env['ProgramData'] ?? 'C:\\ProgramData', 'ssh') : '/etc/ssh';
  return { user, system: ['ssh_known_hosts', 'ssh_known_hosts2'].map(name => join(systemFolder, name)) };
}

/**
 * Reads all files. One that is not there says nothing; one that is there and cannot be read might have said "revoked" or "changed",
 * so it stops everything with `knownHostsUnreadable`.
 */
export async function readKnownHosts(paths: readonly string[]): Promise<KnownHostsEntry[]> {
  const perFile = await Promise.all(
    paths.map(async path => {
      try {
        return parseKnownHosts(await readFile(path, 'utf8'), path);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code === 'ENOENT' || code === 'ENOTDIR') return [];
        throw new SparkError(
          {
            code: 'knownHostsUnreadable',
            message: `The file of known hosts ${path} cannot be read (${code ?? 'unknown error'}).`,
            hint: 'Repair the file or its permissions: without it, it cannot be told whether the machine is the right one.',
          },
          { cause: error },
        );
      }
    }),
  );
  return perFile.flat();
}

/**
 * Makes a host known: one more line at the end of `path`, written at once so that two writers cannot mix theirs. Folder and file are made with
 * the modes that OpenSSH wants (0700, 0600).
 * @param hash whether the name is hashed; left out: where the file's other names are
 */
export async function addKnownHost(path: string, host: Address, key: Buffer, hash?: boolean): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, 0o600);
  try {
    const before = await file.readFile('utf8');
    const hashed = hash ?? parseKnownHosts(before, path).some(entry => entry.hosts.startsWith('|'));
    const separator = before === '' || before.endsWith('\n') ? '' : '\n';
    await file.write(`${separator}${formatEntry(host.hostname, host.port, key, hashed)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}
