import { basename } from 'node:path';
import * as vscode from 'vscode';
import { COMMANDS } from '../contributionData.js';
import { registerCommand } from '../contributions.js';
import { pickKeyFile } from '../keyFile.js';
import { withoutIcons, withoutLinks } from '../plainText.js';
import { aboutConnection } from './interactive.js';
import { withCancellableProgress } from './quietProgress.js';
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
              withoutLinks(`Stored in the keychain: ${basename(file)} is no longer needed for this connection.`),
            );
          },
        },
      );
    }),
  );
}

async function setUp({ client }: CommandServices, connectionId: string): Promise<string | undefined> {
  const connection = client.connection(connectionId);
  const name = connection?.name ?? 'The Spark';
  const before = connection?.authMethod === 'key' && !connection.keyStored ? connection.sshKeyPath : null;
  const choice = await askForKey(before);
  if (!choice) return undefined;
  const done = await withCancellableProgress(
    `Setting up key login to ${name}`,
    async signal => await client.request('connections/setUpKey', { connectionId, ...choice }, signal),
  );
  const changed = done.added || done.keyPath !== before;
  const outcome = changed
    ? `${name} logs in with ${done.keyPath} from now on.`
    : `${name} logs in with ${done.keyPath} already; nothing had to be done.`;
  const message = withoutLinks([outcome, ...done.warnings].join(' '));
  void (done.warnings.length > 0
    ? vscode.window.showWarningMessage(message)
    : vscode.window.showInformationMessage(message));
  return done.keyPath;
}

/**
 * Which key; `{}` leaves it to the engine, undefined when the user thought better of it.
 * @param own the key that the connection logs in with, or is to log in with, already
 */
async function askForKey(own: string | null): Promise<{ keyPath?: string } | undefined> {
  const items = [
    own === null
      ? { own: false, label: '$(add) Make a new key', detail: 'An Ed25519 key for this Spark, in ~/.ssh' }
      : { own: false, label: withoutIcons(`Use ${own}`), detail: 'The key of this connection' },
    { own: true, label: '$(folder-opened) Use a key that I have…', detail: 'Choose a private key file' },
  ];
  const picked = await vscode.window.showQuickPick(items, {
    title: 'Set Up Key Login',
    placeHolder: 'Your password on the Spark may be needed once more; after that the key is used',
  });
  if (!picked) return undefined;
  if (!picked.own) return {};
  const keyPath = await pickKeyFile();
  return keyPath === null ? undefined : { keyPath };
}
