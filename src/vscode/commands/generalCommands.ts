import * as vscode from 'vscode';
import { tabSchema } from '../../shared/panel.js';
import { COMMANDS } from '../contributionData.js';
import { registerCommand } from '../contributions.js';
import { checked, checkedId, readCall } from './arguments.js';
import { attempt } from './interactive.js';
import type { CommandServices } from './services.js';

const SAID_FOR_MS = 4000;

/** The panel, the log, the database, the secrets. */
export function registerGeneralCommands(services: CommandServices): vscode.Disposable {
  const { client, panel, remedies } = services;
  return vscode.Disposable.from(
    registerCommand(COMMANDS.openPanel, async first => {
      const call = readCall(first);
      if (call.form === 'argument') panel.open(checked(tabSchema, first));
      else panel.open(call.row?.kind === 'gpu' ? 'metrics' : undefined);
      await Promise.resolve();
    }),

    registerCommand(COMMANDS.forgetSecrets, async first => {
      const forget = async (connectionId: string | undefined) => {
        // without an engine nothing was ever saved, so there is nothing to forget
        if (await client.attached())
          await client.request('connections/forgetSecrets', connectionId === undefined ? {} : { connectionId });
      };
      const call = readCall(first);
      if (call.form === 'argument') {
        await forget(checkedId(first));
        return;
      }
      const connectionId = call.row?.connectionId;
      await attempt(services, connectionId, async () => {
        await forget(connectionId);
        const whose = connectionId === undefined ? 'All saved' : 'Its saved';
        vscode.window.setStatusBarMessage(`${whose} passwords and passphrases are forgotten`, SAID_FOR_MS);
      });
    }),

    registerCommand(COMMANDS.flushDatabase, async () => {
      if (await client.attached()) await client.request('engine/flush', {});
      vscode.window.setStatusBarMessage('Everything is in the database file', SAID_FOR_MS);
    }),

    registerCommand(COMMANDS.showLog, async () => {
      remedies.showLog();
      await Promise.resolve();
    }),
  );
}
