import * as vscode from 'vscode';
import type { ConnectionView } from '../../shared/connection.js';
import { COLORS, COMMANDS, VIEWS } from '../contributionData.js';
import { together, type Disposable } from '../emitter.js';
import type { EngineClient } from '../engineClient.js';
import { sentences } from '../wording.js';
import type { ContainerBook } from './containerBook.js';
import {
  containerRowId,
  containerText,
  imagesText,
  imageText,
  noticeText,
  rowsOf,
  type ContainerRow,
  type ContainerRowText,
} from './containerRows.js';

/** Figures of running containers are measured again after this, while the view is open. Docker itself needs two seconds for them. */
const MEASURE_EVERY_MS = 15_000;

/** The containers view: of one connected machine its containers, of several the machines with theirs. */
export class ContainerTree implements vscode.TreeDataProvider<ContainerRow>, Disposable {
  private readonly changed = new vscode.EventEmitter<ContainerRow | undefined>();
  private readonly view: vscode.TreeView<ContainerRow>;
  private readonly held: Disposable;
  /** The editor knows rows by identity, so each is made once. */
  private readonly rows = new Map<string, ContainerRow>();
  private readonly timer: NodeJS.Timeout;
  private drawn = '';
  /** Ids of the rows of a machine, and what a row says, as last drawn. */
  private readonly drawnUnder = new Map<string, string>();
  private readonly drawnTexts = new Map<string, string>();

  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly client: EngineClient,
    private readonly book: ContainerBook,
  ) {
    this.view = vscode.window.createTreeView(VIEWS.containers, { treeDataProvider: this, showCollapseAll: false });
    this.timer = setInterval(() => {
      this.measure();
    }, MEASURE_EVERY_MS);
    this.held = together(
      this.changed,
      this.view,
      this.view.onDidChangeVisibility(({ visible }) => {
        if (visible) for (const { id } of this.connected()) void this.read(id);
      }),
      client.onDidChange(() => {
        const now = this.connected()
          .map(({ id, name }) => `${id} ${name}`)
          .join('\n');
        if (now === this.drawn) return;
        this.drawn = now;
        this.changed.fire(undefined);
      }),
      book.onDidChange(connectionId => {
        this.redraw(connectionId);
      }),
    );
  }

  dispose(): void {
    clearInterval(this.timer);
    this.held.dispose();
  }

  getChildren(parent?: ContainerRow): ContainerRow[] {
    const connected = this.connected();
    const [only] = connected;
    if (!parent && connected.length !== 1)
      return connected.map(({ id }) => this.row({ kind: 'machine', connectionId: id }));
    const { connectionId } = parent ?? { connectionId: only?.id ?? '' };
    if (parent?.kind === 'images') return this.imagesUnder(connectionId);
    if (!this.book.page(connectionId)) void this.read(connectionId);
    const rows = rowsOf(connectionId, this.book.page(connectionId)).map(row => this.row(row));
    this.drawnUnder.set(connectionId, idsOf(rows));
    return rows;
  }

  getParent(row: ContainerRow): ContainerRow | undefined {
    const { kind, connectionId } = row;
    if (kind === 'image') return this.row({ kind: 'images', connectionId });
    return kind === 'machine' || this.connected().length === 1
      ? undefined
      : this.row({ kind: 'machine', connectionId });
  }

  getTreeItem(row: ContainerRow): vscode.TreeItem {
    const text = this.textOf(row);
    this.drawnTexts.set(containerRowId(row), JSON.stringify(text));
    const item = new vscode.TreeItem(text.label);
    item.id = containerRowId(row);
    item.description = text.description;
    item.contextValue = text.contextValue;
    item.accessibilityInformation = { label: text.spoken };
    item.iconPath = new vscode.ThemeIcon(text.icon, toneColor(text.tone));
    item.tooltip = this.tooltipOf(row, text);
    if (row.kind === 'machine') item.collapsibleState = vscode.TreeItemCollapsibleState.Expanded;
    if (row.kind === 'images') item.collapsibleState = vscode.TreeItemCollapsibleState.Collapsed;
    if (text.contextValue === 'notice;remedy')
      item.command = { command: COMMANDS.helpWithDocker, title: text.label, arguments: [row] };
    return item;
  }

  private textOf(row: ContainerRow): ContainerRowText {
    const { connectionId } = row;
    const page = this.book.page(connectionId);
    switch (row.kind) {
      case 'machine': {
        const label = this.client.connection(connectionId)?.name ?? '';
        return { label, description: '', contextValue: 'machine', icon: 'server', tone: 'plain', spoken: label };
      }
      case 'container': {
        const container = this.book.container(connectionId, row.containerId);
        if (container) return containerText(container, this.book.usage(connectionId, row.containerId));
        return { label: '', description: '', contextValue: '', icon: 'vm-outline', tone: 'plain', spoken: '' };
      }
      case 'images':
        return imagesText(page?.images);
      case 'image':
        return imageText(
          row.image,
          page?.images?.find(({ id, name }) => id === row.imageId && name === row.image),
        );
      case 'notice':
        return noticeText(page);
    }
  }

  private tooltipOf(row: ContainerRow, text: ContainerRowText): string {
    const page = this.book.page(row.connectionId);
    const error = page?.error ?? page?.list?.error;
    if (row.kind === 'notice' && error) return sentences(error);
    return row.kind === 'container' ? text.spoken.replaceAll(', ', '\n') : text.spoken;
  }

  /** Draws only what has changed: while the editor reads all rows anew, a click on one of them leads nowhere. */
  private redraw(connectionId: string): void {
    const rows = rowsOf(connectionId, this.book.page(connectionId)).map(row => this.row(row));
    if (idsOf(rows) !== this.drawnUnder.get(connectionId)) {
      const isOnly = this.connected().length === 1;
      this.changed.fire(isOnly ? undefined : this.row({ kind: 'machine', connectionId }));
      return;
    }
    for (const row of rows)
      if (JSON.stringify(this.textOf(row)) !== this.drawnTexts.get(containerRowId(row))) this.changed.fire(row);
    const images = this.row({ kind: 'images', connectionId });
    const now = idsOf(this.imageRows(connectionId));
    if (now !== this.drawnUnder.get(containerRowId(images))) this.changed.fire(images);
  }

  private imageRows(connectionId: string): ContainerRow[] {
    const { images = [] } = this.book.page(connectionId) ?? {};
    return images.map(({ id, name }) => this.row({ kind: 'image', connectionId, imageId: id, image: name }));
  }

  private imagesUnder(connectionId: string): ContainerRow[] {
    const { images } = this.book.page(connectionId) ?? {};
    // drawn again when they have been read
    if (!images) void this.book.readImages(connectionId).catch(() => undefined);
    const rows = this.imageRows(connectionId);
    this.drawnUnder.set(containerRowId({ kind: 'images', connectionId }), idsOf(rows));
    return rows;
  }

  private connected(): readonly ConnectionView[] {
    return this.client.snapshot.connections.filter(({ status }) => status.state === 'connected');
  }

  private async read(connectionId: string): Promise<void> {
    await this.book.read(connectionId);
    await this.book.measure(connectionId);
  }

  private measure(): void {
    if (!this.view.visible) return;
    for (const { id } of this.connected()) {
      // Docker may have been started meanwhile; that it tells of changes begins then
      const isUp = this.book.page(id)?.list?.state === 'up';
      void (isUp ? this.book.measure(id) : this.read(id));
    }
  }

  private row(row: ContainerRow): ContainerRow {
    const id = containerRowId(row);
    const known = this.rows.get(id) ?? row;
    this.rows.set(id, known);
    return known;
  }
}

function idsOf(rows: readonly ContainerRow[]): string {
  return rows.map(containerRowId).join();
}

function toneColor(tone: ContainerRowText['tone']): vscode.ThemeColor | undefined {
  const colors = { good: COLORS.connected, waiting: COLORS.connecting, bad: COLORS.error };
  return tone === 'plain' ? undefined : new vscode.ThemeColor(colors[tone]);
}
