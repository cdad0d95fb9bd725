import { homedir } from 'node:os';
import * as v from 'valibot';
import * as vscode from 'vscode';
import { localPathSchema, remotePathSchema } from '../../shared/files.js';
import { conflictChoiceSchema } from '../../shared/transfers.js';
import { COMMANDS } from '../contributionData.js';
import { registerCommand, writeSetting } from '../contributions.js';
import { folderOf, nameOf, pathIn, uriOf, type Place } from '../files/sparkUri.js';
import { withoutLinks } from '../plainText.js';
import { asFileRow, asFileRows, nameComplaint, shownName, type FileRow } from '../views/fileRows.js';
import { rowUri } from '../views/fileTree.js';
import { landing } from '../views/fileDrop.js';
import { checked, checkedId } from './arguments.js';
import { attempt } from './interactive.js';
import { checkedPlace, folderOfRow, isInteractive, pickFolder } from './places.js';
import type { FileServices } from './services.js';

const onConflictSchema = v.optional(v.picklist(['ask', ...conflictChoiceSchema.options]), 'ask');
const SAID_FOR_MS = 4000;

/** Files and folders of a Spark: open, make, rename, delete, upload, download. */
export function registerFileCommands(services: FileServices): vscode.Disposable {
  const { client, tree, projects, fileSystem } = services;
  return vscode.Disposable.from(
    registerCommand(COMMANDS.openRemoteFile, async (first, path) => {
      const row = asFileRow(first);
      const place = row ?? checkedPlace(first, path);
      await attempt(services, place.connectionId, async () => {
        await vscode.commands.executeCommand('vscode.open', uriOf(place), { preview: row !== undefined });
      });
    }),

    registerCommand(COMMANDS.newRemoteFile, async first => {
      await makeIn(services, first, 'New File', async place => {
        await fileSystem.writeFile(uriOf(place), new Uint8Array(), { create: true, overwrite: false });
        await vscode.window.showTextDocument(uriOf(place));
      });
    }),

    registerCommand(COMMANDS.newRemoteFolder, async first => {
      await makeIn(services, first, 'New Folder', async place => {
        await fileSystem.createDirectory(uriOf(place));
      });
    }),

    registerCommand(COMMANDS.renameRemoteFile, async first => {
      const row = asFileRow(first);
      if (!row || row.kind === 'root') return;
      await attempt(services, row.connectionId, async () => {
        const before = nameOf(row.path);
        const name = await askName('Rename', before);
        if (name === undefined || name === before) return;
        const to = { connectionId: row.connectionId, path: pathIn(folderOf(row.path), name) };
        // through the editor, so that what is open moves along
        const edit = new vscode.WorkspaceEdit();
        edit.renameFile(rowUri(row), uriOf(to), { overwrite: false });
        if (!(await vscode.workspace.applyEdit(edit)))
          await fileSystem.rename(rowUri(row), uriOf(to), { overwrite: false });
        tree.refresh({ connectionId: row.connectionId, path: folderOf(row.path) });
      });
    }),

    registerCommand(COMMANDS.deleteRemoteFile, async (first, selected) => {
      const rows = asFileRows(first, selected).filter(({ kind }) => kind !== 'root');
      const [one] = rows;
      if (!one) return;
      await attempt(services, one.connectionId, async () => {
        if (!(await confirmDelete(rows, client.connection(one.connectionId)?.name ?? 'the Spark'))) return;
        for (const row of rows) {
          await fileSystem.delete(rowUri(row), { recursive: true });
          tree.refresh({ connectionId: row.connectionId, path: folderOf(row.path) });
        }
      });
    }),

    registerCommand(COMMANDS.copyRemotePath, async (first, selected) => {
      const rows = asFileRows(first, selected);
      if (rows.length === 0) return;
      await vscode.env.clipboard.writeText(rows.map(({ path }) => path).join('\n'));
      vscode.window.setStatusBarMessage('Path copied', SAID_FOR_MS);
    }),

    registerCommand(COMMANDS.refreshFiles, async first => {
      const row = asFileRow(first);
      tree.refresh(row);
      await Promise.resolve();
    }),

    registerCommand(COMMANDS.showMoreFiles, async (connectionId, folder) => {
      tree.showMore(checkedId(connectionId), checked(remotePathSchema, folder));
      await Promise.resolve();
    }),

    registerCommand(COMMANDS.goToFolder, async first => {
      const start = folderOfRow(first, projects);
      await attempt(services, start?.connectionId, async () => {
        const folder = await pickFolder(services, 'Go to Folder');
        if (folder?.path === undefined) return;
        await tree.show(folder.connectionId, { path: folder.path, label: shownName(nameOf(folder.path)) });
      });
    }),

    registerCommand(COMMANDS.goToHome, async first => {
      const row = asFileRow(first);
      if (!row) return;
      await attempt(services, row.connectionId, async () => {
        await tree.show(row.connectionId, undefined);
      });
    }),

    registerCommand(COMMANDS.showHiddenFiles, async () => {
      await writeSetting('files.showHidden', true);
    }),
    registerCommand(COMMANDS.hideHiddenFiles, async () => {
      await writeSetting('files.showHidden', false);
    }),

    registerCommand(COMMANDS.uploadFiles, async (first, sources, destination, onConflict) => {
      if (!isInteractive(first)) {
        return await services.transfers.run({
          direction: 'upload',
          connectionId: checkedId(first),
          sources: checked(v.array(localPathSchema), sources),
          destination: checked(remotePathSchema, destination),
          onConflict: checked(onConflictSchema, onConflict),
        });
      }
      await upload(services, first, 'files');
      return undefined;
    }),

    registerCommand(COMMANDS.uploadFolder, async first => {
      await upload(services, first, 'folders');
    }),

    registerCommand(COMMANDS.downloadFiles, async (first, sources, destination, onConflict) => {
      if (!isInteractive(first)) {
        return await services.transfers.run({
          direction: 'download',
          connectionId: checkedId(first),
          sources: checked(v.array(remotePathSchema), sources),
          destination: checked(localPathSchema, destination),
          onConflict: checked(onConflictSchema, onConflict),
        });
      }
      const rows = asFileRows(first, sources);
      const folder = rows.length === 0 ? folderOfRow(first, projects) : undefined;
      await attempt(services, rows[0]?.connectionId ?? folder?.connectionId, async () => {
        const from = folder ?? rows[0] ?? (await pickFolder(services, 'Download a Folder'));
        if (from?.path === undefined) return;
        const { connectionId } = from;
        const paths = rows.filter(row => row.connectionId === connectionId).map(({ path }) => path);
        await download(services, connectionId, paths.length > 0 ? paths : [from.path]);
      });
      return undefined;
    }),
  );
}

