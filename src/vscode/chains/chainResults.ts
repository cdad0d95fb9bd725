import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import * as vscode from 'vscode';
import { resultsRequestSchema, ROWS_PER_PAGE, type ResultsMessage, type ShownRun } from '../../shared/chainPage.js';
import { chainPathSchema, type RunView } from '../../shared/chains.js';
import { SparkError } from '../../shared/errors.js';
import { CHAIN_RESULTS_TYPE } from '../contributionData.js';
import { together, type Disposable } from '../emitter.js';
import type { EngineClient } from '../engineClient.js';
import { panelHtml } from '../panel/panelHtml.js';

/** What the page's buttons do. */
export interface ResultsActions {
  continueRun(path: string, runId: string): Promise<void>;
  exportRun(path: string, runId: string): Promise<void>;
}

interface Shown {
  readonly panel: vscode.WebviewPanel;
  readonly page: ResultsPage;
}

const savedSchema = v.object({ path: chainPathSchema });

/** The results of chains, a page a chain. */
export class ChainResults implements Disposable, vscode.WebviewPanelSerializer {
  private readonly open = new Map<string, Shown>();
  private readonly held: Disposable;

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly client: EngineClient,
    private readonly actions: ResultsActions,
  ) {
    this.held = together(
      vscode.window.registerWebviewPanelSerializer(CHAIN_RESULTS_TYPE, this),
      client.on('chains/changed', run => this.open.get(run.path)?.page.changed(run)),
    );
  }

  /** Opens or brings forward the results of a chain, at a run where one is given. */
  show(path: string, runId?: string): void {
    const known = this.open.get(path);
    if (known) {
      known.panel.reveal(undefined, true);
      if (runId !== undefined) known.page.select(runId);
      return;
    }
    const place = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
    const panel = vscode.window.createWebviewPanel(CHAIN_RESULTS_TYPE, titleOf(path), place);
    this.adopt(panel, path, runId);
  }

  /** Takes over a page that the editor kept from before a reload. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const saved = v.safeParse(savedSchema, state);
    if (!saved.success || this.open.has(saved.output.path)) panel.dispose();
    else this.adopt(panel, saved.output.path, undefined);
    await Promise.resolve();
  }

  dispose(): void {
    this.held.dispose();
    for (const { page } of this.open.values()) page.dispose();
  }

  private adopt(panel: vscode.WebviewPanel, path: string, runId: string | undefined): void {
    const { webview } = panel;
    const files = vscode.Uri.joinPath(this.extensionUri, 'dist', 'webview');
    webview.options = { enableScripts: true, localResourceRoots: [files] };
    panel.iconPath = vscode.Uri.joinPath(this.extensionUri, 'media', 'icon.png');
    const page = new ResultsPage(webview, this.client, this.actions, path, runId ?? null);
    this.open.set(path, { panel, page });
    panel.onDidDispose(() => {
      page.dispose();
      this.open.delete(path);
    });
    webview.html = panelHtml({
      script: webview.asWebviewUri(vscode.Uri.joinPath(files, 'chains.js')).toString(),
      style: webview.asWebviewUri(vscode.Uri.joinPath(files, 'chains.css')).toString(),
      cspSource: webview.cspSource,
      nonce: randomBytes(18).toString('base64'),
    });
  }
}

function titleOf(path: string): string {
  const name = path.split(/[\\/]/).at(-1) ?? path;
  return `Results: ${name.replace(/\.chain\.(ya?ml|json)$/i, '')}`;
}

/** One page and what it looks at. Draws are one after the other; changes that come meanwhile are one more. */
class ResultsPage {
  private otherId: string | null = null;
  private from = 0;
  private isReady = false;
  private isDrawing = false;
  private isStale = false;
  private readonly held: Disposable;

  constructor(
    private readonly webview: vscode.Webview,
    private readonly client: EngineClient,
    private readonly actions: ResultsActions,
    private readonly path: string,
    private runId: string | null,
  ) {
    this.held = webview.onDidReceiveMessage((raw: unknown) => {
      void this.answer(raw);
    });
  }

  changed({ runId }: RunView): void {
    if (this.runId === null || runId === this.runId || runId === this.otherId) this.draw();
  }

  select(runId: string): void {
    this.runId = runId;
    this.from = 0;
    this.draw();
  }

  dispose(): void {
    this.held.dispose();
  }

  private async answer(raw: unknown): Promise<void> {
    const read = v.safeParse(resultsRequestSchema, raw);
    if (!read.success) return;
    const { path, client, actions } = this;
    const request = read.output;
    try {
      switch (request.kind) {
        case 'show':
          // what the page was opened for goes before what it knows, which is nothing yet
          this.runId = request.runId ?? this.runId;
          this.otherId = request.otherId;
          this.from = request.from;
          this.isReady = true;
          this.draw();
          return;
        case 'cell': {
          const { runId, row, step } = request;
          this.post({ kind: 'cell', detail: await client.request('chains/cell', { path, runId, row, step }) });
          return;
        }
        case 'cancel':
          await client.request('chains/cancel', { runId: request.runId });
          return;
        case 'continue':
          await actions.continueRun(path, request.runId);
          return;
        case 'export':
          await actions.exportRun(path, request.runId);
      }
    } catch (error) {
      this.post({ kind: 'problem', message: SparkError.toInfo(error).message });
    }
  }

  private draw(): void {
    if (!this.isReady) return;
    this.isStale = true;
    if (this.isDrawing) return;
    this.isDrawing = true;
    void this.drawUntilFresh().finally(() => {
      this.isDrawing = false;
    });
  }

  private async drawUntilFresh(): Promise<void> {
    const { client, path } = this;
    try {
      while (this.isStale) {
        this.isStale = false;
        const { from } = this;
        const runs = await client.request('chains/runs', { path });
        const find = (id: string | null) => runs.find(({ runId }) => runId === id);
        const shown = await this.read(find(this.runId) ?? runs[0], from);
        const other = await this.read(find(this.otherId), from);
        this.post({ kind: 'table', ...{ path, runs, from, shown, other } });
      }
    } catch (error) {
      this.post({ kind: 'problem', message: SparkError.toInfo(error).message });
    }
  }

  private async read(run: RunView | undefined, from: number): Promise<ShownRun | null> {
    if (!run) return null;
    const { runId } = run;
    const asked = { path: this.path, runId, from, count: ROWS_PER_PAGE };
    return { run, rows: (await this.client.request('chains/rows', asked)).rows };
  }

  private post(message: ResultsMessage): void {
    void this.webview.postMessage(message);
  }
}
