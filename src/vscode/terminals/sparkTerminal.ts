import * as vscode from 'vscode';
import { SparkError, type ErrorInfo } from '../../shared/errors.js';
import { together, type Disposable } from '../emitter.js';
import type { EngineClient } from '../engineClient.js';
import { sentences } from '../wording.js';

/** A size that a shell can work with, for the time until the editor knows one. */
const FALLBACK = { columns: 80, rows: 24 };
const MOST_CELLS = 5000;
const CONTROL = /[\p{Cc}\u2028\u2029]+/gu;

export interface SparkTerminalOptions {
  readonly connectionId: string;
  readonly name: string;
  /** Folder to begin in; the home folder where none is named. */
  readonly path?: string | undefined;
  /** The shell is one inside this container. */
  readonly container?: string | undefined;
}

/** A shell on a Spark in a terminal of the editor. Says so when the link drops, and opens again when the user wants it. */
export class SparkTerminal implements vscode.Pseudoterminal {
  private readonly printed = new vscode.EventEmitter<string>();
  private readonly ended = new vscode.EventEmitter<number | undefined>();
  private readonly held: Disposable;
  private size = FALLBACK;
  private terminalId: string | undefined;
  /** Counts the shells, so that what comes late of one before is told apart. */
  private attempt = 0;
  private isOver = false;
  /** It waits for the user to want another shell. */
  private isWaiting = false;

  readonly onDidWrite = this.printed.event;
  readonly onDidClose = this.ended.event;

  constructor(
    private readonly client: EngineClient,
    private readonly options: SparkTerminalOptions,
  ) {
    this.held = together(
      this.printed,
      this.ended,
      client.on('terminals/output', ({ terminalId, text }) => {
        if (terminalId !== this.terminalId) return;
        this.printed.fire(text);
        client.tell('terminals/shown', { terminalId, characters: text.length });
      }),
      client.on('terminals/ended', ({ terminalId, code, signal, error }) => {
        if (terminalId !== this.terminalId) return;
        this.terminalId = undefined;
        if (error) this.wait(error);
        else this.exit(code, signal);
      }),
      client.onDidAttach(() => {
        if (this.terminalId === undefined) return;
        this.terminalId = undefined;
        this.wait({ code: 'connectionLost', message: 'The engine was started again, and the shell has ended.' });
      }),
    );
  }

  open(dimensions: vscode.TerminalDimensions | undefined): void {
    if (dimensions) this.size = asSize(dimensions);
    void this.start();
  }

  close(): void {
    this.isOver = true;
    const { terminalId } = this;
    this.terminalId = undefined;
    if (terminalId !== undefined) this.client.request('terminals/close', { terminalId }).catch(() => undefined);
    this.held.dispose();
  }

  handleInput(text: string): void {
    if (this.terminalId !== undefined) this.client.tell('terminals/input', { terminalId: this.terminalId, text });
    else if (this.isWaiting && /[\r\n]/.test(text)) void this.start();
  }

  setDimensions(dimensions: vscode.TerminalDimensions): void {
    this.size = asSize(dimensions);
    if (this.terminalId !== undefined)
      this.client.tell('terminals/resize', { terminalId: this.terminalId, size: this.size });
  }

  private async start(): Promise<void> {
    this.isWaiting = false;
    const attempt = ++this.attempt;
    const { size } = this;
    const { connectionId, path, container } = this.options;
    try {
      const opened = await this.client.request('terminals/open', {
        ...{ connectionId, size },
        ...(path && { path }),
        ...(container && { container }),
      });
      if (this.isOver || attempt !== this.attempt) {
        this.client.request('terminals/close', opened).catch(() => undefined);
        return;
      }
      this.terminalId = opened.terminalId;
      if (size !== this.size) this.client.tell('terminals/resize', { ...opened, size: this.size });
    } catch (error) {
      if (!this.isOver) this.wait(SparkError.toInfo(error));
    }
  }

  private exit(code: number | null, signal: string | null): void {
    if (signal !== null) this.say(`The shell was ended by ${signal}.`);
    // the editor says something about every code but 0 and none
    this.ended.fire(code === null || signal !== null ? undefined : code);
  }

  private wait(error: ErrorInfo): void {
    this.isWaiting = true;
    this.say(`${sentences(error)} Press Enter to open the terminal again.`);
  }

  private say(text: string): void {
    // colours and modes of what ran before do not go on, and it begins on a line of its own
    this.printed.fire(`\x1b[0m\x1b[?1049l\x1b[?25h\r\n\x1b[33m${text.replace(CONTROL, ' ')}\x1b[0m\r\n`);
  }
}

function asSize({ columns, rows }: vscode.TerminalDimensions): { columns: number; rows: number } {
  const within = (cells: number) => Math.min(MOST_CELLS, Math.max(1, Math.floor(cells)));
  return { columns: within(columns), rows: within(rows) };
}

/** Opens a shell on a Spark and shows it. */
export function openSparkTerminal(client: EngineClient, options: SparkTerminalOptions): vscode.Terminal {
  const terminal = vscode.window.createTerminal({
    name: options.name,
    pty: new SparkTerminal(client, options),
    iconPath: new vscode.ThemeIcon('server'),
  });
  terminal.show();
  return terminal;
}
