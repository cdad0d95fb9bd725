import { spawn } from 'node:child_process';
import { SparkError } from '../../../shared/errors.js';
import { CANCELLED } from '../networkErrors.js';
import type { Environment } from './expansion.js';

/** Such commands look at a network or a file; one that takes longer waits for something that will not come. */
const TIMEOUT_MS = 30_000;

export interface MatchExecOptions {
  readonly env: Environment;
  readonly home: string;
  readonly platform: NodeJS.Platform;
  readonly timeoutMs?: number;
}

/**
 * Makes the `exec` of {@link SshConfigSurroundings}: runs a command as OpenSSH does, by the user's shell, without input or output. Rejects with
 * `sshConfigInvalid` when the command cannot be run, is killed or takes longer than 30 s, and with `cancelled`; its processes are gone by then.
 */
export function matchExec(options: MatchExecOptions): (command: string, signal: AbortSignal) => Promise<boolean> {
  const { env, home, platform, timeoutMs = TIMEOUT_MS } = options;
  const windows = platform === 'win32';
  return (command, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) throw new SparkError(CANCELLED);
      const [shell, args] = windows
        ? [env['ComSpec'] ?? 'cmd.exe', ['/d', '/s', '/c', `"${command}"`]]
        : [env['SHELL'] ?? '/bin/sh', ['-c', command]];
      const child = spawn(shell, args, {
        cwd: home,
        env: { ...env },
        stdio: 'ignore',
        windowsHide: true,
        windowsVerbatimArguments: windows,
        // a group of its own, so that what it starts ends with it
        detached: !windows,
      });
      const kill = () => {
        try {
          if (windows || child.pid === undefined) child.kill();
          else process.kill(-child.pid, 'SIGKILL');
        } catch {
          // it has just ended by itself
        }
      };
      let why = 'was killed';
      const timer = setTimeout(() => {
        why = `did not end within ${timeoutMs / 1000} s`;
        kill();
      }, timeoutMs);
      signal.addEventListener('abort', kill, { once: true });
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', kill);
        if (signal.aborted) reject(new SparkError(CANCELLED));
        else finish();
      };
      child.once('error', error => settle(() => reject(failed(`cannot be run by ${shell}`, error))));
      child.once('exit', code => settle(() => (code === null ? reject(failed(why)) : resolve(code === 0))));
    });
}

function failed(what: string, cause?: unknown): SparkError {
  return new SparkError(
    {
      code: 'sshConfigInvalid',
      message: `A command of "Match exec" in the SSH configuration ${what}.`,
      hint: 'Run "ssh -v" with the name of the host in a terminal to see which command it is and what it says.',
    },
    { cause },
  );
}
