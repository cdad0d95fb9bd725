import * as vscode from 'vscode';
import { SparkError } from '../../shared/errors.js';
import type { Folder } from '../../shared/files.js';
import { COLORS, COMMANDS, VIEWS } from '../contributionData.js';
import { onDidChangeSettings, readSetting } from '../contributions.js';
import { together, type Disposable } from '../emitter.js';
import type { EngineClient } from '../engineClient.js';
import { FileWatch } from '../files/fileWatch.js';
import { folderOf, isWithin, nameOf, uriOf, type Place } from '../files/sparkUri.js';
import { sentences } from '../wording.js';
import { endKind, entryFacts, entryRemark, fileRowId, rowsOf, shownName, type FileRow, type Row } from './fileRows.js';

/** Rows of one folder that are handed to the editor at a time: with many thousands it would stand still. */
const PAGE = 1000;

/** What the tree begins with at a machine. */
export interface Root {
  readonly path: string;
  /** "Home", or the name of a project. */
  readonly label: string;
}

/** The files view: the folders of the machines that are connected, listed as they are unfolded. */
export class FileTree implements vscode.TreeDataProvider<Row>, Disposable {
  readonly view: vscode.TreeView<Row>;
  private readonly changed = new vscode.EventEmitter<Row | undefined>();
  private readonly held: readonly Disposable[];
  private readonly watch: FileWatch;
  /** Where the user wants to be at each machine; the home folder where nothing is said. */
  private readonly roots = new Map<string, Root>();
  private readonly rows = new Map<string, Row>();
  /** How many rows of a folder are shown, where it is more than one page. */
  private readonly shown = new Map<string, number>();
  /** Folders that stand unfolded, by the id of their row, with what watches them. */
  private readonly unfolded = new Map<string, Disposable>();
  private drawn: readonly string[] = [];

  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly client: EngineClient,
    dragAndDropController: vscode.TreeDragAndDropController<Row>,
  ) {
    this.watch = new FileWatch(client, () => this.view.visible && vscode.window.state.focused);
    this.view = vscode.window.createTreeView(VIEWS.files, {
      treeDataProvider: this,
      canSelectMany: true,
      dragAndDropController,
      showCollapseAll: true,
    });
    this.held = [
      this.changed,
      this.view,
      this.watch,
      this.watch.onDidChange(changes => {
        for (const { connectionId, path } of changes) this.refresh({ connectionId, path });
      }),
      this.view.onDidExpandElement(({ element }) => {
        this.follow(element);
      }),
      this.view.onDidCollapseElement(({ element }) => {
        const id = fileRowId(element);
        this.unfolded.get(id)?.dispose();
        this.unfolded.delete(id);
      }),
      this.view.onDidChangeVisibility(({ visible }) => {
        if (visible) void this.watch.look();
      }),
      client.onDidChange(() => {
        if (this.connectedIds().join() !== this.drawn.join()) this.redraw();
      }),
      onDidChangeSettings(['files.showHidden'], () => {
        this.changed.fire(undefined);
      }),
    ];
  }

  dispose(): void {
    together(...this.held).dispose();
  }

  async getChildren(parent?: Row): Promise<Row[]> {
    if (!parent) {
      if (this.client.status.state === 'starting') await this.client.attached().catch(() => undefined);
      const ids = this.connectedIds();
      this.drawn = ids;
      const roots = await Promise.all(ids.map(async id => await this.rootRow(id)));
      return roots.map(row => this.row(row));
    }
    if (!isFolder(parent)) return [];
    // the editor tells of what the user unfolds, not of what it unfolds by itself
    if (!this.unfolded.has(fileRowId(parent))) this.follow(parent);
    const { connectionId, path } = parent;
    const options = {
      showHidden: readSetting('files.showHidden') === true,
      most: this.shown.get(`${connectionId}:${path}`) ?? PAGE,
    };
    try {
      const folder: Folder = await this.client.request('files/list', { connectionId, path });
      // a link is gone through by its own path, so that what is below it stays below it
      const rows = rowsOf(connectionId, { ...folder, path: parent.kind === 'root' ? folder.path : path }, options);
      if (rows.length > 0) return rows.map(row => this.row(row));
      const text = folder.entries.length > 0 ? 'Only hidden files' : 'Empty';
      return [this.row({ kind: 'note', connectionId, folder: path, text })];
    } catch (error) {
      return [this.row({ kind: 'note', connectionId, folder: path, text: sentences(SparkError.toInfo(error)) })];
    }
  }

  getParent(row: Row): Row | undefined {
    if (row.kind === 'root') return undefined;
    const folder = 'path' in row ? folderOf(row.path) : row.folder;
    const { connectionId } = row;
    const root = this.rows.get(`root:${connectionId}`);
    if (root?.kind === 'root' && root.path === folder) return root;
    return this.rows.get(`at:${connectionId}:${folder}`);
  }

  getTreeItem(row: Row): vscode.TreeItem {
    const item = itemOf(row, this.roots.get(row.connectionId));
    item.id = fileRowId(row);
    if (row.kind === 'root') {
      const name = this.client.connection(row.connectionId)?.name ?? '';
      item.description = `${name} · ${shownName(row.path)}`;
      item.accessibilityInformation = { label: `${item.label as string}, ${name}, ${row.path}` };
    }
    return item;
  }

  resolveTreeItem(item: vscode.TreeItem, row: Row): vscode.TreeItem {
    if ('entry' in row) item.tooltip = entryFacts(row.entry).join('\n');
    else if (row.kind === 'root') item.tooltip = row.path;
    else if (row.kind === 'note') item.tooltip = row.text;
    return item;
  }

  /** Shows a folder of a machine as what the tree begins with there. */
  async show(connectionId: string, root: Root | undefined): Promise<void> {
    if (root) this.roots.set(connectionId, root);
    else this.roots.delete(connectionId);
    this.redraw();
    const row = this.row(await this.rootRow(connectionId));
    await this.view.reveal(row, { focus: true, select: true, expand: true });
  }

  /** Reads again what is in a folder, or everything. */
  refresh(place?: Place): void {
    if (!place) {
      this.changed.fire(undefined);
      return;
    }
    const { connectionId, path } = place;
    const root = this.rows.get(`root:${connectionId}`);
    const row = root?.kind === 'root' && root.path === path ? root : this.rows.get(`at:${connectionId}:${path}`);
    if (row) this.changed.fire(row);
  }

  /** Shows another page of a folder. */
  showMore(connectionId: string, folder: string): void {
    const key = `${connectionId}:${folder}`;
    this.shown.set(key, (this.shown.get(key) ?? PAGE) + PAGE);
    this.refresh({ connectionId, path: folder });
  }

  private connectedIds(): string[] {
    const { connections } = this.client.snapshot;
    // a link that is coming back keeps its files in sight
    return connections
      .filter(
        ({ id, status: { state } }) => state === 'connected' || (state === 'reconnecting' && this.drawn.includes(id)),
      )
      .map(({ id }) => id);
  }

  private async rootRow(connectionId: string): Promise<FileRow> {
    const { path = '~' } = this.roots.get(connectionId) ?? {};
    const root = { kind: 'root', connectionId, path } as const;
    // of the home folder what is behind the `~` is what the rows below it are found by
    if (!path.startsWith('~')) return root;
    try {
      const home = await this.client.request('files/home', { connectionId });
      return { ...root, path: path === '~' ? home.path : `${home.path}/${path.slice(2)}` };
    } catch {
      return root;
    }
  }

  /** The editor knows rows by identity. */
  private row(row: Row): Row {
    const id = fileRowId(row);
    const known = this.rows.get(id);
    if (known && JSON.stringify(known) === JSON.stringify(row)) return known;
    if (known) Object.assign(known, row);
    const kept = known ?? row;
    this.rows.set(id, kept);
    return kept;
  }

  private follow(row: Row): void {
    if (!isFolder(row)) return;
    const id = fileRowId(row);
    this.unfolded.get(id)?.dispose();
    this.unfolded.set(id, this.watch.watch({ connectionId: row.connectionId, path: row.path }));
  }

  private redraw(): void {
    const connected = new Set(this.connectedIds());
    for (const [id, row] of this.rows) {
      const root = this.roots.get(row.connectionId);
      const isBelow = !root || !('path' in row) || isWithin(row.path, root.path);
      if (connected.has(row.connectionId) && isBelow) continue;
      this.rows.delete(id);
      this.unfolded.get(id)?.dispose();
      this.unfolded.delete(id);
    }
    this.changed.fire(undefined);
  }
}

