import assert from 'node:assert/strict';
import type * as Esbuild from 'esbuild';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import type { ResultsMessage, ResultsRequest } from '../../src/shared/chainPage.js';
import { FakeHost } from './fakeHost.js';
import { THEMES, type ThemeName } from './themes.js';

const NONCE = 'bm9uY2Utb2YtdGhlLXRlc3Rz';
/** The policy that the extension gives the page, with this server in the place of `cspSource`. */
const POLICY = `default-src 'none'; script-src 'nonce-${NONCE}'; style-src 'self'; font-src 'self'; img-src 'self'`;

/** What VS Code puts into every webview before the page's own styles, as far as it can reach the panel. */
const DEFAULT_STYLES = `@layer vscode-default {
  html { scrollbar-color: var(--vscode-scrollbarSlider-background) var(--vscode-editor-background); }
  body { background-color: transparent; color: var(--vscode-editor-foreground); font-family: var(--vscode-font-family);
    font-weight: var(--vscode-font-weight); font-size: var(--vscode-font-size); margin: 0; padding: 0 20px; }
  a, a code { color: var(--vscode-textLink-foreground); }
  input:focus { outline: 1px solid -webkit-focus-ring-color; outline-offset: -1px; }
}`;

/** A panel in a browser page and the window that it talks to. */
export interface Panel {
  readonly page: Page;
  readonly host: FakeHost;
  /** What the browser complained about: violations of the policy, errors of the page. */
  readonly complaints: readonly string[];
  /** Loads the page again, as when the panel is closed and opened; the window stays the same. */
  reload(): Promise<void>;
}

export interface OpenOptions {
  theme?: ThemeName;
  width?: number;
  height?: number;
  /** Fills the window before the page asks for the state. */
  prepare?: (host: FakeHost) => void;
  reducedMotion?: boolean;
}

/** Serves the built panel under its real policy and opens it in a headless browser. */
export class Harness {
  private readonly server: Server;
  private readonly browser: Browser;

  private constructor(server: Server, browser: Browser) {
    this.server = server;
    this.browser = browser;
  }

  static async start(): Promise<Harness> {
    const files = new Map([...(await panelFiles()), ['vscode.css', Buffer.from(DEFAULT_STYLES)]]);
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      const name = url.pathname.slice(1);
      const file = files.get(name);
      if (file) {
        response.setHeader('Content-Type', name.endsWith('js') ? 'text/javascript' : 'text/css');
        response.end(file);
      } else if (name === '') {
        response.setHeader('Content-Type', 'text/html');
        response.setHeader('Content-Security-Policy', POLICY);
        const { searchParams: asked } = url;
        response.end(harnessPage(asked.get('theme') as ThemeName, asked.get('page') ?? 'panel'));
      } else response.writeHead(name === 'favicon.ico' ? 204 : 404).end();
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const browser = await chromium.launch({
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--force-color-profile=srgb',
        '--font-render-hinting=none',
      ],
    });
    return new Harness(server, browser);
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await new Promise(resolve => this.server.close(resolve));
  }

  /** Opens a panel; it is drawn when this resolves. */
  async open(options: OpenOptions = {}): Promise<Panel> {
    const { theme = 'dark', prepare } = options;
    const { page, complaints } = await this.newPage(options);
    const host = new FakeHost(page);
    prepare?.(host);
    await page.exposeFunction('toHost', (message: unknown) => {
      host.receive(message);
    });
    const go = async () => {
      await page.goto(this.address(theme, 'panel'));
      await page.locator('[role=tabpanel]:not([hidden]) > *').first().waitFor();
    };
    await go();
    page.on('close', () => {
      host.dispose();
    });
    return { page, host, complaints, reload: go };
  }

  /** Opens the results of a chain before a window that answers each message of the page with `answer`. */
  async openResults(answer: (request: ResultsRequest) => ResultsMessage | undefined, options: OpenOptions = {}) {
    const { page, complaints } = await this.newPage(options);
    const asked: ResultsRequest[] = [];
    await page.exposeFunction('toHost', async (request: ResultsRequest) => {
      asked.push(request);
      const message = answer(request);
      if (message) await page.evaluate(data => window.postMessage(data, '*'), message);
    });
    await page.goto(this.address(options.theme ?? 'dark', 'chains'));
    await page.locator('main').waitFor();
    return { page, complaints, asked };
  }

  private address(theme: ThemeName, page: string): string {
    const { port } = this.server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/?theme=${theme}&page=${page}`;
  }

  private async newPage({ width = 1280, height = 800, reducedMotion = true }: OpenOptions) {
    const context = await this.browser.newContext({
      viewport: { width, height },
      locale: 'en-GB',
      reducedMotion: reducedMotion ? 'reduce' : 'no-preference',
    });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const complaints: string[] = [];
    page.on('console', message => {
      if (message.type() === 'error' || /content security policy/i.test(message.text()))
        complaints.push(message.text());
    });
    page.on('pageerror', error => complaints.push(String(error)));
    return { page, complaints };
  }
}

/** Ends a panel, and fails when the browser had something to complain about. */
export async function close(panel: Pick<Panel, 'page' | 'complaints'>): Promise<void> {
  await panel.page.context().close();
  assert.deepEqual(panel.complaints, []);
}

/** The panel as it was built for the product, else (or when `PANEL_FRESH` is set) as its sources are now. */
async function panelFiles(): Promise<ReadonlyMap<string, Buffer>> {
  const names = ['panel.js', 'panel.css', 'chains.js', 'chains.css'];
  const built = join('dist', 'webview');
  const read = (folder: string) => new Map(names.map(name => [name, readFileSync(join(folder, name))]));
  if (!process.env['PANEL_FRESH'] && names.every(name => existsSync(join(built, name)))) return read(built);
  const folder = mkdtempSync(join(tmpdir(), 'dgx-panel-'));
  try {
    await buildPanel(folder);
    return read(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function buildPanel(folder: string): Promise<void> {
  // by a name that the bundler of the tests does not see: esbuild cannot be bundled
  const name = 'esbuild';
  const esbuild = (await import(name)) as typeof Esbuild;
  await esbuild.build({
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    entryPoints: { panel: 'webview/main.tsx', chains: 'webview/chains/main.tsx' },
    outdir: folder,
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'warning',
  });
}

/** The page as the extension makes it, after what VS Code itself does to a webview: variables, class and script API. */
function harnessPage(name: ThemeName, bundle: string): string {
  const theme = THEMES[name];
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"><title>DGX Spark</title>
<script nonce="${NONCE}">
  for (const [name, value] of Object.entries(${JSON.stringify(theme.variables)}))
    document.documentElement.style.setProperty('--vscode-' + name, value);
  window.acquireVsCodeApi = () => ({
    postMessage: message => { window.toHost(message); },
    getState: () => JSON.parse(sessionStorage.getItem('state') ?? 'null') ?? undefined,
    setState: state => { sessionStorage.setItem('state', JSON.stringify(state)); },
  });
</script>
<link rel="stylesheet" href="vscode.css">
<link rel="stylesheet" href="${bundle}.css">
</head>
<body class="${theme.kind}" data-vscode-theme-kind="${theme.kind}">
<div id="root"></div>
<script type="module" nonce="${NONCE}" src="${bundle}.js"></script>
</body>
</html>`;
}
