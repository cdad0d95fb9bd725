import { spawn, type ChildProcess } from 'node:child_process';
import { type Readable } from 'node:stream';
import { type ServerChannel } from 'ssh2';
import { ProcPaths, readsScript, replaceProcPaths } from './procPaths.js';

/** What programs on the Spark see. */
export interface Surroundings {
  readonly home: string;
  readonly username: string;
  /** The folder whose programs come before those of the system. */
  readonly bin: string;
  readonly procFolder: string;
}

export interface Terminal {
  readonly term: string;
  readonly rows: number;
  readonly columns: number;
}

/** A running program and its channel. */
export interface Program {
  readonly signal: (name: string) => void;
  /** The link is gone. */
  readonly hangUp: () => void;
  readonly ended: Promise<unknown>;
}

/** Starts programs, and ends those that are left when the Spark is closed. */
export class Commands {
  readonly #surroundings: Surroundings;
  readonly #onEnded: () => void;
  readonly #running = new Set<ChildProcess>();

  /** @param onEnded called when a program has ended */
  constructor(surroundings: Surroundings, onEnded: () => void) {
    this.#surroundings = surroundings;
    this.#onEnded = onEnded;
  }

  /**
   * Runs a command line, or an interactive shell when there is none, with the channel as its input and output. Like OpenSSH it lets a
   * program that has no terminal live on when the link goes away; it only loses its pipes.
   */
  run(
    channel: ServerChannel,
    command: string | undefined,
    environment: NodeJS.ProcessEnv,
    terminal?: Terminal,
  ): Program {
    const { home, procFolder } = this.#surroundings;
    const line = command === undefined ? undefined : replaceProcPaths(command, procFolder);
    const [file, args] = commandLine(line, terminal);
    const child = spawn(file, args, {
      cwd: home,
      env: this.#environment(environment, terminal),
      stdio: ['pipe', 'pipe', 'pipe'],
      // a process group of its own, so that a signal reaches what the shell has started
      detached: true,
    });
    this.#running.add(child);
    const rewriting = command === undefined || readsScript(command);
    channel.on('error', () => undefined);
    child.stdin.on('error', () => undefined);
    if (rewriting) channel.pipe(new ProcPaths(procFolder)).pipe(child.stdin);
    else channel.pipe(child.stdin);
    const output = sendOutput(channel, child.stdout, child.stderr);

    const hangUp = (): void => {
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
      if (terminal !== undefined) killGroup(child, 'SIGHUP');
    };
    channel.on('close', hangUp);
    child.on('error', error => {
      this.#running.delete(child);
      channel.stderr.write(`${error.message}\n`);
      channel.exit(127);
      channel.end();
    });
    child.on('close', (code, signal) => {
      this.#running.delete(child);
      this.#onEnded();
      void output.then(() => {
        if (signal !== null) channel.exit(signal.slice(3), false, '');
        else channel.exit(code ?? 255);
        channel.end();
      });
    });
    return {
      signal: name => killGroup(child, `SIG${name}` as NodeJS.Signals),
      hangUp,
      ended: new Promise(resolve => child.once('close', resolve)),
    };
  }

  /** How many programs run. */
  get running(): number {
    return this.#running.size;
  }

  killAll(): void {
    for (const child of this.#running) killGroup(child, 'SIGKILL');
  }

  #environment(asked: NodeJS.ProcessEnv, terminal: Terminal | undefined): NodeJS.ProcessEnv {
    const { home, username, bin } = this.#surroundings;
    return {
      ...asked,
      HOME: home,
      USER: username,
      LOGNAME: username,
      SHELL: '/bin/sh',
      LANG: asked['LANG'] ?? 'C.UTF-8',
      PATH: `${bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
      ...(terminal === undefined ? {} : { TERM: terminal.term }),
    };
  }
}

/** `script` of util-linux lends a terminal, so that no native module is needed for one. */
function commandLine(command: string | undefined, terminal: Terminal | undefined): [file: string, args: string[]] {
  if (terminal === undefined) return ['/bin/sh', command === undefined ? [] : ['-c', command]];
  const size = `stty rows ${terminal.rows} cols ${terminal.columns} 2>/dev/null;`;
  const program = command ?? 'exec /bin/sh -i';
  return ['script', ['-qfec', `${size} ${program}`, '/dev/null']];
}

/** A negative number means the group. It may be gone already. */
function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    child.kill(signal);
  }
}

/** State of ssh2's channel that it does not clear after a write that had to wait for the client's window. */
interface WaitingWrites {
  _chunk?: unknown;
  _chunkErr?: unknown;
}

/**
 * Sends both outputs, each piece after the one before was taken. One at a time, because ssh2 loses track when both wait for room in the
 * window, and repeats an old piece of the one when the other waits later.
 */
async function sendOutput(channel: ServerChannel, stdout: Readable, stderr: Readable): Promise<void> {
  let turn = Promise.resolve();
  const waiting = channel as WaitingWrites;
  const send = async (from: Readable, write: (chunk: Buffer, taken: () => void) => void): Promise<void> => {
    try {
      for await (const chunk of from) {
        turn = turn.then(() => {
          delete waiting._chunk;
          delete waiting._chunkErr;
          return new Promise<void>(taken => {
            channel.once('close', taken);
            write(chunk as Buffer, () => {
              channel.removeListener('close', taken);
              taken();
            });
          });
        });
        await turn;
      }
    } catch {
      // the pipe was closed together with the channel
    }
  };
  await Promise.all([
    send(stdout, (chunk, taken) => void channel.write(chunk, taken)),
    send(stderr, (chunk, taken) => void channel.stderr.write(chunk, taken)),
  ]);
}
