import * as vscode from 'vscode';
import { COMMANDS } from '../contributionData.js';
import { registerCommand } from '../contributions.js';
import { withoutLinks } from '../plainText.js';
import { checkedId, readCall } from './arguments.js';
import { attempt } from './interactive.js';
import type { CommandServices } from './services.js';

const SAID_FOR_MS = 4000;

/** The database and the secrets. */
export function registerStoreCommands(services: CommandServices): vscode.Disposable {
  const { client } = services;
  return vscode.Disposable.from(
    registerCommand(COMMANDS.forgetSecrets, async first => {
      const forget = async (connectionId: string | undefined, keepKeys = false) => {
        // without an engine nothing was ever saved, so there is nothing to forget
        if (await client.attached())
          await client.request('connections/forgetSecrets', {
            ...(connectionId === undefined ? {} : { connectionId }),
            keepKeys,
          });
      };
      const call = readCall(first);
      if (call.form === 'argument') {
        await forget(checkedId(first));
        return;
      }
      const connectionId = call.row?.connectionId;
      await attempt(services, connectionId, async () => {
        const withKeys = client.snapshot.connections.filter(
          ({ id, keyStored }) => keyStored && (connectionId === undefined || id === connectionId),
        );
        const keepKeys = withKeys.length > 0 ? await askAboutKeys(withKeys.map(({ name }) => name)) : false;
        if (keepKeys === undefined) return;
        await forget(connectionId, keepKeys);
        const whose = connectionId === undefined ? 'All saved' : 'Its saved';
        vscode.window.setStatusBarMessage(`${whose} passwords and passphrases are forgotten`, SAID_FOR_MS);
      });
    }),

    registerCommand(COMMANDS.flushDatabase, async () => {
      if (await client.attached()) await client.request('engine/flush', {});
      vscode.window.setStatusBarMessage('Everything is in the database file', SAID_FOR_MS);
    }),
  );
}

/** Whether stored private keys stay; undefined when the user thought better of it. */
async function askAboutKeys(names: readonly string[]): Promise<boolean | undefined> {
  const keep = 'Keep the Keys';
  const forget = 'Forget the Keys Too';
  const chosen = await vscode.window.showWarningMessage(
    'Forget stored private keys too?',
    {
      modal: true,
      detail: withoutLinks(
        `The keychain holds the private key of ${names.join(', ')}. If its file is gone, forgetting it cannot be undone.`,
      ),
    },
    keep,
    forget,
  );
  return chosen === undefined ? undefined : chosen === keep;
}