/** Lets the user choose where to, and downloads. */
export async function download(services: FileServices, connectionId: string, sources: string[]): Promise<void> {
  const [first = ''] = sources;
  const chosen = await vscode.window.showOpenDialog({
    title: withoutLinks(`Download ${sources.length === 1 ? nameOf(first) : `${sources.length} items`} to`),
    openLabel: 'Download Here',
    canSelectFiles: false,
    canSelectFolders: true,
    defaultUri: localFolder(),
  });
  const [folder] = chosen ?? [];
  if (!folder) return;
  await services.transfers.runForUser({ direction: 'download', connectionId, sources, destination: folder.fsPath });
}

/** Uploads what was dropped on a folder of the files view. */
export async function uploadDropped(services: FileServices, to: Place, paths: readonly string[]): Promise<void> {
  await attempt(services, to.connectionId, async () => {
    await uploadTo(services, to, paths);
  });
}

/** Moves what was dropped on a folder of the files view, when the user confirms. */
export async function moveDropped(services: FileServices, from: readonly Place[], to: Place): Promise<void> {
  await attempt(services, to.connectionId, async () => {
    const what = from.length === 1 ? `"${shownName(nameOf(from[0]?.path ?? ''))}"` : `${from.length} items`;
    const button = 'Move';
    const question = withoutLinks(`Move ${what} to "${shownName(nameOf(to.path))}"?`);
    if ((await vscode.window.showWarningMessage(question, { modal: true }, button)) !== button) return;
    for (const place of from) {
      const target = { connectionId: to.connectionId, path: landing(place, to) };
      await services.fileSystem.rename(uriOf(place), uriOf(target), { overwrite: false });
      services.tree.refresh({ connectionId: place.connectionId, path: folderOf(place.path) });
    }
    services.tree.refresh(to);
  });
}

