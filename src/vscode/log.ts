import type * as vscode from 'vscode';

/** Level of a line of the log. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** The one log of the extension, with the name of an area before each line. Never shows itself. */
export class Log {
  constructor(private readonly channel: vscode.LogOutputChannel) {}

  write(level: LogLevel, scope: string, message: string): void {
    this.channel[level](`[${scope}] ${message}`);
  }

  /** A function that logs lines of one area. */
  scope(name: string): (level: LogLevel, message: string) => void {
    return (level, message) => {
      this.write(level, name, message);
    };
  }

  show(): void {
    this.channel.show(true);
  }
}
