import { homedir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { SparkError, type ErrorInfo } from '../shared/errors.js';
import {
  ERROR_ACTIONS,
  actionsFor,
  knownHostsPosition,
  namedPosition,
  type ErrorAction,
  type FilePosition,
} from './errorActions.js';
import { withoutLinks } from './plainText.js';
import { sentences } from './wording.js';

/** What the buttons of a message lead to. */
export interface ErrorRemedies {
  edit(connectionId: string): void;
  connect(connectionId: string): void;
  diagnose(connectionId: string): void;
  showLog(): void;
}

/** What failed. */
export interface FailedAction {
  readonly connectionId?: string | undefined;
  /** Name to begin the message with. */
  readonly connectionName?: string | undefined;
  /** Does the same again. */
  readonly retry?: () => void;
}

/** Shows why something that the user asked for failed, with the buttons that help. Shows nothing for a cancellation. */
export async function showError(error: unknown, failed: FailedAction, remedies: ErrorRemedies): Promise<void> {
  const info = SparkError.toInfo(error);
  if (info.code === 'cancelled') return;
  const { connectionId, connectionName, retry } = failed;
  const actions = actionsFor(info.code, { retry: retry !== undefined, connection: connectionId !== undefined });
  const message = connectionName === undefined ? sentences(info) : `${connectionName}: ${sentences(info)}`;
  const chosen = await vscode.window.showErrorMessage(
    withoutLinks(message),
    ...actions.map(action => ERROR_ACTIONS[action]),
  );
  const action = actions.find(candidate => ERROR_ACTIONS[candidate] === chosen);
  if (action) await perform(action, info, failed, remedies);
}

async function perform(
  action: ErrorAction,
  error: ErrorInfo,
  { connectionId, retry }: FailedAction,
  remedies: ErrorRemedies,
): Promise<void> {
  switch (action) {
    case 'retry':
      retry?.();
      return;
    case 'edit':
      if (connectionId !== undefined) remedies.edit(connectionId);
      return;
    case 'connect':
      if (connectionId !== undefined) remedies.connect(connectionId);
      return;
    case 'log':
      remedies.showLog();
      return;
    case 'knownHosts':
      await openKnownHosts(error, remedies);
      return;
    case 'sshConfig':
      await openAt(namedPosition(error, join(homedir(), '.ssh', 'config')), remedies);
      return;
    case 'diagnose':
      if (connectionId !== undefined) remedies.diagnose(connectionId);
      return;
    case 'portSetting':
      await vscode.commands.executeCommand('workbench.action.openSettings', 'dgxSpark.ollama.localPort');
      return;
    case 'reload':
      await vscode.commands.executeCommand('workbench.action.reloadWindow');
      return;
    case 'noticeSettings':
      await vscode.commands.executeCommand('workbench.action.openSettings', `dgxSpark.${error.field ?? 'email'}`);
      return;
    case 'trust':
      await vscode.commands.executeCommand('workbench.trust.manage');
      return;
  }
}

/** Opens known_hosts at the line that an error names; the log where it cannot be opened. */
export async function openKnownHosts(error: ErrorInfo, remedies: Pick<ErrorRemedies, 'showLog'>): Promise<void> {
  await openAt(knownHostsPosition(error, join(homedir(), '.ssh', 'known_hosts')), remedies);
}

async function openAt({ file, line }: FilePosition, remedies: Pick<ErrorRemedies, 'showLog'>): Promise<void> {
  const path = file.startsWith('~') ? join(homedir(), file.slice(1)) : file;
  const at = new vscode.Position(Math.max(0, line - 1), 0);
  try {
    await vscode.window.showTextDocument(vscode.Uri.file(path), { selection: new vscode.Range(at, at) });
  } catch {
    remedies.showLog();
  }
}