async function upload(services: FileServices, first: unknown, what: 'files' | 'folders'): Promise<void> {
  const row = folderOfRow(first, services.projects);
  await attempt(services, row?.connectionId, async () => {
    const title = what === 'files' ? 'Upload Files' : 'Upload a Folder';
    const folder = row ?? (await pickFolder(services, `${title}: To Where?`));
    if (!folder) return;
    const chosen = await vscode.window.showOpenDialog({
      title,
      openLabel: 'Upload',
      canSelectMany: true,
      canSelectFiles: what === 'files',
      canSelectFolders: what === 'folders',
      defaultUri: localFolder(),
    });
    const paths = (chosen ?? []).filter(({ scheme }) => scheme === 'file').map(({ fsPath }) => fsPath);
    if (paths.length > 0)
      await uploadTo(services, { connectionId: folder.connectionId, path: folder.path ?? '~' }, paths);
  });
}

async function uploadTo(services: FileServices, to: Place, paths: readonly string[]): Promise<void> {
  const { transfers, tree } = services;
  const request = { direction: 'upload', connectionId: to.connectionId, destination: to.path } as const;
  await transfers.runForUser({ ...request, sources: [...paths] });
  tree.refresh(to);
}

/** The folder that is open here, else the home folder. */
function localFolder(): vscode.Uri {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return folders.find(({ uri }) => uri.scheme === 'file')?.uri ?? vscode.Uri.file(homedir());
}

async function makeIn(
  services: FileServices,
  first: unknown,
  title: string,
  make: (place: Place) => Promise<void>,
): Promise<void> {
  const row = folderOfRow(first, services.projects);
  await attempt(services, row?.connectionId, async () => {
    const folder = row ?? (await pickFolder(services, `${title}: Where?`));
    if (folder?.path === undefined) return;
    const name = await askName(title, '');
    if (name === undefined) return;
    await make({ connectionId: folder.connectionId, path: pathIn(folder.path, name) });
    services.tree.refresh({ connectionId: folder.connectionId, path: folder.path });
  });
}

async function askName(title: string, before: string): Promise<string | undefined> {
  const dot = before.lastIndexOf('.');
  return await vscode.window.showInputBox({
    title,
    value: before,
    // the ending usually stays
    valueSelection: [0, dot > 0 ? dot : before.length],
    prompt: 'Name on the Spark',
    validateInput: name => nameComplaint(name),
  });
}

async function confirmDelete(rows: readonly FileRow[], machine: string): Promise<boolean> {
  const [one] = rows;
  const what = rows.length === 1 && one ? `"${shownName(nameOf(one.path))}"` : `${rows.length} items`;
  const hasFolder = rows.some(({ kind }) => kind === 'folder');
  const button = 'Delete';
  const chosen = await vscode.window.showWarningMessage(
    withoutLinks(`Delete ${what} on ${machine}?`),
    {
      modal: true,
      detail: `${hasFolder ? 'A folder goes with everything in it. ' : ''}There is no bin on the Spark: this cannot be undone.`,
    },
    button,
  );
  return chosen === button;
}
