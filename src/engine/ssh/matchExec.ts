import { spawn } from 'node:child_process';

const LIMIT_MS = 10_000;

/**
 * Runs the command of a `Match exec` as OpenSSH does, by the user's own shell, and resolves with whether it ended well.
 * It is the user's configuration that names it; one that does not end counts as false.
 */
export function runMatchExec(command: string, signal: AbortSignal): Promise<boolean> {
  return new Promise(resolve => {
    const options = { stdio: 'ignore', windowsHide: true, timeout: LIMIT_MS, signal } as const;
    const child =
      process.platform === 'win32'
        ? spawn(command, { ...options, shell: true })
        : spawn(process.env['SHELL'] ?? '/bin/sh', ['-c', command], options);
    child.once('error', () => resolve(false));
    child.once('exit', code => resolve(code === 0));
  });
}
