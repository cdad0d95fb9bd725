import * as vscode from 'vscode';
import type { Alert } from '../shared/alerts.js';
import type { CommandServices } from './commands/services.js';
import type { Disposable } from './emitter.js';
import { withoutLinks } from './plainText.js';
import { sentences } from './wording.js';

const SNOOZE_MINUTES = 60;

/** Shows the alerts that the engine sends to this window; it sends each to one window, once. */
export function showAlerts({ client, panel }: CommandServices): Disposable {
  return client.onDidAlert(alert => {
    void notify(alert, client.connection(alert.connectionId)?.name ?? 'Spark', {
      open: () => {
        panel.open('metrics');
      },
      snooze: () => {
        client.request('alerts/snooze', { alertId: alert.id, minutes: SNOOZE_MINUTES }).catch(() => {
          // it is over, or the engine is gone: there is nothing left to snooze
        });
      },
    });
  });
}

async function notify(alert: Alert, name: string, act: { open(): void; snooze(): void }): Promise<void> {
  const show = alert.severity === 'error' ? vscode.window.showErrorMessage : vscode.window.showWarningMessage;
  const open = 'Show Metrics';
  const snooze = 'Snooze for an Hour';
  const chosen = await show(withoutLinks(`${name}: ${sentences(alert)}`), open, snooze);
  if (chosen === open) act.open();
  if (chosen === snooze) act.snooze();
}
