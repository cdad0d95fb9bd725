import * as vscode from 'vscode';
import type { Transfer } from '../../shared/transfers.js';
import { COMMANDS } from '../contributionData.js';
import { registerCommand } from '../contributions.js';
import { isUnderWay, progressOf } from '../files/transferWatch.js';
import { withoutIcons } from '../plainText.js';
import { attempt } from './interactive.js';
import type { FileServices } from './services.js';

const STATES: Readonly<Record<Transfer['state'], string>> = {
  preparing: 'preparing',
  running: 'running',
  waiting: 'waiting for the connection',
  stopped: 'stopped',
  done: 'done',
  cancelled: 'cancelled',
};
const CANCEL = { iconPath: new vscode.ThemeIcon('close'), tooltip: 'Cancel' };
const RESUME = { iconPath: new vscode.ThemeIcon('debug-continue'), tooltip: 'Resume' };

type Item = vscode.QuickPickItem & { readonly transfer?: Transfer };

/** The list of transfers of all windows, with what can be done about each. */
export function registerTransferCommands(services: FileServices): vscode.Disposable {
  const { transfers } = services;
  return registerCommand(COMMANDS.showTransfers, async () => {
    const pick = vscode.window.createQuickPick<Item>();
    pick.title = 'Uploads and Downloads';
    pick.matchOnDescription = true;
    const show = () => {
      const all = [...transfers.list()].sort((one, other) => other.startedAt - one.startedAt);
      pick.placeholder = all.length === 0 ? 'Nothing is being uploaded or downloaded' : 'Choose one to resume it';
      pick.items = all.map(itemOf);
    };
    const resume = (transfer: Transfer) => {
      pick.hide();
      void attempt(services, transfer.connectionId, async () => await transfers.resume(transfer));
    };
    const listening = transfers.onDidChange(show);
    show();
    await new Promise<void>(resolve => {
      pick.onDidTriggerItemButton(({ item: { transfer }, button }) => {
        if (!transfer) return;
        if (button === RESUME) resume(transfer);
        else
          void attempt(services, transfer.connectionId, async () => {
            await transfers.cancel(transfer.id);
          });
      });
      pick.onDidAccept(() => {
        const transfer = pick.selectedItems[0]?.transfer;
        if (transfer?.state === 'stopped') resume(transfer);
        else pick.hide();
      });
      pick.onDidHide(() => {
        resolve();
      });
      pick.show();
    });
    listening.dispose();
    pick.dispose();
  });
}

function itemOf(transfer: Transfer): Item {
  const { direction, title, state, error } = transfer;
  const words = isUnderWay(transfer) ? progressOf([transfer]).message : STATES[state];
  return {
    label: withoutIcons(`${direction === 'upload' ? '↑' : '↓'} ${title}`),
    description: withoutIcons(words),
    ...(error ? { detail: withoutIcons(error.message) } : {}),
    buttons: isUnderWay(transfer) ? [CANCEL] : state === 'stopped' ? [RESUME, CANCEL] : [],
    transfer,
  };
}
