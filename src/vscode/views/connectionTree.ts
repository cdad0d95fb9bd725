import * as vscode from 'vscode';
import type { ConnectionView } from '../../shared/connection.js';
import type { Sample } from '../../shared/metrics.js';
import { stateIcon } from '../connectionIcons.js';
import { connectionTooltip, plainTooltip } from '../connectionTooltip.js';
import { COLORS, COMMANDS, VIEWS } from '../contributionData.js';
import { together, type Disposable } from '../emitter.js';
import type { EngineClient } from '../engineClient.js';
import { sentences } from '../wording.js';
import type { ForwardTraffic, ForwardView } from '../../shared/forwards.js';
import type { ModelBook } from '../models/modelBook.js';
import { modelDetails } from '../models/modelWords.js';
import { childRows, connectionText, gpuText, rowId, tunnelText, type Row, type RowText } from './connectionRows.js';
import {
  forwardDetails,
  forwardsText,
  forwardText,
  modelRows,
  modelsText,
  modelText,
  pullRowText,
  remedyText,
} from './modelRows.js';

/** A row may be drawn anew this often. */
const REDRAW_INTERVAL_MS = 2000;
/** Loaded models say when they will be unloaded, in minutes. */
const MODELS_REDRAW_MS = 30_000;

/** The connections tree: draws what the client knows, and draws a row anew only when that row has changed. */
export class ConnectionTree implements vscode.TreeDataProvider<Row>, Disposable {
  private readonly changed = new vscode.EventEmitter<Row | undefined>();
  private readonly view: vscode.TreeView<Row>;
  private readonly held: readonly Disposable[];
  /** The editor knows rows by identity, so each is made once. */
  private readonly rows = new Map<string, Row>();
  private drawn: readonly ConnectionView[] = [];
  /** The editor was told to draw the whole list, and has not asked for it yet. */
  private redrawAsked = false;
  private readonly drawnAt = new Map<string, number>();
  /** Ids of the rows under a connection, as last drawn. */
  private readonly drawnUnder = new Map<string, string>();
  /** Connections that were connected after their row was drawn; the editor opens a row by itself only when it is new. */
  private readonly toExpand = new Set<string>();

