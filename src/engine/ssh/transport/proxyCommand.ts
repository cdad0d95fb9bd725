import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { Duplex, PassThrough, type Readable, type Writable } from 'node:stream';
import { printable } from '../../base/remoteText.js';
import type { Transport } from './transport.js';

/** Enough of what the command complains about to understand it. */
const MAX_COMPLAINT_BYTES = 2000;

/**
 * Runs a `ProxyCommand` of ssh_config, whose standard input and output are the connection. As OpenSSH does, the user's
 * own shell runs it: the command is the user's configuration, and its tokens were checked when they were filled in.
 */
export function runProxyCommand(command: string, env: NodeJS.ProcessEnv = process.env): Transport {
  const child = start(command, env);
  let said = Buffer.alloc(0);
  let ended: string | undefined;
  child.stderr.on('data', (chunk: Buffer) => {
    said = Buffer.concat([said, chunk]).subarray(-MAX_COMPLAINT_BYTES);
  });
  child.stderr.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  // its end is told when all that it had to say has been read, so that the reason is there with it
  const output = new PassThrough();
  child.stdout.pipe(output, { end: false });
  child.once('close', () => output.end());
  const stream = Duplex.from({ readable: output, writable: child.stdin });
  stream.on('error', () => undefined);
  child.once('error', error => {
    ended = `could not be started: ${error.message}`;
    output.end();
  });
  child.once('exit', (code, signal) => {
    ended ??= signal === null ? `ended with status ${code ?? 'unknown'}` : `was ended by ${signal}`;
  });
  stream.once('close', () => endGroup(child.pid));
  return {
    stream,
    address: undefined,
    stopCopying: () => undefined,
    complaint() {
      const words = printable(said.toString('utf8').trim().split('\n').slice(-3).join(' '), 200);
      if (ended === undefined && words === '') return undefined;
      return `the ProxyCommand ${ended ?? 'is running'}${words === '' ? '' : `: ${words}`}`;
    },
  };
}

function start(command: string, env: NodeJS.ProcessEnv): ChildProcessByStdio<Writable, Readable, Readable> {
  const stdio = ['pipe', 'pipe', 'pipe'] as ['pipe', 'pipe', 'pipe'];
  if (process.platform === 'win32') return spawn(command, { shell: true, windowsHide: true, stdio });
  // a group of its own, so that what the shell starts ends with it
  return spawn(env['SHELL'] ?? '/bin/sh', ['-c', `exec ${command}`], { detached: true, stdio });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGTERM');
  } catch {
    // it has ended by itself
  }
}
