import * as vscode from 'vscode';
import type { FileEntry, FileKind, FileStat } from '../../shared/files.js';
import { together, type Disposable } from '../emitter.js';
import type { EngineClient } from '../engineClient.js';
import type { BigFiles } from './bigFiles.js';
import { forEditor } from './fileErrors.js';
import { FileWatch, type Change } from './fileWatch.js';
import { RemoteFiles, type WriteOptions } from './remoteFiles.js';
import { folderOf, placeOf, SPARK_SCHEME, uriOf, type Place } from './sparkUri.js';

const { FileType, FilePermission, FileChangeType } = vscode;
/** A program is writing it, or its job has ended: typing into it would only spoil it. */
const JOB_LOG = /\/\.dgx-spark\/jobs\/[A-Za-z0-9-]+\/log(?:\.1)?$/;
const KINDS: Readonly<Record<FileKind, vscode.FileType>> = {
  file: FileType.File,
  folder: FileType.Directory,
  link: FileType.SymbolicLink,
  other: FileType.Unknown,
};
const CHANGES: Readonly<Record<Change['kind'], vscode.FileChangeType>> = {
  created: FileChangeType.Created,
  changed: FileChangeType.Changed,
  deleted: FileChangeType.Deleted,
};
const ANYBODY_WRITES = 0o222;