  /** Connections whose models are unfolded: those are read again from time to time. */
  private readonly unfolded = new Set<string>();
  private readonly modelsDrawnAt = new Map<string, number>();
  private readonly traffic = new Map<string, ForwardTraffic>();
  private drawnForwards: readonly ForwardView[] = [];

  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly client: EngineClient,
    private readonly book: ModelBook,
  ) {
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
      client.onDidCarry(traffic => {
        this.carry(traffic);
      }),
      book.onDidChange(connectionId => {
        if (this.client.connection(connectionId)) this.changed.fire(this.row({ kind: 'models', connectionId }));
      }),
      this.view.onDidExpandElement(({ element }) => {
        if (element.kind !== 'models') return;
        this.unfolded.add(element.connectionId);
        book.refresh(element.connectionId);
      }),
      this.view.onDidCollapseElement(({ element }) => {
        if (element.kind === 'models') this.unfolded.delete(element.connectionId);
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
      this.redrawAsked = false;
      this.drawn = client.snapshot.connections;
      return this.drawn.map(({ id }) => this.row({ kind: 'connection', connectionId: id }));
    }
    if (parent.kind === 'models') return await this.modelsUnder(parent.connectionId);
    if (parent.kind === 'forwards') return this.forwardsUnder(parent.connectionId);
    const connection = parent.kind === 'connection' ? client.connection(parent.connectionId) : undefined;
    if (!connection) return [];
    // so that the row of the models can say how many there are
    if (connection.status.state === 'connected' && !this.book.page(connection.id)) this.book.refresh(connection.id);
    const rows = childRows(connection, client.sample(connection.id));
    this.drawnUnder.set(connection.id, idsOf(rows));
    return rows.map(row => this.row(row));
  }

  getParent(row: Row): Row | undefined {
    const { kind, connectionId } = row;
    if (kind === 'connection') return undefined;
    if (kind === 'model' || kind === 'pull' || kind === 'remedy') return this.row({ kind: 'models', connectionId });
    return this.row({ kind: kind === 'forward' ? 'forwards' : 'connection', connectionId });
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
    if (row.kind === 'models') item.collapsibleState = vscode.TreeItemCollapsibleState.Collapsed;
    // also while there is none: the editor would not unfold it by itself when the first one comes
    if (row.kind === 'forwards') item.collapsibleState = vscode.TreeItemCollapsibleState.Expanded;
    if (row.kind === 'remedy') item.command = { command: COMMANDS.startOllama, title: text.label, arguments: [row] };
    // left out, the editor asks for it when the pointer rests on the row
    if (row.kind !== 'connection' && row.kind !== 'model')
      item.tooltip = this.tooltipOf(row, connection) ?? text.spoken;
    return item;
  }

  resolveTreeItem(item: vscode.TreeItem, row: Row): vscode.TreeItem {
    const connection = this.client.connection(row.connectionId);
    if (connection && row.kind === 'connection') item.tooltip = connectionTooltip(connection);
    const model = row.kind === 'model' ? this.book.installed(row.connectionId, row.model) : undefined;
    if (model) {
      const loaded = this.book.loaded(row.connectionId, model.name);
      item.tooltip = plainTooltip(model.name, modelDetails(model, loaded, Date.now()));
    }
    return item;
  }

  private tooltipOf(row: Row, connection: ConnectionView): string | undefined {
    const forward = row.kind === 'forward' ? this.forward(row.forwardId) : undefined;
    if (forward) return forwardDetails(forward, connection);
    const page = row.kind === 'models' ? this.book.page(row.connectionId) : undefined;
    const error = page?.state === 'failed' ? page.error : page?.list.error;
    if (error) return sentences(error);
    if (page?.state === 'known' && page.list.version !== null) return `Ollama ${page.list.version}`;
    return undefined;
  }

  private async modelsUnder(connectionId: string): Promise<Row[]> {
    // what is wrong is in the description of the row
    if (!this.book.page(connectionId)) await this.book.load(connectionId).catch(() => undefined);
    this.modelsDrawnAt.set(connectionId, Date.now());
    return modelRows(connectionId, this.book).map(row => this.row(row));
  }

  private forwardsUnder(connectionId: string): Row[] {
    return this.forwardsOf(connectionId).map(({ id }) => this.row({ kind: 'forward', connectionId, forwardId: id }));
  }

  private forwardsOf(connectionId: string): ForwardView[] {
    return this.client.snapshot.forwards.filter(forward => forward.connectionId === connectionId);
  }

  private forward(id: string): ForwardView | undefined {
    return this.client.snapshot.forwards.find(forward => forward.id === id);
  }

  private textOf(row: Row, connection: ConnectionView): RowText {
    switch (row.kind) {
      case 'connection':
        return connectionText(connection, this.client.snapshot.connections.length);
      case 'tunnel':
        return tunnelText(connection);
      case 'gpu':
        return gpuText(row.index, this.client.sample(connection.id));
      case 'models':
        return modelsText(this.book.page(connection.id));
      case 'model':
        return modelText(connection.id, row.model, this.book, Date.now());
      case 'pull':
        return pullRowText(
          row.model,
          this.book.pulls(connection.id).find(({ model }) => model === row.model),
        );
      case 'remedy':
        return remedyText(this.book.page(connection.id));
      case 'forwards':
        return forwardsText(this.forwardsOf(connection.id));
      case 'forward':
        return forwardText(this.forward(row.forwardId), this.traffic.get(row.forwardId));
    }
  }

  private row(row: Row): Row {
    const id = rowId(row);
    const known = this.rows.get(id) ?? row;
    this.rows.set(id, known);
    return known;
  }

  private follow(): void {
    const { connections, forwards } = this.client.snapshot;
    const before = this.drawn;
    if (connections === before) return;
    this.followForwards(forwards);
    if (connections.length !== before.length || connections.some(({ id }, index) => id !== before[index]?.id)) {
      // once is enough: until it has drawn all of them the editor knows none, and a press of a row's button comes without the row
      if (!this.redrawAsked) this.redrawAll();
      return;
    }
    this.drawn = connections;
    const unfolds = (list: readonly ConnectionView[]) => list.map(({ status }) => status.state === 'connected').join();
    // the editor indents a row by whether its neighbours unfold, and only rows that it draws anew: else some look like children
    const isIndented = unfolds(connections) !== unfolds(before);
    connections.forEach((connection, index) => {
      const { id, status } = connection;
      if (!isIndented && JSON.stringify(connection) === JSON.stringify(before[index])) return;
      this.changed.fire(this.row({ kind: 'connection', connectionId: id }));
      if (status.state !== 'connected') this.toExpand.delete(id);
      else if (before[index]?.status.state !== 'connected') this.toExpand.add(id);
    });
    this.expand();
  }

  private followForwards(forwards: readonly ForwardView[]): void {
    const before = this.drawnForwards;
    this.drawnForwards = forwards;
    for (const { id: connectionId } of this.drawn) {
      const of = (list: readonly ForwardView[]) =>
        JSON.stringify(list.filter(forward => forward.connectionId === connectionId));
      if (of(forwards) !== of(before)) this.changed.fire(this.row({ kind: 'forwards', connectionId }));
    }
  }

  private carry(traffic: readonly ForwardTraffic[]): void {
    for (const one of traffic) {
      this.traffic.set(one.id, one);
      const forward = this.forward(one.id);
      if (forward && this.view.visible)
        this.changed.fire(this.row({ kind: 'forward', connectionId: forward.connectionId, forwardId: one.id }));
    }
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
    this.refreshModels(connectionId, now);
    const rows = childRows(connection, sample);
    // a GPU that is gone must not stay with its last numbers
    if (idsOf(rows) === this.drawnUnder.get(connectionId))
      for (const row of rows) {
        if (row.kind === 'gpu') this.changed.fire(this.row(row));
      }
    else this.changed.fire(this.row({ kind: 'connection', connectionId }));
  }

  private refreshModels(connectionId: string, now: number): void {
    if (!this.unfolded.has(connectionId)) return;
    this.book.refresh(connectionId);
    const page = this.book.page(connectionId);
    const hasLoaded = page?.state === 'known' && page.list.loaded.length > 0;
    if (hasLoaded && now - (this.modelsDrawnAt.get(connectionId) ?? 0) >= MODELS_REDRAW_MS)
      this.changed.fire(this.row({ kind: 'models', connectionId }));
  }

  private redrawAll(): void {
    const saved = new Set(this.client.snapshot.connections.map(({ id }) => id));
    for (const [id, row] of this.rows)
      if (!saved.has(row.connectionId)) {
        this.rows.delete(id);
        this.drawnAt.delete(row.connectionId);
        this.drawnUnder.delete(row.connectionId);
      }
    this.redrawAsked = true;
    this.changed.fire(undefined);
  }
}

/** Samples that come every two seconds must not each be just too early. */
const TIMER_SLACK_MS = 200;

function idsOf(rows: readonly Row[]): string {
  return rows.map(rowId).join();
}

function iconOf(row: Row, connection: ConnectionView, { warning, contextValue }: RowText): vscode.ThemeIcon {
  if (row.kind === 'connection') return stateIcon(connection.status.state);
  // nothing is wrong with a model that does not fit
  if (row.kind === 'model' && warning) return new vscode.ThemeIcon('circle-slash');
  if (warning) return new vscode.ThemeIcon('warning', new vscode.ThemeColor(COLORS.error));
  if (row.kind === 'model' && contextValue.endsWith(';loaded'))
    return new vscode.ThemeIcon('circle-filled', new vscode.ThemeColor(COLORS.connected));
  return new vscode.ThemeIcon(ICONS[row.kind]);
}

const ICONS: Readonly<Record<Exclude<Row['kind'], 'connection'>, string>> = {
  tunnel: 'radio-tower',
  gpu: 'chip',
  models: 'library',
  model: 'circle-outline',
  pull: 'loading~spin',
  remedy: 'terminal',
  forwards: 'plug',
  forward: 'globe',
};
