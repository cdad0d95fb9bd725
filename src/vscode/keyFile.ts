import { homedir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';

/** Lets the user choose a private key, beginning where keys usually are; null when they close the dialog. */
export async function pickKeyFile(): Promise<string | null> {
  const chosen = await vscode.window.showOpenDialog({
    title: 'Choose the Private Key',
    openLabel: 'Use This Key',
    canSelectMany: false,
    defaultUri: vscode.Uri.file(join(homedir(), '.ssh')),
  });
  return chosen?.[0]?.fsPath ?? null;
}
