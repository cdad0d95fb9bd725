import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startSshd, type Sshd } from '../support/sshd.js';
import { ConnectionRows } from './driver/connections.js';
import { workbenchSuite } from './driver/suite.js';
import type { Workbench } from './driver/workbench.js';

const NAME = 'spark-1';

/** Files below a folder and what is in them. */
function contentOf(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return new Map(
    names.map(name => {
      const path = join(folder, name);
      return [name, statSync(path).isDirectory() ? 'folder' : readFileSync(path, 'base64')];
    }),
  );
}

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
    session.profile.writeSettings({ ...session.profile.readSettings(), 'dgxSpark.ollama.localPort': await freePort() });
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

  it('uploads a folder and downloads it again, unchanged', async () => {
    const source = join(session.profile.home, 'my set');
    mkdirSync(join(source, 'deep'), { recursive: true });
    writeFileSync(join(source, 'notes äöü.txt'), 'Notes\n');
    writeFileSync(join(source, 'deep', 'big.bin'), randomBytes(2_000_000));
    const back = join(session.profile.home, 'back');
    mkdirSync(back);

    await workbench.views.rowMenu('Files', 'data', 'Upload Folder...');
    await workbench.quickInput.choosePath(source, /Upload a Folder/);
    const there = join(remote, 'llama', 'data', 'my set');
    await workbench.statusItem(/Uploaded 2 files/);
    assert.deepEqual(contentOf(there), contentOf(source));

    await workbench.views.toggle('Files', 'data');
    await workbench.views.waitForRow('Files', /my set/);
    await workbench.views.rowMenu('Files', 'my set', 'Download...');
    await workbench.quickInput.choosePath(back, /Download my set/);
    await workbench.statusItem(/Downloaded 2 files/);
    assert.deepEqual(contentOf(join(back, 'my set')), contentOf(source));
  });

  it('moves a row that is dragged onto a folder, after a question', async () => {
    const { views, notifications } = workbench;
    await views.dragRow('Files', 'done.txt', 'data');
    assert.match((await notifications.dialog()).text, /Move "done\.txt" to "data"\?/);
    await notifications.dialogClick('Move');
    const data = join(remote, 'llama', 'data');
    await workbench.until(() => Promise.resolve(existsSync(join(data, 'done.txt'))), 'the file to be in the folder');
    assert.ok(!existsSync(join(remote, 'llama', 'done.txt')));
  });

  it('duplicates a project, changes the copy, and deletes it after a question', async () => {
    await workbench.views.rowMenu('Projects', 'Llama', 'Duplicate Project');
    const panel = await workbench.webviews.frame({ extension: 'dgx-spark.dgx-spark', place: 'panel' });
    const name = panel.getByRole('textbox', { name: 'Name' });
    await workbench.until(async () => /copy/i.test(await name.inputValue()), 'the form of the copy');
    await name.fill('Second');
    await panel.getByRole('radio', { name: 'Paused' }).click();
    await panel.getByRole('button', { name: 'Save', exact: true }).click();
    await workbench.views.waitForRow('Projects', /Second.*Paused/);
    const ask = async () => {
      await workbench.views.rowMenu('Projects', 'Second', 'Delete Project...');
      return await workbench.notifications.dialog();
    };
    const { text, detail } = await ask();
    assert.match(text, /Delete the project "Second"/);
    assert.match(detail, /on the Spark stays as it is/);
    await workbench.screenshot(join('out', 'screenshots', 'files', 'delete-project.png'));
    await workbench.notifications.dialogClick('Cancel');
    await workbench.views.waitForRow('Projects', /Second/);
    await ask();
    await workbench.notifications.dialogClick('Delete');
    await workbench.until(
      async () => !(await workbench.views.rows('Projects')).some(row => row.text.includes('Second')),
      'the project to be gone',
    );
    await workbench.views.waitForRow('Projects', /Llama/);
    assert.ok(existsSync(join(remote, 'llama', 'train.py')));
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
