import * as vscode from 'vscode';
import type { Connection } from '../../shared/connection.js';
import { withoutLinks } from '../plainText.js';

/**
 * Runs one command on the machine in a terminal, with the user's own `ssh`, and leaves a shell there. To be called only
 * when the user has seen the command and said yes.
 * @param command a line for the shell of the machine
 */
export function runInTerminal(connection: Connection, title: string, command: string): void {
  const terminal = vscode.window.createTerminal({
    name: `${title}: ${connection.name}`,
    shellPath: 'ssh',
    shellArgs: sshArguments(connection, command),
    iconPath: new vscode.ThemeIcon('terminal'),
    isTransient: true,
  });
  terminal.show();
}

/** Arguments for `ssh`: as the connection is saved, or as the host of ssh_config that it follows. */
export function sshArguments(connection: Connection, command: string): string[] {
  const { sshConfigHost, proxyJump, port, sshKeyPath, keyStored, username, hostname } = connection;
  const line = `${command}; exec "$SHELL" -l`;
  if (sshConfigHost !== null) return ['-t', '--', sshConfigHost, line];
  return [
    '-t',
    ...['-p', String(port)],
    ...(proxyJump === null ? [] : ['-J', proxyJump.replace(/\s+/g, '')]),
    ...(sshKeyPath === null || keyStored ? [] : ['-i', sshKeyPath]),
    ...['-l', username],
    '--',
    hostname,
    line,
  ];
}

/** Shows a command, and runs it in a terminal where the user says so. */
export async function offerCommand(
  connection: Connection,
  { title, reason, command }: { readonly title: string; readonly reason: string; readonly command: string },
): Promise<void> {
  const run = 'Run in Terminal';
  const copy = 'Copy Command';
  const place = withoutLinks(`It runs on ${connection.name}, in a terminal of yours; nothing is run without you.`);
  const detail = `${withoutLinks(reason)}\n\n${command}\n\n${place}`;
  const message = withoutLinks(title);
  const chosen = await vscode.window.showInformationMessage(message, { modal: true, detail }, run, copy);
  if (chosen === run) runInTerminal(connection, title, command);
  if (chosen === copy) await vscode.env.clipboard.writeText(command);
}
