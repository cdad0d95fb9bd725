/** Running programs: every child gets a process group of its own, so that ending it ends what it started too. */
import { spawn } from 'node:child_process';

/** Groups that are alive now; {@link endAll} ends them when this process is asked to stop. */
const groups = new Set();

/** What a child still has to say after its own end is at most this late: a grandchild may hold the pipe open for ever. */
const PIPE_GRACE_MS = 1000;

/**
 * Runs a program to its end.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, show?: 'all' | 'failure' | 'nothing', limitMs?: number }} [options]
 *   `show`: print the output as it comes (the default), only when the program fails, or never.
 *   `limitMs`: after this long the whole group is ended and the run counts as failed.
 * @returns {Promise<{ code: number, output: string, timedOut: boolean }>} `output` holds stdout and stderr; `code` is
 *   -1 when a signal ended it and 127 when it could not be started
 */
export function run(command, args, { cwd, env, show = 'all', limitMs } = {}) {
  return new Promise(resolve => {
    const child = startGroup(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const chunks = [];
    let timedOut = false;
    const limit = limitMs
      ? setTimeout(() => {
          timedOut = true;
          signalGroup(child.pid, 'SIGKILL');
        }, limitMs)
      : undefined;
    const keep = stream => chunk => {
      chunks.push(chunk);
      if (show === 'all') stream.write(chunk);
    };
    child.stdout.on('data', keep(process.stdout));
    child.stderr.on('data', keep(process.stderr));
    let done = false;
    const finish = code => {
      if (done) return;
      done = true;
      clearTimeout(limit);
      const output = Buffer.concat(chunks).toString();
      if (show === 'failure' && code !== 0) process.stdout.write(output);
      resolve({ code, output, timedOut });
    };
    child.on('error', error => {
      chunks.push(Buffer.from(`${command}: ${error.message}\n`));
      finish(127);
    });
    child.on('close', code => finish(code ?? -1));
    child.on('exit', code => {
      setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        finish(code ?? -1);
      }, PIPE_GRACE_MS).unref();
    });
  });
}

/** Starts a program as the head of a process group of its own and remembers it for {@link endAll}. */
export function startGroup(command, args, options) {
  const child = spawn(command, args, { ...options, detached: true });
  if (child.pid !== undefined) {
    groups.add(child.pid);
    child.on('exit', () => groups.delete(child.pid));
  }
  return child;
}

/**
 * Ends a group that {@link startGroup} made: politely, and after `graceMs` by force.
 * @returns {Promise<void>} when its head has ended
 */
export function endGroup(child, graceMs = 5000) {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise(resolve => {
    const force = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), graceMs);
    child.on('exit', () => {
      clearTimeout(force);
      // the head has ended; what it left behind in its group goes too
      signalGroup(child.pid, 'SIGKILL');
      resolve();
    });
    signalGroup(child.pid, 'SIGTERM');
  });
}

/** Ends every group at once, by force. For the last moment of a process. */
export function endAll() {
  for (const pid of groups) signalGroup(pid, 'SIGKILL');
}

function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // the group has ended by itself
  }
}