/** The files of the Sparks, for the editor. It never connects: what is not connected is unavailable. */
export class SparkFileSystem implements vscode.FileSystemProvider, Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  private readonly files: RemoteFiles;
  private readonly watching: FileWatch;
  private readonly held: readonly Disposable[];
  private connected = new Set<string>();

  readonly onDidChangeFile = this.changed.event;

  constructor(
    private readonly client: EngineClient,
    private readonly bigFiles: BigFiles,
  ) {
    this.files = new RemoteFiles(client);
    this.watching = new FileWatch(client, () => vscode.window.state.focused);
    this.held = [
      this.changed,
      this.watching,
      this.watching.onDidChange(changes => {
        this.tell(changes);
      }),
      vscode.window.onDidChangeWindowState(({ focused }) => {
        if (focused) void this.watching.look();
      }),
      client.onDidChange(() => {
        this.followConnections();
      }),
      vscode.workspace.registerFileSystemProvider(SPARK_SCHEME, this, { isCaseSensitive: true }),
    ];
  }

  dispose(): void {
    together(...this.held).dispose();
  }

  /** To be told what was changed without the editor: by a transfer, or in the files view. */
  tell(changes: readonly Change[]): void {
    this.changed.fire(changes.map(change => ({ type: CHANGES[change.kind], uri: uriOf(change) })));
  }

  watch(uri: vscode.Uri): vscode.Disposable {
    const watching = this.watching.watch(placeOf(uri));
    return new vscode.Disposable(() => {
      watching.dispose();
    });
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const place = placeOf(uri);
    return await forEditor(async () => {
      const stat = asStat(await this.client.request('files/stat', { ...place }));
      return JOB_LOG.test(place.path) ? { ...stat, permissions: FilePermission.Readonly } : stat;
    });
  }

  async readDirectory(uri: vscode.Uri): Promise<[string, vscode.FileType][]> {
    const { entries } = await forEditor(async () => await this.client.request('files/list', { ...placeOf(uri) }));
    // a name that names nothing could only lead to another file
    return entries.filter(({ problem }) => problem === undefined).map(entry => [entry.name, typeOf(entry)]);
  }

  async createDirectory(uri: vscode.Uri): Promise<void> {
    const place = placeOf(uri);
    await forEditor(async () => await this.client.request('files/makeFolder', { ...place }));
    this.tell([{ ...place, kind: 'created' }, folderChange(place)]);
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    const place = placeOf(uri);
    return await forEditor(
      async () =>
        await this.files.read(place, stat => {
          this.bigFiles.check(place, stat);
        }),
    );
  }

  async writeFile(uri: vscode.Uri, content: Uint8Array, options: WriteOptions): Promise<void> {
    const place = placeOf(uri);
    await forEditor(async () => await this.files.write(place, content, options));
    this.tell([{ ...place, kind: 'changed' }, folderChange(place)]);
  }

  async delete(uri: vscode.Uri, { recursive }: { readonly recursive: boolean }): Promise<void> {
    const place = placeOf(uri);
    await forEditor(async () => await this.client.request('files/delete', { ...place, recursive }));
    this.tell([{ ...place, kind: 'deleted' }, folderChange(place)]);
  }

  async rename(oldUri: vscode.Uri, newUri: vscode.Uri, { overwrite }: { readonly overwrite: boolean }): Promise<void> {
    const [from, to] = ofOneMachine(oldUri, newUri);
    const request = { connectionId: from.connectionId, from: from.path, to: to.path, overwrite };
    await forEditor(async () => await this.client.request('files/rename', request));
    this.tell([{ ...from, kind: 'deleted' }, folderChange(from), { ...to, kind: 'created' }, folderChange(to)]);
  }

  async copy(source: vscode.Uri, target: vscode.Uri, { overwrite }: { readonly overwrite: boolean }): Promise<void> {
    const [from, to] = ofOneMachine(source, target);
    const request = { connectionId: from.connectionId, from: from.path, to: to.path, overwrite };
    await forEditor(async () => await this.client.request('files/copy', request));
    this.tell([{ ...to, kind: 'created' }, folderChange(to)]);
  }

  /** What is open of a machine that has come back may be another by now, or could not be shown before. */
  private followConnections(): void {
    const now = new Set(
      this.client.snapshot.connections.filter(({ status }) => status.state === 'connected').map(({ id }) => id),
    );
    const back = [...now].filter(id => !this.connected.has(id));
    this.connected = now;
    if (back.length === 0) return;
    const open = vscode.window.tabGroups.all
      .flatMap(({ tabs }) => tabs)
      .map(({ input }) => (input instanceof vscode.TabInputText ? input.uri : undefined))
      .filter(uri => uri?.scheme === SPARK_SCHEME && back.includes(uri.authority));
    const folders = vscode.workspace.workspaceFolders ?? [];
    const roots = folders
      .map(({ uri }) => uri)
      .filter(uri => uri.scheme === SPARK_SCHEME && back.includes(uri.authority));
    const uris = [...open, ...roots].filter(uri => uri !== undefined);
    if (uris.length > 0) this.changed.fire(uris.map(uri => ({ type: FileChangeType.Changed, uri })));
  }
}

function folderChange({ connectionId, path }: Place): Change {
  return { connectionId, path: folderOf(path), kind: 'changed' };
}

function linkTo(end: vscode.FileType): vscode.FileType {
  return end | FileType.SymbolicLink;
}

function asStat({ kind, isLink, size, mtime, mode }: FileStat): vscode.FileStat {
  const type = isLink ? linkTo(KINDS[kind]) : KINDS[kind];
  const stat = { type, size, mtime, ctime: mtime };
  // who may write at all the server decides; where nobody may, the editor says so before one has typed
  return (mode & ANYBODY_WRITES) === 0 ? { ...stat, permissions: FilePermission.Readonly } : stat;
}

function typeOf({ kind, target }: FileEntry): vscode.FileType {
  if (kind !== 'link') return KINDS[kind];
  return linkTo(target ? KINDS[target] : FileType.Unknown);
}

/** Between two machines the editor goes through its own memory, by reading and writing. */
function ofOneMachine(from: vscode.Uri, to: vscode.Uri): [Place, Place] {
  const [source, target] = [placeOf(from), placeOf(to)];
  if (source.connectionId !== target.connectionId)
    throw new vscode.FileSystemError('Files go from one Spark to another by a download and an upload only.');
  return [source, target];
}
