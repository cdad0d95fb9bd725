import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { printable } from '../../base/remoteText.js';
import type { Transport } from './transport.js';

/** Enough of what the command complains about to understand it. */
const MAX_COMPLAINT_BYTES = 2000;

/**
 * Runs a `ProxyCommand` of ssh_config, whose standard input and output are the connection. As OpenSSH does, the user's
 * own shell runs it: the command is the user's configuration, and its tokens were checked when they were filled in.
 */
export function runProxyCommand(command: string, env: NodeJS.ProcessEnv = process.env): Transport {
  const stream = new ProxyStream(start(command, env));
  // until somebody takes the stream: an error that nobody listens for would end the engine
  stream.on('error', () => undefined);
  return { stream, address: undefined, stopCopying: () => undefined, complaint: () => stream.complaint };
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** The two ends of a running command as one stream. It ends when all that the command had to say has been read. */
class ProxyStream extends Duplex {
  private said = Buffer.alloc(0);
  private ended: string | undefined;

  constructor(private readonly child: Child) {
    super();
    child.stdout.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout.pause();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.said = Buffer.concat([this.said, chunk]).subarray(-MAX_COMPLAINT_BYTES);
    });
    child.once('error', error => {
      this.ended = `could not be started: ${error.message}`;
      this.push(null);
    });
    child.once('exit', (code, signal) => {
      this.ended ??= signal === null ? `ended with status ${code ?? 'unknown'}` : `was ended by ${signal}`;
    });
    child.once('close', () => this.push(null));
    // that nothing can be said any more is told by the end
    for (const end of [child.stdin, child.stdout, child.stderr]) end.on('error', () => undefined);
  }

  /** What the command has said about itself, in words that follow on "because". */
  get complaint(): string | undefined {
    const words = printable(this.said.toString('utf8').trim().split('\n').slice(-3).join(' '), 200);
    if (this.ended === undefined && words === '') return undefined;
    return `the ProxyCommand ${this.ended ?? 'is running'}${words === '' ? '' : `: ${words}`}`;
  }

  override _read(): void {
    this.child.stdout.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: () => void): void {
    this.child.stdin.write(chunk, encoding, () => done());
  }

  override _final(done: () => void): void {
    this.child.stdin.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    endGroup(this.child.pid);
    done(error);
  }
}

function start(command: string, env: NodeJS.ProcessEnv): Child {
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
