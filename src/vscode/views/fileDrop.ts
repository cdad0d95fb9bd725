import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import { folderOf, isWithin, nameOf, pathIn, placeOf, SPARK_SCHEME, uriOf, type Place } from '../files/sparkUri.js';
import { asFileRow, type FileRow, type Row } from './fileRows.js';

const ROWS = 'application/vnd.code.tree.dgxspark.files';
const URIS = 'text/uri-list';
const FILES = 'files';

/** What is done with what is dropped. */
export interface DropActions {
  /** Puts files of this computer into a folder of a Spark; resolves when that has ended. */
  upload(to: Place, paths: readonly string[]): Promise<void>;
  /** Moves within one machine, after asking. */
  move(from: readonly Place[], to: Place): Promise<void>;
}

/** Drag and drop of the files view: from the computer or the explorer onto a folder, between folders, and out as files of the Spark. */
export class FileDrop implements vscode.TreeDragAndDropController<Row> {
  readonly dropMimeTypes = [ROWS, URIS, FILES];
  readonly dragMimeTypes = [URIS];

  constructor(private readonly actions: DropActions) {}

  handleDrag(source: readonly Row[], data: vscode.DataTransfer): void {
    const rows = source.map(asFileRow).filter(row => row !== undefined && row.kind !== 'root') as FileRow[];
    if (rows.length === 0) return;
    data.set(ROWS, new vscode.DataTransferItem(rows.map(({ connectionId, path }) => ({ connectionId, path }))));
    data.set(URIS, new vscode.DataTransferItem(rows.map(row => uriOf(row).toString()).join('\r\n')));
  }

  async handleDrop(target: Row | undefined, data: vscode.DataTransfer): Promise<void> {
    const to = folderAt(target);
    if (!to) return;
    const uris = await urisIn(data);
    const ours = uris.filter(uri => uri.scheme === SPARK_SCHEME).map(placeOf);
    const moved = ours.filter(
      ({ connectionId, path }) => connectionId === to.connectionId && folderOf(path) !== to.path,
    );
    const movable = moved.filter(({ path }) => !isWithin(to.path, path));
    if (movable.length > 0) await this.actions.move(movable, to);
    if (ours.length > 0) return;
    const local = uris.filter(({ scheme }) => scheme === 'file').map(({ fsPath }) => fsPath);
    if (local.length > 0) {
      await this.actions.upload(to, local);
      return;
    }
    await this.uploadContents(to, data);
  }

  /** Where a window has no paths for what is dropped, as in a browser, its content goes through a folder of our own. */
  private async uploadContents(to: Place, data: vscode.DataTransfer): Promise<void> {
    const files: vscode.DataTransferFile[] = [];
    for (const [, item] of data) {
      const file = item.asFile();
      if (file) files.push(file);
    }
    const paths = files.map(({ uri }) => (uri?.scheme === 'file' ? uri.fsPath : undefined));
    if (files.length === 0) return;
    if (paths.every(path => path !== undefined)) {
      await this.actions.upload(to, paths);
      return;
    }
    const folder = await mkdtemp(join(tmpdir(), 'dgx-spark-'));
    try {
      const staged: string[] = [];
      for (const [index, file] of files.entries()) {
        const name = basename(file.name);
        if (name === '' || name === '.' || name === '..') continue;
        // two of one name come from two folders
        const own = join(folder, String(index));
        await mkdir(own);
        const path = join(own, name);
        await writeFile(path, await file.data(), { flag: 'wx', mode: 0o600 });
        staged.push(path);
      }
      if (staged.length > 0) await this.actions.upload(to, staged);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** The folder that something dropped on a row goes to: its own, or the one that it is in. */
function folderAt(target: Row | undefined): Place | undefined {
  if (!target) return undefined;
  const { connectionId } = target;
  if (target.kind === 'root' || target.kind === 'folder') return { connectionId, path: target.path };
  return { connectionId, path: target.kind === 'file' ? folderOf(target.path) : target.folder };
}

async function urisIn(data: vscode.DataTransfer): Promise<vscode.Uri[]> {
  const text = await data.get(URIS)?.asString();
  return (text ?? '')
    .split(/\r?\n/)
    .filter(line => line.trim() !== '' && !line.startsWith('#'))
    .flatMap(line => {
      try {
        return [vscode.Uri.parse(line.trim(), true)];
      } catch {
        return [];
      }
    });
}

/** Where something lands that is moved to a folder. */
export function landing({ path }: Place, to: Place): string {
  return pathIn(to.path, nameOf(path));
}
