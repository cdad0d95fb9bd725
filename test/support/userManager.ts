import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const BOOTED = '/run/systemd/system';
const SYSTEMD = ['/lib/systemd/systemd', '/usr/lib/systemd/systemd'];

/**
 * Starts a user's systemd, as logind does for who lingers. Undefined where there is none, or where it cannot make control groups.
 * @param runtimeFolder its XDG_RUNTIME_DIR
 */
export async function startUserManager(runtimeFolder: string): Promise<{ stop(): Promise<void> } | undefined> {
  const program = SYSTEMD.find(path => existsSync(path));
  if (!program || process.getuid?.() !== 0) return undefined;
  // it looks there for whether the machine runs systemd at all
  const made = mkdirSync(BOOTED, { recursive: true });
  const manager = spawn(program, ['--user'], {
    env: { ...process.env, XDG_RUNTIME_DIR: runtimeFolder },
    stdio: 'ignore',
  });
  const ended = once(manager, 'exit');
  const lives = () => manager.exitCode === null && manager.signalCode === null;
  const stop = async () => {
    manager.kill();
    await ended;
    if (made !== undefined) rmSync(made, { recursive: true });
  };
  while (lives() && !existsSync(join(runtimeFolder, 'systemd', 'private'))) await delay(20);
  if (lives()) return { stop };
  await stop();
  return undefined;
}
