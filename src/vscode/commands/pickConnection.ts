import * as vscode from 'vscode';
import type { ConnectionView } from '../../shared/connection.js';
import { stateIcon } from '../connectionIcons.js';
import { withoutIcons } from '../plainText.js';
import { addressOf, STATE_WORDS } from '../wording.js';
import type { CommandServices } from './services.js';

/** Which connections a command is for. */
export interface Choice {
  readonly title: string;
  readonly fits: (connection: ConnectionView) => boolean;
  /** Said when connections are saved but none fits. */
  readonly noneFits: string;
}

/** The connection that the user means; the only one that fits is taken without asking. Undefined when there is none. */
export async function pickConnection(
  { client, panel }: Pick<CommandServices, 'client' | 'panel'>,
  { title, fits, noneFits }: Choice,
): Promise<string | undefined> {
  await client.attached();
  const saved = client.snapshot.connections;
  if (saved.length === 0) {
    const add = 'Add Connection';
    const chosen = await vscode.window.showInformationMessage('No connection is saved yet.', add);
    if (chosen === add) panel.openForm(null);
    return undefined;
  }
  const fitting = saved.filter(fits);
  if (fitting.length === 0) {
    void vscode.window.showInformationMessage(noneFits);
    return undefined;
  }
  if (fitting.length === 1) return fitting[0]?.id;
  const items = fitting.map(connection => ({
    id: connection.id,
    label: withoutIcons(connection.name),
    description: withoutIcons(addressOf(connection)),
    detail: STATE_WORDS[connection.status.state] + (connection.isActive ? ', active' : ''),
    iconPath: stateIcon(connection.status.state),
  }));
  const picked = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: 'Choose a connection',
    matchOnDescription: true,
  });
  return picked?.id;
}
