import { basename } from 'node:path';
import * as vscode from 'vscode';
import { COMMANDS } from '../contributionData.js';
import { registerCommand } from '../contributions.js';
import { pickKeyFile } from '../keyFile.js';
import { withoutLinks } from '../plainText.js';
import { aboutConnection } from './interactive.js';
import type { CommandServices } from './services.js';

/** Keys to log in with: setting one up on the machine, and keeping one in the keychain. */
export function registerKeyCommands(services: CommandServices): vscode.Disposable {
  const { client } = services;
  return vscode.Disposable.from(
    registerCommand(
      COMMANDS.setUpKey,
      async first =>
        await aboutConnection(
          services,
          first,
          { title: 'Set Up Key Login', fits: () => true, noneFits: '' },
          {
            argument: async connectionId => (await client.request('connections/setUpKey', { connectionId })).keyPath,
            interactive: async connectionId => await setUp(services, connectionId),
          },
        ),
    ),
    registerCommand(COMMANDS.storePrivateKey, async first => {
      const store = async (connectionId: string) => {
        await client.request('connections/storeKey', { connectionId });
      };
      await aboutConnection(
        services,
        first,
        {
          title: 'Store Private Key in the Keychain',
          fits: ({ authMethod, sshKeyPath, keyStored }) => authMethod === 'key' && sshKeyPath !== null && !keyStored,
          noneFits: 'No connection logs in with a key file that is not stored already.',
        },
        {
          argument: store,
          interactive: async connectionId => {
            await store(connectionId);
            const file = client.connection(connectionId)?.sshKeyPath ?? 'the key file';
            void vscode.window.showInformationMessage(
              withoutLinks(
                `The private key is in the keychain of this editor now; ${basename(file)} is no longer needed for this connection.`,
              ),
            );
          },
        },
      );
    }),
  );
}

async function setUp({ client }: CommandServices, connectionId: string): Promise<string | undefined> {
  const choice = await askForKey();
  if (!choice) return undefined;
  const name = client.connection(connectionId)?.name ?? 'the Spark';
  const done = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: withoutLinks(`Setting up key login to ${name}`) },
    async () => await client.request('connections/setUpKey', { connectionId, ...choice }),
  );
  const what = done.made ? `A new key is in ${done.keyPath}` : `The key ${done.keyPath} is used`;
  const there = done.added ? 'and the Spark knows it now' : 'and the Spark knew it already';
  const message = withoutLinks([`${what}, ${there}.`, ...done.warnings].join(' '));
  void (done.warnings.length > 0
    ? vscode.window.showWarningMessage(message)
    : vscode.window.showInformationMessage(message));
  return done.keyPath;
}

/** Which key; `{}` makes one, undefined when the user thought better of it. */
async function askForKey(): Promise<{ keyPath?: string } | undefined> {
  const items = [
    { own: false, label: '$(add) Make a new key', detail: 'An Ed25519 key for this Spark, in ~/.ssh' },
    { own: true, label: '$(folder-opened) Use a key that I have…', detail: 'Choose a private key file' },
  ];
  const picked = await vscode.window.showQuickPick(items, {
    title: 'Set Up Key Login',
    placeHolder: 'You are asked for your password on the Spark once more, then the key is used instead',
  });
  if (!picked) return undefined;
  if (!picked.own) return {};
  const keyPath = await pickKeyFile();
  return keyPath === null ? undefined : { keyPath };
}
