import { randomUUID } from 'node:crypto';
import { StringDecoder } from 'node:string_decoder';
import { SparkError } from '../../shared/errors.js';
import { type TerminalEnd, TERMINAL_WINDOW } from '../../shared/terminals.js';
import type { Clock } from '../base/clock.js';
import type { Disposable } from '../base/disposable.js';
import type { RemoteTerminal, Sessions, TerminalSize } from '../ssh/types.js';

/**
 * Starts the login shell in a folder. Fixed text; the folder is a positional argument. Its name is not printed: it may hold anything, and this is a
 * terminal.
 */
const IN_FOLDER = `case "$1" in "~") set -- "$HOME" ;; "~/"*) set -- "$HOME/\${1#??}" ;; esac
cd -- "$1" 2>/dev/null || echo "The folder is not there, or may not be entered."
exec "\${SHELL:-/bin/sh}" -l`;

/** Who types at most so often says each time that the connection is used. */
const USED_EVERY_MS = 10_000;
const MOST_TERMINALS = 100;

/** The window that a terminal is shown in. */
export interface TerminalViewer {
  /** Fires when it goes away. */
  readonly gone: AbortSignal;
  output(terminalId: string, text: string): void;
  ended(end: TerminalEnd): void;
}

export interface OpenTerminal {
  readonly connectionId: string;
  readonly size: TerminalSize;
  readonly path: string | undefined;
  /** What is run instead of the user's shell. */
  readonly argv?: readonly string[] | undefined;
}

/** Shells on the machines, each in a terminal of one window. */
export class TerminalService implements Disposable {
  private readonly terminals = new Map<string, { terminal: Terminal; viewer: TerminalViewer }>();

  constructor(
    private readonly sessions: Sessions,
    private readonly clock: Clock,
  ) {}

  async open({ connectionId, size, path, argv: program }: OpenTerminal, viewer: TerminalViewer): Promise<string> {
    if (this.terminals.size >= MOST_TERMINALS)
      throw new SparkError({ code: 'remoteCommandFailed', message: 'Too many terminals are open.' });
    const session = await this.sessions.use(connectionId);
    const argv = program ?? (path === undefined ? undefined : ['sh', '-c', IN_FOLDER, 'sh', path]);
    const remote = await session.terminal(size, argv);
    const id = randomUUID();
    if (viewer.gone.aborted) {
      remote.dispose();
      throw new SparkError({ code: 'cancelled', message: 'The window has gone.' });
    }
    const close = () => this.close(viewer, id);
    const terminal = new Terminal(id, remote, viewer, () => {
      this.terminals.delete(id);
      viewer.gone.removeEventListener('abort', close);
    });
    this.terminals.set(id, { terminal, viewer });
    viewer.gone.addEventListener('abort', close, { once: true });
    let usedAt = this.clock.now();
    terminal.onInput = () => {
      if (this.clock.now() - usedAt < USED_EVERY_MS) return;
      usedAt = this.clock.now();
      this.sessions.use(connectionId, { waitMs: 0 }).catch(() => undefined);
    };
    return id;
  }

  input(viewer: TerminalViewer, id: string, text: string): void {
    this.find(viewer, id)?.input(text);
  }

  resize(viewer: TerminalViewer, id: string, size: TerminalSize): void {
    this.find(viewer, id)?.resize(size);
  }

  /** The window has shown so many characters. */
  shown(viewer: TerminalViewer, id: string, characters: number): void {
    this.find(viewer, id)?.shown(characters);
  }

  close(viewer: TerminalViewer, id: string): void {
    this.find(viewer, id)?.close();
  }

  dispose(): void {
    for (const { terminal } of this.terminals.values()) terminal.close();
  }

  /** A terminal is its window's alone. */
  private find(viewer: TerminalViewer, id: string): Terminal | undefined {
    const entry = this.terminals.get(id);
    return entry?.viewer.gone === viewer.gone ? entry.terminal : undefined;
  }
}

/** One shell: what it prints goes to the window, and no faster than that can show it. */
class Terminal {
  onInput: () => void = () => undefined;
  private readonly decoder = new StringDecoder('utf8');
  private waiting = '';
  private unshown = 0;
  private isFlushing = false;
  private isOver = false;

  constructor(
    private readonly id: string,
    private readonly remote: RemoteTerminal,
    private readonly viewer: TerminalViewer,
    private readonly onOver: () => void,
  ) {
    const { stream, stderr, exited } = remote;
    stderr.resume();
    stream.on('data', (chunk: Buffer) => this.take(this.decoder.write(chunk)));
    stream.on('error', (error: Error) => this.end({ code: null, signal: null, error: SparkError.toInfo(error) }));
    const read = new Promise(resolve => stream.once('end', resolve));
    // what was printed last is shown first
    void Promise.all([exited, read]).then(([exit]) => this.end(exit));
  }

  input(text: string): void {
    this.onInput();
    this.remote.stream.write(text);
  }

  resize(size: TerminalSize): void {
    this.remote.resize(size);
  }

  shown(characters: number): void {
    this.unshown = Math.max(0, this.unshown - characters);
    if (this.unshown < TERMINAL_WINDOW / 2 && this.remote.stream.isPaused()) this.remote.stream.resume();
  }

  /** Nobody is to hear of its end any more. */
  close(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.remote.dispose();
    this.onOver();
  }

  private take(text: string): void {
    this.waiting += text;
    if (this.isFlushing) return;
    this.isFlushing = true;
    // what comes in one turn goes in one message
    setImmediate(() => {
      this.isFlushing = false;
      this.flush();
    });
  }

  private flush(): void {
    const text = this.waiting;
    this.waiting = '';
    if (text === '' || this.isOver) return;
    this.unshown += text.length;
    if (this.unshown > TERMINAL_WINDOW) this.remote.stream.pause();
    this.viewer.output(this.id, text);
  }

  private end(end: Omit<TerminalEnd, 'terminalId'>): void {
    if (this.isOver) return;
    this.waiting += this.decoder.end();
    this.flush();
    this.isOver = true;
    this.remote.dispose();
    this.onOver();
    this.viewer.ended({ terminalId: this.id, ...end });
  }
}
