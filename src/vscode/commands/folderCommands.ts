import * as vscode from 'vscode';
import { SparkError } from '../../shared/errors.js';
import { COMMANDS, FOLDER_TARGETS, type FolderTarget } from '../contributionData.js';
import { registerCommand } from '../contributions.js';
import { nameOf, uriOf } from '../files/sparkUri.js';
import { remoteSshExtension } from '../projects/remoteSshExtension.js';
import { remoteSshAuthority } from '../projects/remoteSsh.js';
import { openSparkTerminal } from '../terminals/sparkTerminal.js';
import { shownName } from '../views/fileRows.js';
import { attempt } from './interactive.js';
import {
  absolutePath,
  checkedPlace,
  checkedWord,
  folderOfRow,
  isInteractive,
  pickConnected,
  pickFolder,
  type Folder,
} from './places.js';
import type { FileServices } from './services.js';
import { checkedId } from './arguments.js';

/** A folder of a Spark in a terminal, in the files view, in a window. */
export function registerFolderCommands(services: FileServices): vscode.Disposable {
  const { projects } = services;
  return vscode.Disposable.from(
    registerCommand(COMMANDS.openTerminal, async (first, path) => {
      if (!isInteractive(first)) {
        openTerminal(
          services,
          path === undefined ? { connectionId: checkedId(first), path } : checkedPlace(first, path),
        );
        return;
      }
      await attempt(services, undefined, async () => {
        const folder = folderOfRow(first, projects) ?? (await anyMachine(services));
        if (folder) openTerminal(services, folder);
      });
    }),

    registerCommand(COMMANDS.openRemoteFolder, async (first, path, where) => {
      if (!isInteractive(first)) {
        const folder = checkedPlace(first, path);
        await openFolder(services, folder, where === undefined ? 'files' : checkedWord(FOLDER_TARGETS, where));
        return;
      }
      const row = folderOfRow(first, projects);
      await attempt(services, row?.connectionId, async () => {
        const folder = row ?? (await pickFolder(services, 'Open Folder of a Spark'));
        const target = folder && (await pickTarget());
        if (target) await openFolder(services, folder, target);
      });
    }),

    registerCommand(COMMANDS.openInRemoteWindow, async first => {
      const row = folderOfRow(first, projects);
      await attempt(services, row?.connectionId, async () => {
        const folder = row ?? (await pickFolder(services, 'Open in a Remote-SSH Window'));
        if (folder) await openFolder(services, folder, 'remote');
      });
    }),
  );
}

/** Opens a folder of a Spark. Throws where it cannot be. */
export async function openFolder(services: FileServices, folder: Folder, where: FolderTarget): Promise<void> {
  const { client, tree } = services;
  const { connectionId } = folder;
  switch (where) {
    case 'files': {
      const path = await absolutePath(client, folder);
      // what is no folder is to be said, not shown as an empty one
      const stat = await client.request('files/stat', { connectionId, path });
      if (stat.kind !== 'folder') throw new SparkError({ code: 'fileKind', message: `"${path}" is not a folder.` });
      await tree.show(connectionId, { path, label: folder.label ?? shownName(nameOf(path)) });
      return;
    }
    case 'terminal':
      openTerminal(services, folder);
      return;
    case 'window': {
      const uri = uriOf({ connectionId, path: await absolutePath(client, folder) });
      await vscode.commands.executeCommand('vscode.openFolder', uri, { forceNewWindow: true });
      return;
    }
    case 'remote':
      await openRemote(services, folder);
      return;
  }
}

async function openRemote({ client }: FileServices, folder: Folder): Promise<void> {
  const extension = remoteSshExtension();
  if (!extension)
    throw new SparkError({
      code: 'notFound',
      message: 'No extension for windows over SSH is installed.',
      hint: 'Install "Remote - SSH" (in VSCodium "Open Remote - SSH"), then try again.',
    });
  const connection = client.connection(folder.connectionId);
  if (!connection) throw new SparkError({ code: 'notFound', message: 'The connection is no longer saved.' });
  const path = await absolutePath(client, folder);
  const uri = vscode.Uri.from({ scheme: 'vscode-remote', authority: remoteSshAuthority(extension, connection), path });
  await vscode.commands.executeCommand('vscode.openFolder', uri, { forceNewWindow: true });
}

function openTerminal({ client }: FileServices, { connectionId, path, label }: Folder): void {
  const connection = client.connection(connectionId);
  if (!connection) throw new SparkError({ code: 'notFound', message: 'The connection is no longer saved.' });
  const name = label ?? (path === undefined ? connection.name : `${connection.name}: ${shownName(nameOf(path))}`);
  openSparkTerminal(client, { connectionId, name, path });
}

async function anyMachine(services: FileServices): Promise<Folder | undefined> {
  const connectionId = await pickConnected(services, 'Open Terminal');
  return connectionId === undefined ? undefined : { connectionId, path: undefined };
}

async function pickTarget(): Promise<FolderTarget | undefined> {
  const items: (vscode.QuickPickItem & { readonly target: FolderTarget })[] = [
    { label: '$(list-tree) In the Files view', target: 'files' },
    { label: '$(empty-window) In a new window', description: 'its files, over this connection', target: 'window' },
    { label: '$(terminal) In a terminal', target: 'terminal' },
    ...(remoteSshExtension()
      ? [
          {
            label: '$(remote) In a Remote-SSH window',
            description: 'with extensions on the Spark',
            target: 'remote' as const,
          },
        ]
      : []),
  ];
  return (await vscode.window.showQuickPick(items, { title: 'Open Folder of a Spark', placeHolder: 'Where?' }))?.target;
}
