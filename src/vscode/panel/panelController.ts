import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { KnownOfNew, Palette, Tab } from '../../shared/panel.js';
import { OLLAMA_TARGETS, PANEL_TYPE, type OllamaTarget } from '../contributionData.js';
import { onDidChangeSettings, readSetting } from '../contributions.js';
import { together, type Disposable } from '../emitter.js';
import type { EngineClient } from '../engineClient.js';
import type { ProjectList } from '../projects/projectList.js';
import { panelHtml } from './panelHtml.js';
import { PanelHost, type PanelActions } from './panelHost.js';

const TITLE = 'DGX Spark';

interface OpenPanel {
  readonly panel: vscode.WebviewPanel;
  readonly host: PanelHost;
}

/** The panel of this window: at most one, restored after a reload. */
export class PanelController implements Disposable, vscode.WebviewPanelSerializer {
  private current: OpenPanel | undefined;
  private readonly held: readonly Disposable[];

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly client: EngineClient,
    private readonly projects: ProjectList,
    private readonly actions: PanelActions,
  ) {
    this.held = [
      vscode.window.registerWebviewPanelSerializer(PANEL_TYPE, this),
      onDidChangeSettings(['appearance.palette', 'ollama.target'], () => this.current?.host.sendState()),
    ];
  }

  /** Opens or brings forward the panel, on a tab where one is given. */
  open(tab?: Tab): void {
    const { host } = this.reveal();
    if (tab) host.showTab(tab);
  }

  /** Opens the panel with the form for a saved connection, or for a new one of which something may be known. */
  openForm(connectionId: string | null, found?: KnownOfNew): void {
    const { host } = this.reveal();
    host.showTab('connection');
    host.showForm(connectionId, found);
  }

  /** Opens the panel with the form for a project, or for a new one. */
  openProjectForm(projectId: string | null): void {
    const { host } = this.reveal();
    host.showTab('projects');
    host.showProjectForm(projectId);
  }

  /** Takes over the panel that the editor kept from before a reload. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    this.current?.panel.dispose();
    this.adopt(panel);
    await Promise.resolve();
  }

  /** Lets the panel itself stand: the editor restores it after a reload, and what is closed here stays closed. */
  dispose(): void {
    this.current?.host.dispose();
    together(...this.held).dispose();
  }

  private reveal(): OpenPanel {
    if (this.current) {
      this.current.panel.reveal();
      return this.current;
    }
    return this.adopt(vscode.window.createWebviewPanel(PANEL_TYPE, TITLE, vscode.ViewColumn.Active));
  }

  private adopt(panel: vscode.WebviewPanel): OpenPanel {
    const { webview } = panel;
    const files = vscode.Uri.joinPath(this.extensionUri, 'dist', 'webview');
    webview.options = { enableScripts: true, localResourceRoots: [files] };
    panel.iconPath = vscode.Uri.joinPath(this.extensionUri, 'media', 'icon.png');
    const host = new PanelHost(webview, this.client, this.projects, readChosen, this.actions);
    const open = { panel, host };
    this.current = open;
    panel.onDidChangeViewState(() => {
      host.setVisible(panel.visible);
    });
    panel.onDidDispose(() => {
      host.dispose();
      if (this.current === open) this.current = undefined;
    });
    webview.html = panelHtml({
      script: webview.asWebviewUri(vscode.Uri.joinPath(files, 'panel.js')).toString(),
      style: webview.asWebviewUri(vscode.Uri.joinPath(files, 'panel.css')).toString(),
      cspSource: webview.cspSource,
      nonce: randomBytes(18).toString('base64'),
    });
    return open;
  }
}

function readChosen(): { palette: Palette; target: OllamaTarget } {
  return {
    palette: readSetting('appearance.palette') === 'dgx' ? 'dgx' : 'theme',
    target: OLLAMA_TARGETS.find(target => target === readSetting('ollama.target')) ?? 'auto',
  };
}
