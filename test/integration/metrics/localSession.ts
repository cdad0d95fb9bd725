import { type ChildProcess, spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { Emitter } from '../../../src/engine/base/emitter.js';
import { quote } from '../../../src/engine/ssh/quote.js';
import type { RemoteProcess, SshSession } from '../../../src/engine/ssh/types.js';
import type { ErrorInfo } from '../../../src/shared/errors.js';

/** Runs what is spawned in a shell of this computer, with the folders of PATH that a test chooses and no others. */
export class LocalSession implements SshSession {
  private readonly ended = new Emitter<ErrorInfo>();
  private readonly arrived = new Emitter<string>();
  readonly onDidEnd = this.ended.event;
  readonly route = { username: 'nvidia', hostname: 'spark.local', port: 22, address: undefined, words: 'spark.local' };
  readonly processes: ChildProcess[] = [];
  /** All output of all processes. */
  output = '';
  /** Seconds that the machine says it is up; its own where a test does not tell. */
  uptime: (() => number) | undefined;
  /** All that was written to them. */
  asked = '';

  constructor(
    /** The program that is `sh`. */
    private readonly shell: string,
    private readonly path: string,
    /** More of their environment, and who they run as. `login`: the shell that gets the command line, as sshd does it. */
    private readonly as: { env?: NodeJS.ProcessEnv; uid?: number; gid?: number; login?: string } = {},
  ) {}

  spawn(argv: readonly string[]): Promise<RemoteProcess> {
    // the last argument names more folders: the tests decide where nvidia-smi is
    const args = [...argv.slice(1, -1), this.path];
    const { login, ...as } = this.as;
    const [program, words] = login === undefined ? [this.shell, args] : [login, ['-c', quote([this.shell, ...args])]];
    const child = spawn(program, words, {
      // what makes a POSIX shell of bash and of busybox
      ...(login === undefined ? { argv0: 'sh' } : {}),
      ...as,
      env: { PATH: this.path, ...this.as.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.processes.push(child);
    child.stdin.on('error', () => undefined);
    const write = child.stdin.write.bind(child.stdin) as (chunk: Buffer) => boolean;
    const stream = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        this.asked += chunk.toString('latin1');
        write(chunk);
        done();
      },
    });
    const deliver = (text: string) => {
      stream.push(Buffer.from(text, 'latin1'));
      this.output += text;
      // when who reads the stream has had it
      setImmediate(() => {
        this.arrived.fire(this.output);
      });
    };
    // by whole lines, so that the uptime can be told
    let line = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const text = line + chunk.toString('latin1');
      const end = this.uptime ? text.lastIndexOf('\n') + 1 : text.length;
      line = text.slice(end);
      deliver(text.slice(0, end).replace(/^(\w+ [Uu]) [\d.]+/gm, (...match) => this.saidUptime(match)));
    });
    child.stdout.on('end', () => {
      deliver(line);
      stream.push(null);
    });
    return Promise.resolve({
      stream,
      stderr: child.stderr,
      exited: new Promise(resolve => {
        // as sshd tells it: of the program itself, although others may still hold its output open
        child.on('exit', (code, signal) => {
          resolve({ code, signal });
        });
      }),
      // as a closed channel looks from the other side: its pipes are gone, nothing is killed
      dispose: () => {
        child.stdin.destroy();
        child.stdout.destroy();
        child.stderr.destroy();
      },
    });
  }

  private saidUptime([line, frame]: string[]): string {
    return this.uptime ? `${frame!} ${this.uptime().toFixed(2)}` : line!;
  }

  /** Resolves when the output matches, from its beginning or from where it is `from` on. */
  printed(pattern: RegExp, from = 0): Promise<void> {
    return new Promise(resolve => {
      const listener = this.arrived.event(look.bind(this));
      function look(this: LocalSession): void {
        if (!pattern.test(this.output.slice(from))) return;
        listener.dispose();
        setImmediate(resolve);
      }
      look.call(this);
    });
  }

  /** Resolves when the last process has ended. */
  async closed(): Promise<void> {
    const child = this.processes.at(-1);
    if (child?.exitCode === null && child.signalCode === null)
      await new Promise(resolve => child.once('exit', resolve));
  }

  check(): void {
    // it lives
  }

  terminal(): Promise<never> {
    return Promise.reject(new Error('No terminals here.'));
  }

  sftp(): Promise<never> {
    return Promise.reject(new Error('No files here.'));
  }

  forwardSocket(): Promise<Duplex> {
    return Promise.reject(new Error('No sockets here.'));
  }

  forward(): Promise<Duplex> {
    return Promise.reject(new Error('No tunnels here.'));
  }

  /** The link is gone. */
  end(): void {
    this.ended.fire({ code: 'connectionLost', message: 'The connection was lost.' });
  }

  dispose(): void {
    for (const child of this.processes) child.kill('SIGKILL');
  }
}
