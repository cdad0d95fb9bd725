import assert from 'node:assert/strict';
import type { Snapshot } from '../../../src/shared/contract.js';
import type { ErrorInfo } from '../../../src/shared/errors.js';
import { DEFAULT_ENGINE_SETTINGS } from '../../../src/shared/settings.js';
import { Emitter } from '../../../src/vscode/emitter.js';
import { EngineClient } from '../../../src/vscode/engineClient.js';
import { panelHtml } from '../../../src/vscode/panel/panelHtml.js';
import { PanelHost } from '../../../src/vscode/panel/panelHost.js';
import { EngineStandIn } from './enginePair.js';
import { connectionView, gpuSample, sampleOf } from './samples.js';

const SAVED: Snapshot = {
  connections: [connectionView({}, { state: 'connected' })],
  forwards: [],
  endpoint: { url: 'http://localhost:11434', source: 'local', connectionId: null },
};

const NO_PROJECTS = { all: [], onDidChange: () => ({ dispose: () => undefined }) };
const STATE = {
  snapshot: SAVED,
  palette: 'theme',
  target: 'auto',
  engineUp: true,
  projects: [],
  hasRemoteSsh: true,
  jobs: [],
  templates: [],
};

interface Message {
  jsonrpc: string;
  id?: number;
  method?: string;
  params?: unknown;
  result?: unknown;
  error?: { data?: { code: string } };
}

describe('the panel host', () => {
  let engine: EngineStandIn | undefined;
  let client: EngineClient;
  let host: PanelHost;
  let page: ReturnType<typeof pageOf>;
  let answers: ConstructorParameters<typeof EngineStandIn>[3];
  let palette: 'theme' | 'dgx';
  let opened: ErrorInfo[];
  let openedProjects: [string, string][];

  beforeEach(() => {
    answers = {};
    opened = [];
    openedProjects = [];
    palette = 'theme';
    const never = () => Promise.reject(new Error('not expected here'));
    client = new EngineClient({
      attach: async (handlers, listeners) => {
        engine = new EngineStandIn(SAVED, handlers, listeners, answers);
        return await Promise.resolve(engine.window);
      },
      attachToRunning: never,
      isWorthStarting: () => true,
      watch: () => ({ dispose: () => undefined }),
      settings: () => DEFAULT_ENGINE_SETTINGS,
      isFocused: () => false,
      isElsewhere: false,
      handlers: { 'question/ask': never, 'secrets/get': never, 'secrets/store': never, 'secrets/delete': never },
      onNotice: () => undefined,
      onLogLine: () => undefined,
      log: () => undefined,
      retryDelay: () => 0,
    });
    page = pageOf();
    host = new PanelHost(page.channel, client, NO_PROJECTS, () => ({ palette, target: 'auto', templates: {} }), {
      endProcess: async () => await Promise.resolve(true),
      exportMetrics: () => undefined,
      pickKeyFile: async () => await Promise.resolve('/home/me/.ssh/id_ed25519'),
      deleteConnection: async () => await Promise.resolve(false),
      copyEndpoint: async () => {
        await Promise.resolve();
      },
      selectTarget: async () => {
        await Promise.resolve();
      },
      showLog: () => undefined,
      importSshConfig: () => undefined,
      discover: () => undefined,
      editProjectConfig: () => undefined,
      findProjects: () => undefined,
      hasRemoteSsh: () => true,
      projects: Promise.resolve({
        pickFolder: async () => await Promise.resolve('/home/me/llama'),
        remove: async () => await Promise.resolve(true),
        open: async (projectId, where) => {
          openedProjects.push([projectId, where]);
          await Promise.resolve();
        },
      }),
      jobs: {
        list: { all: [], onDidChange: () => ({ dispose: () => undefined }) },
        saveTemplate: async () => {
          await Promise.resolve();
        },
        exportPoints: async () => {
          await Promise.resolve();
        },
        takeLog: async () => {
          await Promise.resolve();
        },
        start: async () => await Promise.resolve(true),
        remove: async () => await Promise.resolve(true),
      },
      openKnownHosts: async error => {
        opened.push(error);
        await Promise.resolve();
      },
    });
  });
  afterEach(() => {
    host.dispose();
    client.dispose();
    engine?.die();
  });

  it('gives a page that is ready everything, and the tab that was asked for before it was there', async () => {
    await client.attached();
    host.showTab('metrics');
    const { result } = await page.ask(0, 'panel/ready', {});
    assert.deepEqual(result, { state: STATE, tab: 'metrics' });
    assert.deepEqual((await page.ask(1, 'panel/ready', {})).result, {
      state: STATE,
      tab: null,
    });
  });

  it('opens the form once the page is there', async () => {
    host.showForm('c1');
    const form = page.next('panel/showForm');
    await page.ask(0, 'panel/ready', {});
    assert.deepEqual((await form).params, { connectionId: 'c1' });
  });

  it('lets the page open a project, and ask for the form of one', async () => {
    host.showProjectForm('p1');
    const form = page.next('panel/showProjectForm');
    await page.ask(0, 'panel/ready', {});
    assert.deepEqual((await form).params, { projectId: 'p1' });
    await page.ask(1, 'panel/openProject', { projectId: 'p1', where: 'terminal' });
    assert.deepEqual(openedProjects, [['p1', 'terminal']]);
    assert.ok((await page.ask(2, 'panel/openProject', { projectId: 'p1', where: 'elsewhere' })).error);
  });

  it('hands on what the engine answers to, with its errors', async () => {
    const seen: unknown[] = [];
    answers = {
      'connections/setActive': params => {
        seen.push(params);
        return null;
      },
    };
    assert.equal((await page.ask(1, 'connections/setActive', { connectionId: 'c1' })).result, null);
    assert.deepEqual(seen, [{ connectionId: 'c1' }]);
    assert.equal((await page.ask(2, 'connections/disconnect', { connectionId: 'c1' })).error?.data?.code, 'internal');
  });

  it('opens known_hosts where the error of the connection says, not where the page does', async () => {
    const error: ErrorInfo = { code: 'hostKeyChanged', message: 'Another key (/home/me/.ssh/known_hosts:2).' };
    await client.attached();
    const told = new Promise<void>(resolve => {
      client.onDidChange(resolve);
    });
    engine!.peer.notify('state/changed', { ...SAVED, connections: [connectionView({}, { state: 'error', error })] });
    await told;
    await page.ask(1, 'panel/openKnownHosts', { connectionId: 'c1' });
    assert.deepEqual(opened, [error]);
    await page.ask(2, 'panel/openKnownHosts', { connectionId: 'gone' });
    assert.equal(opened.length, 1);
  });

  it('accepts nothing but the allowlist, and checks each', async () => {
    await client.attached();
    const before = engine!.heard.length;
    for (const method of [
      'engine/shutdown',
      'connections/delete',
      'connections/forgetSecrets',
      'toString',
      '__proto__',
    ])
      assert.ok((await page.ask(1, method, { connectionId: 'c1' })).error, method);
    const wrong = await page.ask(2, 'connections/connect', { connectionId: 'c1', shell: 'rm -rf /' });
    assert.equal(wrong.error?.data?.code, 'invalidInput');
    assert.equal(engine!.heard.length, before);
  });

  it('survives messages that are no messages', async () => {
    for (const junk of [
      null,
      1,
      'text',
      [],
      {},
      { jsonrpc: '2.0' },
      { jsonrpc: '2.0', method: 5, id: 1 },
      { jsonrpc: '2.0', id: {}, method: 'panel/ready' },
    ])
      page.send(junk);
    assert.ok((await page.ask(3, 'panel/ready', {})).result);
  });

  it('tells a page that can be seen, whole states only, and a hidden one nothing', async () => {
    await client.attached();
    await page.ask(0, 'panel/ready', {});
    palette = 'dgx';
    const state = page.next('panel/state');
    host.sendState();
    assert.deepEqual((await state).params, { ...STATE, snapshot: SAVED, palette: 'dgx' });

    host.setVisible(false);
    const heard = page.received.length;
    const sampled = new Promise(resolve => client.onDidSample(resolve));
    engine!.peer.notify('metrics/sampled', sampleOf([gpuSample()]));
    await sampled;
    host.sendState();
    host.setVisible(true);
    assert.ok((await page.ask(0, 'panel/ready', {})).result);
    assert.deepEqual(
      page.received
        .slice(heard)
        .map(({ method }) => method)
        .filter(Boolean),
      [],
    );

    const sample = page.next('metrics/sampled');
    engine!.peer.notify('metrics/sampled', sampleOf([gpuSample({ utilization: 99 })]));
    assert.ok(await sample);
  });

  it('does not give an answer to a page that was loaded after the question', async () => {
    let finish: ((result: never[]) => void) | undefined;
    const asked = new Promise<void>(resolve => {
      answers = {
        'metrics/recent': async () => {
          resolve();
          return await new Promise<never[]>(done => (finish = done));
        },
      };
    });
    await page.ask(0, 'panel/ready', {});
    page.send({ jsonrpc: '2.0', id: 1, method: 'metrics/recent', params: { connectionId: 'c1' } });
    await asked;
    host.setVisible(false);
    host.setVisible(true);
    await page.ask(0, 'panel/ready', {});
    const picked = page.ask(1, 'panel/pickKeyFile', {});
    finish!([]);
    assert.equal((await picked).result, '/home/me/.ssh/id_ed25519');
    await page.ask(2, 'panel/ready', {});
    assert.equal(page.received.filter(({ id }) => id === 1).length, 1);
  });
});

