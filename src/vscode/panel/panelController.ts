import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { KnownOfNew, Tab } from '../../shared/panel.js';
import { OLLAMA_TARGETS, PANEL_TYPE } from '../contributionData.js';
import { onDidChangeSettings, readSetting } from '../contributions.js';
import { together, type Disposable } from '../emitter.js';
import type { EngineClient } from '../engineClient.js';
import type { ProjectList } from '../projects/projectList.js';
import { panelHtml } from './panelHtml.js';
import type { ChosenSettings, PanelActions, PanelHost } from './panelHost.js';

const TITLE = 'DGX Spark';

interface OpenPanel {
  readonly panel: vscode.WebviewPanel;
  /** Does something with its host, in the order asked. */
  readonly tell: (work: (host: PanelHost) => void) => void;
}

/** The class, from the part of the extension that is loaded after activation. */
type LoadHost = () => Promise<typeof PanelHost>;

/** The panel of this window: at most one, restored after a reload. */
export class PanelController implements Disposable, vscode.WebviewPanelSerializer {
  private current: OpenPanel | undefined;
  private readonly held: readonly Disposable[];

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly client: EngineClient,
    private readonly projects: ProjectList,
    private readonly actions: PanelActions,
    private readonly loadHost: LoadHost,
  ) {
    this.held = [
      vscode.window.registerWebviewPanelSerializer(PANEL_TYPE, this),
      onDidChangeSettings(['appearance.palette', 'ollama.target', 'jobs.templates'], () => {
        this.current?.tell(host => {
          host.sendState();
        });
      }),
    ];
  }

  /** Opens or brings forward the panel, on a tab where one is given. */
  open(tab?: Tab): void {
    const { tell } = this.reveal();
    if (tab)
      tell(host => {
        host.showTab(tab);
      });
  }

  /** Opens the panel with the form for a saved connection, or for a new one of which something may be known. */
  openForm(connectionId: string | null, found?: KnownOfNew): void {
    this.reveal().tell(host => {
      host.showTab('connection');
      host.showForm(connectionId, found);
    });
  }

  /** Opens the panel with the form for a project, or for a new one. */
  openProjectForm(projectId: string | null): void {
    this.reveal().tell(host => {
      host.showTab('projects');
      host.showProjectForm(projectId);
    });
  }

  /** Opens the panel with a job, or with the form for one or for a new one. */
  openJob(view: 'job' | 'form', jobId: string | null): void {
    this.reveal().tell(host => {
      host.showTab('jobs');
      host.showJob(view, jobId);
    });
  }

  /** Takes over the panel that the editor kept from before a reload. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    this.current?.panel.dispose();
    this.adopt(panel);
    await Promise.resolve();
  }

  /** Lets the panel itself stand: the editor restores it after a reload, and what is closed here stays closed. */
  dispose(): void {
    this.current?.tell(host => {
      host.dispose();
    });
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
    let isClosed = false;
    const ready = this.loadHost().then(Host => {
      const host = new Host(webview, this.client, this.projects, readChosen, this.actions);
      // only now, since nobody would hear what the page says before
      if (!isClosed)
        webview.html = panelHtml({
          script: webview.asWebviewUri(vscode.Uri.joinPath(files, 'panel.js')).toString(),
          style: webview.asWebviewUri(vscode.Uri.joinPath(files, 'panel.css')).toString(),
          cspSource: webview.cspSource,
          nonce: randomBytes(18).toString('base64'),
        });
      return host;
    });
    // where it cannot be loaded, the log of the extension says so
    const tell: OpenPanel['tell'] = work => void ready.then(work, () => undefined);
    const open = { panel, tell };
    this.current = open;
    panel.onDidChangeViewState(() => {
      const { visible } = panel;
      tell(host => {
        host.setVisible(visible);
      });
    });
    panel.onDidDispose(() => {
      isClosed = true;
      tell(host => {
        host.dispose();
      });
      if (this.current === open) this.current = undefined;
    });
    return open;
  }
}

function readChosen(): ChosenSettings {
  return {
    templates: readSetting('jobs.templates') ?? {},
    palette: readSetting('appearance.palette') === 'dgx' ? 'dgx' : 'theme',
    target: OLLAMA_TARGETS.find(target => target === readSetting('ollama.target')) ?? 'auto',
  };
}
