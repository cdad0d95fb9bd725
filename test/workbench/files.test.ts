import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSshd, type Sshd } from '../support/sshd.js';
import { ConnectionRows } from './driver/connections.js';
import { workbenchSuite } from './driver/suite.js';
import type { Workbench } from './driver/workbench.js';

const NAME = 'spark-1';

workbenchSuite('Files and projects', session => {
  let sshd: Sshd;
  let workbench: Workbench;
  let rows: ConnectionRows;
  let remote: string;

  before(async function () {
    // one story: a step that fails leaves nothing for the next to stand on
    this.test?.parent?.bail(true);
    sshd = await startSshd({ config: ['Subsystem sftp internal-sftp'] });
    remote = mkdtempSync(join(tmpdir(), 'spark-files-'));
    mkdirSync(join(remote, 'llama', 'data'), { recursive: true });
    mkdirSync(join(remote, 'llama', '.git'));
    writeFileSync(join(remote, 'llama', 'train.py'), 'print("before")\n');
    writeFileSync(join(remote, 'llama', 'name with "quotes" & $(signs)'), 'x');
    writeFileSync(join(remote, 'llama', '.hidden'), 'x');
    writeFileSync(session.profile.knownHostsFile, `[127.0.0.1]:${sshd.port} ${sshd.hostKeys[0]!}\n`);
    ConnectionRows.prepare(session.profile, [
      {
        name: NAME,
        hostname: '127.0.0.1',
        port: sshd.port,
        username: sshd.username,
        authMethod: 'key',
        sshKeyPath: sshd.clientKey,
      },
    ]);
    workbench = await session.open();
    rows = new ConnectionRows(workbench);
    await rows.add(NAME);
    await rows.connect(NAME);
    await rows.waitFor(NAME, 'Connected');
  });
  after(async () => {
    await sshd.stop();
    rmSync(remote, { recursive: true, force: true });
  });

  it('makes a project in the panel, and opens its folder', async () => {
    await workbench.run('DGX Spark: Create Project...');
    const panel = await workbench.webviews.frame({ extension: 'dgx-spark.dgx-spark', place: 'panel' });
    await panel.getByRole('textbox', { name: 'Name' }).fill('Llama');
    await panel.getByRole('textbox', { name: 'Folder on the Spark' }).fill(join(remote, 'llama'));
    await panel.getByRole('button', { name: 'Save', exact: true }).click();
    await panel.getByRole('listitem', { name: 'Llama' }).waitFor();
    await workbench.views.expand('Projects');
    await workbench.views.waitForRow('Projects', /Llama.*Active/);
    await panel.getByRole('button', { name: 'Open the files of Llama' }).click();
    await workbench.views.waitForRow('Files', /train\.py/);
    await workbench.views.waitForRow('Files', /name with "quotes" & \$\(signs\)/);
    const names = (await workbench.views.rows('Files')).map(({ text }) => text);
    assert.ok(!names.some(name => name.includes('.hidden')), names.join());
    assert.ok(
      names.findIndex(name => name.startsWith('data')) < names.findIndex(name => name.startsWith('train')),
      'folders come first',
    );
  });

  it('edits a file and saves it in one step', async () => {
    const { page } = workbench;
    await workbench.views.row('Files', 'train.py').dblclick();
    await page.locator('.monaco-editor .view-line').filter({ hasText: 'before' }).waitFor();
    await page.locator('.monaco-editor .view-line').first().click();
    await page.keyboard.press('Control+A');
    await page.keyboard.type('print("after")');
    await page.keyboard.press('Control+S');
    await workbench.until(
      () => Promise.resolve(readFileSync(join(remote, 'llama', 'train.py'), 'utf8').includes('print("after")')),
      'the file on the Spark to be the new one',
    );
  });

  it('opens a shell in the folder of the project', async () => {
    const { page } = workbench;
    await workbench.views.rowAction('Projects', 'Llama', 'Open Terminal');
    await page.locator('.terminal-wrapper.active .xterm').first().waitFor();
    await page.locator('.terminal-wrapper.active .xterm').first().click();
    await page.keyboard.type('pwd > where.txt; touch done.txt\n');
    await workbench.until(
      () => Promise.resolve(existsSync(join(remote, 'llama', 'done.txt'))),
      'the shell to have written',
    );
    assert.equal(readFileSync(join(remote, 'llama', 'where.txt'), 'utf8').trim(), join(remote, 'llama'));
    await workbench.views.waitForRow('Files', /done\.txt/);
  });

  it('checks the configuration by its schema, and stores what is valid', async () => {
    const { page } = workbench;
    await workbench.views.rowMenu('Projects', 'Llama', 'Edit Project Configuration');
    await page.locator('.tab.active').filter({ hasText: 'Llama.dgx-project.json' }).waitFor();
    await page.locator('.editor-instance .view-line').first().click();
    await page.keyboard.press('Control+A');
    await page.keyboard.type('{ "defaultImage": 3 ');
    await page.locator('.editor-instance .squiggly-warning, .editor-instance .squiggly-error').first().waitFor();
    await page.keyboard.press('Control+S');
    await workbench.notifications.toast(/not saved|Failed to save/i);
  });
});
