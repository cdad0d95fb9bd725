import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Spark, startSpark } from '../spark/spark.js';
import { makeKeyPair } from '../spark/ssh/keys.js';
import { freePort } from '../support/sshd.js';
import { ConnectionRows, sparkConnection, trust } from './driver/connections.js';
import { consumerVsix } from './driver/consumer.js';
import { workbenchSuite } from './driver/suite.js';
import type { Workbench } from './driver/workbench.js';
import { mkdirSync, writeFileSync } from 'node:fs';

const VIEW = 'Connections';
const PICTURES = join('out', 'screenshots', 'ollama');
const BASE_URL = 'sparkConsumer.ollama.baseUrl';
const PORT = 'sparkConsumer.ollama.port';

workbenchSuite(
  'Ollama in the editor',
  session => {
    let spark: Spark;
    let dashboard: Server;
    let localPort: number;
    let workbench: Workbench;
    let rows: ConnectionRows;

    before(async function () {
      // one story: a step that fails leaves nothing for the next to stand on
      this.test?.parent?.bail(true);
      const key = makeKeyPair('spark');
      spark = await startSpark({ authorizedKeys: [key.publicKey], chunks: 6 });
      dashboard = createServer((_request, response) => response.end('<h1>Dashboard</h1>')).listen(0, '127.0.0.1');
      await new Promise(resolve => dashboard.once('listening', resolve));
      const at = (dashboard.address() as AddressInfo).port;
      spark.serve([{ address: '127.0.0.1', port: 12_000, at }]);
      const { profile } = session;
      const keyFile = join(profile.home, '.ssh', 'id_spark');
      mkdirSync(join(profile.home, '.ssh'), { recursive: true });
      writeFileSync(keyFile, key.privateKey, { mode: 0o600 });
      trust(profile, spark);
      localPort = await freePort();
      profile.writeSettings({
        ...profile.readSettings(),
        'dgxSpark.ollama.localPort': localPort,
        'dgxSpark.engine.lingerSeconds': 30,
        [BASE_URL]: 'http://my.own:1',
        'dgxSpark.ollama.publishTo': [
          { setting: BASE_URL, form: 'url', path: '/api' },
          { setting: PORT, form: 'port' },
          { setting: 'nobody.knows.this', form: 'url' },
        ],
      });
      ConnectionRows.prepare(profile, [sparkConnection('spark-1', spark, { authMethod: 'key', sshKeyPath: keyFile })]);
      workbench = await session.open();
      rows = new ConnectionRows(workbench);
      await rows.add('spark-1');
    });
    after(async () => {
      dashboard.close();
      await spark.close();
    });

    const picture = async (name: string) => {
      await workbench.screenshot(join(PICTURES, `${name}.png`));
    };
    const setting = (key: string) => session.profile.readSettings()[key];
    const settingIs = async (key: string, wanted: unknown) => {
      await workbench.until(() => Promise.resolve(setting(key) === wanted), `${key} to be ${String(wanted)}`);
    };

    it('asks once for each setting of another extension, and sets it while the Spark is used', async () => {
      await workbench.statusItem(/Consumer http:\/\/localhost:11434/);
      await rows.connect('spark-1');
      await rows.waitFor('spark-1', 'Connected');
      for (const key of [BASE_URL, PORT]) {
        await workbench.notifications.toast(new RegExp(`set ${key}`));
        await workbench.notifications.toastClick(new RegExp(`set ${key}`), 'Allow');
      }
      await settingIs(BASE_URL, `http://localhost:${localPort}/api`);
      await settingIs(PORT, localPort);
      assert.equal(setting('nobody.knows.this'), undefined);
    });

    it('tells an extension that uses the public API where Ollama is, and the readings', async () => {
      await workbench.statusItem(new RegExp(`Consumer http://localhost:${localPort} spark-1 \\d+%`));
    });

    it('lists the models, and tries one in an editor', async () => {
      await workbench.views.waitForRow(VIEW, /Models, 5 installed/);
      await workbench.views.toggle(VIEW, 'Models');
      await workbench.views.waitForRow(VIEW, /llama3\.1:8b.*8\.0B.*Q4_K_M.*128k context/);
      await workbench.views.waitForRow(VIEW, /qwen3:235b, does not fit/);
      await picture('models');
      await workbench.views.rowAction(VIEW, 'llama3.1:8b', 'Try a Prompt...');
      await workbench.quickInput.fill('Why is the sky blue?', { match: /Try llama3/ });
      await workbench.until(
        async () => (await workbench.page.locator('.editor-instance .view-lines').innerText()).includes('complete'),
        'the whole answer',
      );
      await workbench.views.waitForRow(VIEW, /llama3\.1:8b, loaded, .*unloads in 5 min/);
      await picture('tried');
    });

    it('shows who holds the memory before a model is loaded that does not fit', async () => {
      await workbench.views.rowAction(VIEW, 'qwen3:235b', 'Try a Prompt...');
      await workbench.quickInput.fill('Hello', { match: /Try qwen3/ });
      const shown = await workbench.quickInput.wait(/qwen3:235b needs/);
      assert.match(shown.title, /needs 1\d\d GB .*available in the unified memory/);
      await picture('memory');
      await workbench.quickInput.pick(/llama3\.1:8b/);
      await workbench.until(() => Promise.resolve(!spark.ollama.loaded.includes('llama3.1:8b')), 'it to be unloaded');
      await workbench.quickInput.escape();
      await workbench.views.waitForRow(VIEW, /Models, 5 installed$/);
    });

    it('forwards a service that listens, and says what it has carried', async () => {
      await workbench.views.rowAction(VIEW, 'Forwarded Ports', 'Forward a Port...');
      await workbench.quickInput.wait(/service of the Spark/);
      // the list fills when the machine has answered
      await workbench.until(
        async () => (await workbench.quickInput.state())?.rows.some(row => /Open WebUI.*port 12000/.test(row)),
        'what listens',
      );
      await picture('offers');
      await workbench.quickInput.pick(/Open WebUI.*12000/);
      const row = await workbench.views.waitForRow(VIEW, /Open WebUI, localhost:\d+/);
      const [, port] = /localhost:(\d+)/.exec(row.label) ?? [];
      assert.equal(await (await fetch(`http://localhost:${port}`)).text(), '<h1>Dashboard</h1>');
      await workbench.views.waitForRow(VIEW, /Open WebUI, .*received/);
      await workbench.notifications.clear();
      await picture('forwards');
    });

    it('says so when no dashboard listens, and offers what does', async () => {
      await workbench.run('DGX Spark: Open DGX Dashboard');
      await workbench.notifications.toast(/Nothing listens on port 11000 of spark-1/);
      await picture('dashboard');
      await workbench.notifications.toastClick(/Nothing listens on port 11000/, 'Other Services...');
      await workbench.quickInput.wait(/service of the Spark/);
      await workbench.quickInput.escape();
    });

    it('shows models and forwards in every theme', async () => {
      await workbench.views.waitForRow(VIEW, /qwen3:235b, does not fit/);
      for (const theme of ['light', 'highContrast', 'highContrastLight', 'dark'] as const) {
        await workbench.themes.use(theme);
        await picture(`tree-${theme}`);
      }
    });

    it('switches to this computer in the selector, and gives back what was the user’s', async () => {
      await workbench.run('DGX Spark: Select Ollama Target');
      await workbench.until(
        async () => (await workbench.quickInput.state())?.rows.some(row => row.includes('Ollama 0.12.6')),
        'the health of the Spark',
      );
      await picture('target');
      await workbench.quickInput.pick(/^This Computer|This Computer,/);
      await settingIs('dgxSpark.ollama.endpoint', 'http://localhost:11434');
      await settingIs(BASE_URL, 'http://my.own:1');
      await settingIs(PORT, undefined);
      await workbench.statusItem(/Consumer http:\/\/localhost:11434/);
    });
  },
  { more: () => [consumerVsix()] },
);
