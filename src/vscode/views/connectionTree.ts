import * as vscode from 'vscode';
import type { ConnectionView } from '../../shared/connection.js';
import type { Sample } from '../../shared/metrics.js';
import { stateIcon } from '../connectionIcons.js';
import { connectionTooltip } from '../connectionTooltip.js';
import { COLORS, VIEWS } from '../contributionData.js';
import { together, type Disposable } from '../emitter.js';
import type { EngineClient } from '../engineClient.js';
import { childRows, connectionText, gpuText, rowId, tunnelText, type Row, type RowText } from './connectionRows.js';

/** A row may be drawn anew this often. */
const REDRAW_INTERVAL_MS = 2000;

/** The connections tree: draws what the client knows, and draws a row anew only when that row has changed. */
export class ConnectionTree implements vscode.TreeDataProvider<Row>, Disposable {
  private readonly changed = new vscode.EventEmitter<Row | undefined>();
  private readonly view: vscode.TreeView<Row>;
  private readonly held: readonly Disposable[];
  /** The editor knows rows by identity, so each is made once. */
  private readonly rows = new Map<string, Row>();
  private drawn: readonly ConnectionView[] = [];
  private readonly drawnAt = new Map<string, number>();
  /** Ids of the rows under a connection, as last drawn. */
  private readonly drawnUnder = new Map<string, string>();
  /** Connections that were connected after their row was drawn; the editor opens a row by itself only when it is new. */
  private readonly toExpand = new Set<string>();

  readonly onDidChangeTreeData = this.changed.event;

  constructor(private readonly client: EngineClient) {
    this.view = vscode.window.createTreeView(VIEWS.connections, { treeDataProvider: this, showCollapseAll: false });
    this.held = [
      this.changed,
      this.view,
      this.view.onDidChangeVisibility(({ visible }) => {
        if (!visible) return;
        this.redrawAll();
        this.expand();
      }),
      client.onDidChange(() => {
        this.follow();
      }),
      client.onDidSample(sample => {
        this.take(sample);
      }),
    ];
  }

  dispose(): void {
    together(...this.held).dispose();
  }

  async getChildren(parent?: Row): Promise<Row[]> {
    const { client } = this;
    if (!parent) {
      // the view shows its own progress bar meanwhile, not the welcome text of an empty list
      if (client.status.state === 'starting' && client.snapshot.connections.length === 0)
        await client.attached().catch(() => undefined);
      this.drawn = client.snapshot.connections;
      return this.drawn.map(({ id }) => this.row({ kind: 'connection', connectionId: id }));
    }
    const connection = parent.kind === 'connection' ? client.connection(parent.connectionId) : undefined;
    if (!connection) return [];
    const rows = childRows(connection, client.sample(connection.id));
    this.drawnUnder.set(connection.id, idsOf(rows));
    return rows.map(row => this.row(row));
  }

  getParent(row: Row): Row | undefined {
    return row.kind === 'connection' ? undefined : this.row({ kind: 'connection', connectionId: row.connectionId });
  }

  getTreeItem(row: Row): vscode.TreeItem {
    const connection = this.client.connection(row.connectionId);
    if (!connection) return new vscode.TreeItem('');
    const text = this.textOf(row, connection);
    const item = new vscode.TreeItem(text.label);
    item.id = rowId(row);
    item.description = text.description;
    item.contextValue = text.contextValue;
    item.accessibilityInformation = { label: text.spoken };
    item.iconPath = iconOf(row, connection, text);
    if (row.kind === 'connection' && connection.status.state === 'connected')
      item.collapsibleState = vscode.TreeItemCollapsibleState.Expanded;
    if (row.kind !== 'connection') item.tooltip = text.spoken;
    return item;
  }

  resolveTreeItem(item: vscode.TreeItem, row: Row): vscode.TreeItem {
    const connection = this.client.connection(row.connectionId);
    if (connection && row.kind === 'connection') item.tooltip = connectionTooltip(connection);
    return item;
  }

  private textOf(row: Row, connection: ConnectionView): RowText {
    switch (row.kind) {
      case 'connection':
        return connectionText(connection, this.client.snapshot.connections.length);
      case 'tunnel':
        return tunnelText(connection);
      case 'gpu':
        return gpuText(row.index, this.client.sample(connection.id));
    }
  }

  private row(row: Row): Row {
    const id = rowId(row);
    const known = this.rows.get(id) ?? row;
    this.rows.set(id, known);
    return known;
  }

  private follow(): void {
    const { connections } = this.client.snapshot;
    const before = this.drawn;
    if (connections === before) return;
    if (connections.length !== before.length || connections.some(({ id }, index) => id !== before[index]?.id)) {
      this.redrawAll();
      return;
    }
    this.drawn = connections;
    const unfolds = (list: readonly ConnectionView[]) => list.map(({ status }) => status.state === 'connected').join();
    // the editor indents a row by whether its neighbours unfold, and only rows that it draws anew: else some look like children
    if (unfolds(connections) !== unfolds(before)) this.redrawAll();
    connections.forEach((connection, index) => {
      const { id, status } = connection;
      if (JSON.stringify(connection) === JSON.stringify(before[index])) return;
      this.changed.fire(this.row({ kind: 'connection', connectionId: id }));
      if (status.state !== 'connected') this.toExpand.delete(id);
      else if (before[index]?.status.state !== 'connected') this.toExpand.add(id);
    });
    this.expand();
  }

  /** Opens the rows that have children now. Not while the view is hidden: revealing a row would show the view. */
  private expand(): void {
    if (!this.view.visible) return;
    for (const connectionId of this.toExpand) {
      const row = this.row({ kind: 'connection', connectionId });
      this.view.reveal(row, { expand: true, select: false, focus: false }).then(undefined, () => undefined);
    }
    this.toExpand.clear();
  }

  private take(sample: Sample): void {
    const { connectionId } = sample;
    const connection = this.client.connection(connectionId);
    if (!this.view.visible || !connection) return;
    const now = Date.now();
    if (now - (this.drawnAt.get(connectionId) ?? 0) < REDRAW_INTERVAL_MS - TIMER_SLACK_MS) return;
    this.drawnAt.set(connectionId, now);
    const rows = childRows(connection, sample);
    // a GPU that is gone must not stay with its last numbers
    if (idsOf(rows) === this.drawnUnder.get(connectionId))
      for (const row of rows) {
        if (row.kind === 'gpu') this.changed.fire(this.row(row));
      }
    else this.changed.fire(this.row({ kind: 'connection', connectionId }));
  }

  private redrawAll(): void {
    const saved = new Set(this.client.snapshot.connections.map(({ id }) => id));
    for (const [id, row] of this.rows)
      if (!saved.has(row.connectionId)) {
        this.rows.delete(id);
        this.drawnAt.delete(row.connectionId);
        this.drawnUnder.delete(row.connectionId);
      }
    this.changed.fire(undefined);
  }
}

/** Samples that come every two seconds must not each be just too early. */
const TIMER_SLACK_MS = 200;

function idsOf(rows: readonly Row[]): string {
  return rows.map(rowId).join();
}

function iconOf(row: Row, connection: ConnectionView, { warning }: RowText): vscode.ThemeIcon {
  if (row.kind === 'connection') return stateIcon(connection.status.state);
  if (warning) return new vscode.ThemeIcon('warning', new vscode.ThemeColor(COLORS.error));
  return new vscode.ThemeIcon(row.kind === 'tunnel' ? 'radio-tower' : 'chip');
}
