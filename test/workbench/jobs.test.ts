import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Spark, startSpark } from '../spark/spark.js';
import { makeKeyPair } from '../spark/ssh/keys.js';
import { freePort } from '../support/sshd.js';
import { ConnectionRows, sparkConnection, trust } from './driver/connections.js';
import { workbenchSuite } from './driver/suite.js';
import type { Workbench } from './driver/workbench.js';

const VIEW = 'Training Jobs';
const PICTURES = join('out', 'screenshots', 'jobs');

workbenchSuite('Training jobs in the editor', session => {
  let spark: Spark;
  let workbench: Workbench;
  let gate: string;

  before(async function () {
    // one story: a step that fails leaves nothing for the next to stand on
    this.test?.parent?.bail(true);
    const key = makeKeyPair('spark');
    spark = await startSpark({ authorizedKeys: [key.publicKey] });
    const { profile } = session;
    gate = join(profile.folder, 'gate');
    const keyFile = join(profile.home, '.ssh', 'id_spark');
    mkdirSync(join(profile.home, '.ssh'), { recursive: true });
    writeFileSync(keyFile, key.privateKey, { mode: 0o600 });
    trust(profile, spark);
    profile.writeSettings({ ...profile.readSettings(), 'dgxSpark.ollama.localPort': await freePort() });
    ConnectionRows.prepare(profile, [sparkConnection('spark-1', spark, { authMethod: 'key', sshKeyPath: keyFile })]);
    workbench = await session.open();
    const rows = new ConnectionRows(workbench);
    await rows.add('spark-1');
    await rows.connect('spark-1');
    await rows.waitFor('spark-1', 'Connected');
  });
  after(async () => {
    await spark.close();
  });

  const page = async () => await workbench.webviews.frame({ extension: 'dgx-spark.dgx-spark', place: 'panel' });
  const picture = async (name: string) => {
    await workbench.screenshot(join(PICTURES, `${name}.png`));
  };

  it('makes one by the form, which asks before it starts one that has no room', async () => {
    await workbench.run('DGX Spark: New Training Job...');
    const form = await page();
    await form.getByRole('textbox', { name: 'Name', exact: true }).fill('baseline');
    const loop = `i=0; while [ ! -e ${gate} ]; do i=$((i+1)); echo "{\\"step\\": $i, \\"loss\\": 1.$i}"; sleep 0.3; done; echo over`;
    await form.getByRole('textbox', { name: 'Command' }).fill(loop);
    await form.getByText('GPUs, memory, time limit and order').click();
    await form.getByRole('textbox', { name: 'Memory it needs in GB' }).fill('90000');
    await picture('form');
    await form.getByRole('button', { name: 'Save and start' }).click();
    await workbench.quickInput.wait(/baseline needs 9\d+ GB; .* available/);
    await picture('memory');
    await workbench.quickInput.pick(/Start It Anyway/);
  });

  it('shows its curve while it grows, in the panel and in the tree', async () => {
    const panel = await page();
    await panel.getByRole('img', { name: /^Loss\. Loss: (?:[3-9]|\d\d+) values/ }).waitFor();
    await workbench.views.expand(VIEW);
    await workbench.views.waitForRow(VIEW, /baseline, Running, .*loss 1\./);
    await picture('curve');
  });

  it('is found finished after every window was closed, and its log opens as an editor that cannot be typed into', async () => {
    await workbench.close();
    writeFileSync(gate, '');
    workbench = await session.open();
    await workbench.notifications.toast(/Training job "baseline" has completed/, 60_000);
    await workbench.notifications.clear();
    await workbench.views.open('DGX Spark');
    await workbench.views.expand(VIEW);
    await workbench.views.waitForRow(VIEW, /baseline, Completed/);
    await workbench.views.rowMenu(VIEW, 'baseline', 'Show Job Log');
    const panel = await page();
    await panel.locator('.log__block').filter({ hasText: 'over' }).waitFor();
    await picture('finished');
    await panel.getByRole('button', { name: 'Open the log in an editor' }).click();
    await workbench.tab('log');
    await workbench.page.locator('.view-line').filter({ hasText: '"loss": 1.1}' }).first().waitFor();
    await workbench.page.locator('.view-lines').last().click();
    await workbench.page.keyboard.type('x');
    await workbench.page
      .getByRole('paragraph')
      .filter({ hasText: /Editor is read-only/ })
      .waitFor();
    await picture('log');
  });

  it('is deleted with its files when that is wished', async () => {
    await workbench.views.rowMenu(VIEW, 'baseline', 'Delete Job...');
    const { text, buttons } = await workbench.notifications.dialog();
    assert.match(text, /Delete "baseline"\?/);
    assert.ok(buttons.includes('Keep Files on the Spark'));
    await workbench.notifications.dialogClick('Delete with Files');
    await workbench.until(async () => (await workbench.views.rows(VIEW)).length === 0, 'the row to go');
  });
});
