import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TIMEOUT_MS = 3000;
/** Column `st` of /proc/net/tcp for a socket that listens. */
const LISTEN = '0A';

/**
 * Which program listens on a TCP port of this computer, as `name (pid N)`. Null when nothing does, or when the system does not tell, as for
 * programs of other users. Never rejects: this only makes a message better.
 */
export async function portHolder(port: number): Promise<string | null> {
  try {
    if (process.platform === 'linux') return await holderOnLinux(port);
    if (process.platform === 'darwin') return await holderOnMac(port);
    if (process.platform === 'win32') return await holderOnWindows(port);
  } catch {
    // no such program, no permission, took too long
  }
  return null;
}

async function holderOnLinux(port: number): Promise<string | null> {
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map(path => readFile(path, 'utf8').catch(() => '')),
  );
  const inodes = listeningInodes(tables.join('\n'), port);
  if (inodes.size === 0) return null;
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const fds = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const fd of fds) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode === undefined || !inodes.has(inode)) continue;
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a program');
      return `${name.trim()} (pid ${pid})`;
    }
  }
  return null;
}

/** Inodes of sockets that listen on a port, from the text of /proc/net/tcp and tcp6 (proc(5)). */
export function listeningInodes(table: string, port: number): Set<string> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const inodes = new Set<string>();
  for (const line of table.split('\n')) {
    const columns = line.trim().split(/\s+/);
    const inode = columns[9];
    if (columns[1]?.endsWith(suffix) === true && columns[3] === LISTEN && inode !== undefined) inodes.add(inode);
  }
  return inodes;
}

async function holderOnMac(port: number): Promise<string | null> {
  const { stdout } = await run('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], { timeout: TIMEOUT_MS });
  return parseLsof(stdout);
}

/** Reads `lsof -Fpc`: a line `p<pid>`, then a line `c<command>`. */
export function parseLsof(output: string): string | null {
  const pid = /^p(\d+)$/m.exec(output)?.[1];
  if (pid === undefined) return null;
  return `${/^c(.+)$/m.exec(output)?.[1] ?? 'a program'} (pid ${pid})`;
}

async function holderOnWindows(port: number): Promise<string | null> {
  const options = { timeout: TIMEOUT_MS, windowsHide: true };
  const pid = parseNetstat((await run('netstat', ['-ano'], options)).stdout, port);
  if (pid === null) return null;
  const { stdout } = await run('tasklist', ['/FI', `PID eq ${pid}`, '/FO', 'CSV', '/NH'], options);
  return `${parseTasklist(stdout) ?? 'a program'} (pid ${pid})`;
}

/**
 * The process id behind a listening port in the output of `netstat -ano`. The word for "listening" is translated on Windows, so a listener is
 * told by its foreign address, whose port is 0.
 */
export function parseNetstat(output: string, port: number): string | null {
  for (const line of output.split('\n')) {
    const [protocol, local, foreign, , pid] = line.trim().split(/\s+/);
    if (
      protocol === 'TCP' &&
      local?.endsWith(`:${port}`) === true &&
      foreign?.endsWith(':0') === true &&
      pid !== undefined
    )
      return pid;
  }
  return null;
}

/** The program's name in the output of `tasklist /FO CSV /NH`. */
export function parseTasklist(output: string): string | null {
  return /^"([^"]+)",/m.exec(output)?.[1] ?? null;
}
