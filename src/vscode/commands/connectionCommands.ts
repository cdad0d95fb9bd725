import * as vscode from 'vscode';
import { connectionChangesSchema, connectionInputSchema } from '../../shared/connection.js';
import { COMMANDS } from '../contributionData.js';
import { registerCommand } from '../contributions.js';
import { withoutLinks } from '../plainText.js';
import { checked, checkedId, readCall } from './arguments.js';
import { aboutConnection, attempt } from './interactive.js';
import { withQuietProgress } from './quietProgress.js';
import type { CommandServices } from './services.js';

/** Add, edit, delete, connect, disconnect, make active. */
export function registerConnectionCommands(services: CommandServices): vscode.Disposable {
  const { client, panel } = services;
  return vscode.Disposable.from(
    registerCommand(COMMANDS.addConnection, async input => {
      if (readCall(input).form === 'argument') {
        return (await client.request('connections/create', checked(connectionInputSchema, input))).id;
      }
      panel.openForm(null);
      return undefined;
    }),

    registerCommand(COMMANDS.editConnection, async (first, changes) => {
      if (readCall(first).form === 'argument' && changes !== undefined) {
        const connectionId = checkedId(first);
        await client.request('connections/update', {
          connectionId,
          changes: checked(connectionChangesSchema, changes),
        });
        return;
      }
      const open = async (connectionId: string) => {
        panel.openForm(connectionId);
        await Promise.resolve();
      };
      await aboutConnection(
        services,
        first,
        { title: 'Edit Connection', fits: () => true, noneFits: '' },
        { argument: open, interactive: open },
      );
    }),

    registerCommand(COMMANDS.deleteConnection, async first => {
      await aboutConnection(
        services,
        first,
        { title: 'Delete Connection', fits: () => true, noneFits: '' },
        {
          argument: async connectionId => {
            await client.request('connections/delete', { connectionId });
          },
          interactive: async connectionId => {
            await deleteAfterAsking(services, connectionId);
          },
        },
      );
    }),

    registerCommand(
      COMMANDS.connect,
      async first =>
        await aboutConnection(
          services,
          first,
          {
            title: 'Connect',
            fits: ({ status: { state } }) => state === 'disconnected' || state === 'error' || state === 'reconnecting',
            noneFits: 'Every saved connection is connected already.',
          },
          {
            argument: async connectionId => await client.request('connections/connect', { connectionId }),
            interactive: async connectionId =>
              await withQuietProgress(
                services,
                connectionId,
                async signal =>
                  await client.request('connections/connect', { connectionId, offerChoices: true }, signal),
              ),
          },
        ),
    ),

    registerCommand(COMMANDS.disconnect, async first => {
      const disconnect = async (connectionId: string) => {
        await client.request('connections/disconnect', { connectionId });
      };
      await aboutConnection(
        services,
        first,
        {
          title: 'Disconnect',
          fits: ({ status: { state } }) => state !== 'disconnected' && state !== 'error',
          noneFits: 'No connection is connected.',
        },
        { argument: disconnect, interactive: disconnect },
      );
    }),

    registerCommand(COMMANDS.setActiveConnection, async first => {
      const setActive = async (connectionId: string) => {
        await client.request('connections/setActive', { connectionId });
      };
      await aboutConnection(
        services,
        first,
        {
          title: 'Set Active Connection',
          fits: ({ isActive }) => !isActive,
          noneFits: 'The only saved connection is the active one already.',
        },
        { argument: setActive, interactive: setActive },
      );
    }),
  );
}

/** Deletes a connection when the user confirms; false when they do not, or it failed and they were told. */
export async function confirmAndDelete(services: CommandServices, connectionId: string): Promise<boolean> {
  return (await attempt(services, connectionId, async () => await deleteAfterAsking(services, connectionId))) ?? false;
}

async function deleteAfterAsking({ client }: CommandServices, connectionId: string): Promise<boolean> {
  const name = client.connection(connectionId)?.name ?? 'this connection';
  const button = 'Delete';
  const chosen = await vscode.window.showWarningMessage(
    withoutLinks(`Delete "${name}"?`),
    {
      modal: true,
      detail:
        'It is disconnected, and its recorded metrics are deleted from this computer. Nothing changes on the Spark.',
    },
    button,
  );
  if (chosen !== button) return false;
  await client.request('connections/delete', { connectionId });
  return true;
}
