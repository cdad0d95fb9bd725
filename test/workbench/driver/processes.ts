import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A running process. */
export interface ProcessInfo {
  readonly pid: number;
  readonly args: readonly string[];
}

/**
 * Processes whose environment holds these variables, from Linux's `/proc`. This finds what left its process group too,
 * as a detached engine does.
 */
export function processesOf(variables: Readonly<Record<string, string>>): ProcessInfo[] {
  const wanted = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => {
      try {
        const environment = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0');
        if (!wanted.every(line => environment.includes(line))) return [];
        const args = readFileSync(`/proc/${name}/cmdline`, 'utf8')
          .split('\0')
          .filter(arg => arg !== '');
        // a zombie has no command line
        return args.length > 0 ? [{ pid: Number(name), args }] : [];
      } catch {
        return []; // ended meanwhile, or another user's
      }
    });
}

/** Kills what `find` finds until it finds nothing any more. Rejects when something survives for 10 s. */
export async function endProcesses(find: () => readonly ProcessInfo[]): Promise<void> {
  const end = Date.now() + 10_000;
  for (let left = find(); left.length > 0; left = find()) {
    if (Date.now() > end) throw new Error(`Still running: ${left.map(({ args }) => args.join(' ')).join('; ')}`);
    for (const { pid } of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // ended meanwhile
      }
    }
    await sleep(20);
  }
}