function isFolder(row: Row): row is FileRow & { kind: 'root' | 'folder' } {
  return row.kind === 'root' || row.kind === 'folder';
}

function itemOf(row: Row, root: Root | undefined): vscode.TreeItem {
  const { Collapsed, Expanded, None } = vscode.TreeItemCollapsibleState;
  switch (row.kind) {
    case 'root': {
      const item = new vscode.TreeItem(root?.label ?? 'Home', Expanded);
      item.iconPath = new vscode.ThemeIcon(root ? 'root-folder' : 'home');
      item.contextValue = root ? 'root;chosen' : 'root;home';
      return item;
    }
    case 'note': {
      const item = new vscode.TreeItem('', None);
      item.description = row.text;
      return item;
    }
    case 'more': {
      const item = new vscode.TreeItem(`Show more (${row.left.toLocaleString('en')} not shown)`, None);
      item.iconPath = new vscode.ThemeIcon('ellipsis');
      item.command = { command: COMMANDS.showMoreFiles, title: 'Show More', arguments: [row.connectionId, row.folder] };
      return item;
    }
    case 'unusable': {
      const item = new vscode.TreeItem(shownName(row.entry.name), None);
      item.iconPath = new vscode.ThemeIcon('warning', new vscode.ThemeColor(COLORS.error));
      item.description = entryRemark(row.entry);
      item.contextValue = 'unusable';
      return item;
    }
    case 'file':
    case 'folder':
      return entryItem(row, row.kind === 'folder' ? Collapsed : None);
  }
}

function entryItem(row: FileRow, state: vscode.TreeItemCollapsibleState): vscode.TreeItem {
  const name = nameOf(row.path);
  const item = new vscode.TreeItem(shownName(name), state);
  const { entry } = row;
  if (entry) item.description = entryRemark(entry);
  const isLink = entry?.kind === 'link';
  item.contextValue = [row.kind, ...(isLink ? ['link'] : [])].join(';');
  if (row.kind === 'folder') {
    item.iconPath = isLink ? new vscode.ThemeIcon('file-symlink-directory') : vscode.ThemeIcon.Folder;
    return item;
  }
  const isFile = !entry || endKind(entry) === 'file';
  if (isFile) {
    item.iconPath = vscode.ThemeIcon.File;
    // the icon of the theme for such a name
    item.resourceUri = rowUri(row);
    item.command = { command: COMMANDS.openRemoteFile, title: 'Open', arguments: [row] };
  } else item.iconPath = new vscode.ThemeIcon('question');
  return item;
}

/** Address of a row for the editor. */
export function rowUri(row: FileRow): vscode.Uri {
  return uriOf({ connectionId: row.connectionId, path: row.path });
}