describe('the page of the panel', () => {
  it('allows its own files and the one script with the nonce, and nothing else', () => {
    const html = panelHtml({
      script: 'https://own/panel.js',
      style: 'https://own/panel.css',
      cspSource: 'https://own',
      nonce: 'n0nce',
    });
    const policy = /Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1] ?? '';
    assert.deepEqual(policy.split('; '), [
      "default-src 'none'",
      "script-src 'nonce-n0nce'",
      'style-src https://own',
      'font-src https://own',
      'img-src https://own',
    ]);
    assert.deepEqual(html.match(/<script[^>]*>/g), ['<script type="module" nonce="n0nce" src="https://own/panel.js">']);
    assert.doesNotMatch(html, /\son\w+=|style=/);
    assert.match(html, /<html lang="en">/);
  });
});

/** The other end of a webview's channel, as a page sees it. */
function pageOf() {
  const toHost = new Emitter<unknown>();
  const toPage = new Emitter<Message>();
  const received: Message[] = [];
  toPage.event(message => received.push(message));
  const until = async (fits: (message: Message) => boolean) =>
    await new Promise<Message>(resolve => {
      const listening = toPage.event(message => {
        if (!fits(message)) return;
        listening.dispose();
        resolve(message);
      });
    });
  const send = (message: unknown) => {
    toHost.fire(message);
  };
  return {
    received,
    send,
    channel: {
      onDidReceiveMessage: toHost.event,
      postMessage: async (message: unknown) => {
        toPage.fire(message as Message);
        return await Promise.resolve(true);
      },
    },
    next: async (method: string) => await until(message => message.method === method),
    ask: async (id: number, method: string, params: unknown) => {
      const answer = until(message => message.id === id && message.method === undefined);
      send({ jsonrpc: '2.0', id, method, params });
      return await answer;
    },
  };
}
