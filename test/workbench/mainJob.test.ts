import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ollama } from 'ollama';
import type { Frame } from 'playwright-core';
import { type Spark, startSpark } from '../spark/spark.js';
import { freePort } from '../support/sshd.js';
import { workbenchSuite } from './driver/suite.js';
import type { Workbench } from './driver/workbench.js';

const PASSWORD = 'correct horse';
const EXTENSION = 'dgx-spark.dgx-spark';

workbenchSuite('The main job', session => {
  let spark: Spark;
  let workbench: Workbench;
  let localPort: number;
  let url: string;

  before(async function () {
    // one story: a step that fails leaves nothing for the next to stand on
    this.test?.parent?.bail(true);
    spark = await startSpark({ password: PASSWORD });
    localPort = await freePort();
    url = `http://localhost:${localPort}`;
    session.profile.writeSettings({
      ...session.profile.readSettings(),
      'dgxSpark.ollama.localPort': localPort,
      // long enough for a reload on a busy machine
      'dgxSpark.engine.lingerSeconds': 30,
    });
    workbench = await session.open();
  });
  after(async () => {
    await spark.close();
  });

  const panel = async (window = workbench): Promise<Frame> =>
    await window.webviews.frame({ extension: EXTENSION, place: 'panel' });
  const endpointIs = async (wanted: string, window = workbench) =>
    await window.until(
      () => Promise.resolve(session.profile.readSettings()['dgxSpark.ollama.endpoint'] === wanted),
      `the setting to say ${wanted}`,
    );
  const gauge = async (frame: Frame) =>
    await frame
      .getByRole('group', { name: /^Gauge/i })
      .first()
      .getAttribute('aria-label');

  it('adds a connection by the form, which says at the field what is wrong', async () => {
    await workbench.views.open('DGX Spark');
    await workbench.views.welcomeClick('Connections', 'Add Connection');
    const form = await panel();
    await form.getByRole('textbox', { name: 'Name' }).fill('spark-1');
    await form.getByRole('textbox', { name: 'Host' }).fill('not a host');
    await form.getByRole('textbox', { name: 'User' }).fill(spark.username);
    await form.getByRole('radio', { name: 'Password' }).click();
    await form.getByRole('button', { name: 'Save', exact: true }).click();
    await form.getByText('Use a host name or an IP address').waitFor();
    assert.deepEqual(session.profile.engines(), [], 'nothing is saved yet, so no engine runs');
    await form.getByRole('textbox', { name: 'Host' }).fill('127.0.0.1');
    await form.getByRole('textbox', { name: 'Port' }).fill(String(spark.port));
    await form.getByRole('button', { name: 'Save', exact: true }).click();
    await form.getByRole('listitem', { name: 'spark-1' }).waitFor();
    const row = await workbench.views.waitForRow('Connections', /spark-1/);
    assert.match(row.text, new RegExp(`${spark.username}@127\\.0\\.0\\.1:${spark.port}`));
    assert.equal(session.profile.engines().length, 1);
  });

  it('shows the fingerprint of an unknown host, and connects nothing when it is not trusted', async () => {
    const form = await panel();
    await form
      .getByRole('button', { name: /^Connect/ })
      .first()
      .click();
    const dialog = await workbench.notifications.dialog();
    assert.ok(dialog.detail.includes(spark.hostKeyFingerprints[0]!), dialog.detail);
    await workbench.notifications.dialogClick('Cancel');
    await workbench.views.waitForRow('Connections', /spark-1.*disconnected/i);
    assert.equal(spark.loginAttempts(), 0);
  });

  it('connects with a password after a wrong one', async () => {
    await workbench.views.rowAction('Connections', 'spark-1', 'Connect');
    await workbench.notifications.dialog();
    await workbench.notifications.dialogClick('Trust and Connect');
    const asked = await workbench.quickInput.wait(/Password/);
    assert.equal(asked.password, true);
    await workbench.quickInput.fill('wrong', { match: /Password/ });
    await workbench.until(
      async () => (await workbench.quickInput.state())?.message.includes('refused'),
      'the complaint',
    );
    await workbench.quickInput.fill(PASSWORD, { match: /Password/ });
    await workbench.views.waitForRow('Connections', /spark-1.*\bconnected/i);
    const form = await panel();
    await form.getByText('Connected', { exact: true }).first().waitFor();
    await endpointIs(url);
    // OpenSSH finds it there, hashed or not
    const found = execFileSync('ssh-keygen', ['-F', `[127.0.0.1]:${spark.port}`, '-f', session.profile.knownHostsFile]);
    assert.ok(found.toString().includes(spark.hostKeyLines[0]!), found.toString());
  });

  it('brings the Ollama of the Spark to the port that the setting names', async () => {
    const ollama = new Ollama({ host: session.profile.readSettings()['dgxSpark.ollama.endpoint'] as string });
    const { models } = await ollama.list();
    assert.deepEqual(models.map(model => model.name).sort(), [...spark.ollama.installed].sort());
    let text = '';
    for await (const part of await ollama.chat({
      model: models[0]!.name,
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
    }))
      text += part.message.content;
    assert.notEqual(text, '');
  });

  it('shows live numbers in the panel, the tree and the status bar', async () => {
    const frame = await panel();
    await frame.getByRole('tab', { name: 'Metrics' }).click();
    await frame.getByText('unified').first().waitFor();
    const first = await gauge(frame);
    await workbench.until(async () => (await gauge(frame)) !== first, 'the numbers to move');
    await workbench.views.waitForRow('Connections', /GPU, \d+%.*unified/);
    await workbench.statusItem(/spark-1.*%/s);
  });

  it('loses nothing when the panel is hidden and shown, closed and opened', async () => {
    const bars = async () => await (await panel()).locator('.spark__bar:not([data-level="none"])').count();
    const before = await workbench.until(async () => {
      const count = await bars();
      return count >= 4 && count;
    }, 'four samples');
    await workbench.run('View: Close Editor');
    await workbench.until(async () => (await workbench.tabs()).length === 0, 'the panel to close');
    await workbench.statusClick(/spark-1/);
    const frame = await panel();
    await frame.getByRole('tab', { name: 'Metrics' }).click();
    await workbench.until(async () => (await bars()) >= before, 'the samples of before');
  });

  it('keeps a chat streaming while the window is reloaded', async () => {
    const [engine] = session.profile.engines();
    spark.ollama.holdAfter(3);
    const ollama = new Ollama({ host: url });
    const stream = await ollama.generate({ model: spark.ollama.installed[0]!, prompt: 'Go on', stream: true });
    const parts = stream[Symbol.asyncIterator]();
    for (let n = 0; n < 3; n++) assert.equal((await parts.next()).done, false);
    await workbench.reload();
    await workbench.views.open('DGX Spark');
    await workbench.views.waitForRow('Connections', /spark-1.*\bconnected/i);
    spark.ollama.release();
    let last: { done?: boolean } | undefined;
    for (let next = await parts.next(); !next.done; next = await parts.next()) last = next.value;
    assert.equal(last?.done, true);
    assert.deepEqual(
      session.profile.engines().map(({ pid }) => pid),
      [engine!.pid],
    );
    assert.equal(spark.logins(), 1);
  });

  it('shares one engine, one login and one list with a second window, which goes on when the first is closed', async () => {
    const second = await session.open();
    await second.views.open('DGX Spark');
    await second.views.waitForRow('Connections', /spark-1.*\bconnected/i);
    assert.equal(session.profile.engines().length, 1);
    assert.equal(spark.logins(), 1);
    await second.run('DGX Spark: Add Connection');
    const form = await panel(second);
    await form.getByRole('textbox', { name: 'Name' }).fill('spark-2');
    await form.getByRole('textbox', { name: 'Host' }).fill('spark-2.local');
    await form.getByRole('textbox', { name: 'User' }).fill('nvidia');
    await form.getByRole('radio', { name: 'Password' }).click();
    await form.getByRole('button', { name: 'Save', exact: true }).click();
    await workbench.views.waitForRow('Connections', /spark-2/);
    await workbench.close();
    workbench = second;
    assert.equal((await fetch(`${url}/api/version`)).status, 200);
    await workbench.views.waitForRow('Connections', /spark-1.*\bconnected/i);
  });

  it('starts a killed engine again, which asks for the password that it no longer knows', async () => {
    const [engine] = session.profile.engines();
    process.kill(engine!.pid, 'SIGKILL');
    await workbench.until(
      () => Promise.resolve(session.profile.engines().some(({ pid }) => pid !== engine!.pid)),
      'another engine',
    );
    await workbench.views.waitForRow('Connections', /spark-1.*error/i);
    await (await panel()).getByText('The password for spark-1 is needed.').waitFor();
    await endpointIs('http://localhost:11434');
    await workbench.views.rowAction('Connections', 'spark-1', 'Connect');
    await workbench.quickInput.wait(/Password/);
    await workbench.page.locator('.quick-input-titlebar .action-label[aria-label*="Remember"]').click();
    await workbench.until(
      async () => (await workbench.quickInput.state())?.message.includes('Will be remembered'),
      'the choice',
    );
    await workbench.quickInput.fill(PASSWORD, { match: /Password/ });
    await workbench.views.waitForRow('Connections', /spark-1.*\bconnected/i);
    await endpointIs(url);
  });

  it('connects again by itself after a restart of the editor, with the password from the keychain', async () => {
    await session.closeWindows();
    await session.profile.stopServer();
    for (const { pid } of session.profile.engines()) process.kill(pid, 'SIGKILL');
    // whatever is read from now on was written after the restart
    session.profile.writeSettings({
      ...session.profile.readSettings(),
      'dgxSpark.ollama.endpoint': 'http://localhost:1',
    });
    await session.profile.startServer();
    workbench = await session.open();
    await workbench.views.open('DGX Spark');
    await workbench.views.waitForRow('Connections', /spark-1.*\bconnected/i);
    await endpointIs(url);
    assert.equal(await workbench.notifications.toasts().then(toasts => toasts.length), 0);
  });

  it('says the truth in the setting after the editor was killed while connected', async () => {
    await session.closeWindows();
    await session.profile.stopServer();
    for (const { pid } of session.profile.engines()) process.kill(pid, 'SIGKILL');
    await spark.faults.goOffline(true);
    assert.equal(session.profile.readSettings()['dgxSpark.ollama.endpoint'], url);
    await session.profile.startServer();
    workbench = await session.open();
    await endpointIs('http://localhost:11434');
    await spark.faults.goOffline(false);
    await workbench.views.open('DGX Spark');
    await workbench.views.waitForRow('Connections', /spark-1.*\bconnected/i);
    await endpointIs(url);
  });

  it('has everything in a database that sqlite3 reads, once it was told to write', async () => {
    await workbench.run('DGX Spark: Write Everything to the Database File');
    const query = (sql: string) =>
      execFileSync('sqlite3', ['-readonly', join(session.profile.globalStorage(), 'dgx-spark.sqlite'), sql], {
        encoding: 'utf8',
      }).trim();
    await workbench.until(
      () => Promise.resolve(Number(query('SELECT count(*) FROM dgx_metrics WHERE gpu_utilization IS NOT NULL')) > 0),
      'rows of metrics',
    );
    assert.equal(query('PRAGMA integrity_check'), 'ok');
    assert.equal(query("SELECT name || ' ' || username FROM dgx_connections ORDER BY name LIMIT 1"), 'spark-1 nvidia');
    const file = readFileSync(join(session.profile.globalStorage(), 'dgx-spark.sqlite'));
    assert.equal(file.includes(PASSWORD), false);
  });

  it('closes the tunnel on disconnect, and asks before it deletes', async () => {
    await workbench.views.rowAction('Connections', 'spark-1', 'Disconnect');
    await workbench.views.waitForRow('Connections', /spark-1.*disconnected/i);
    await endpointIs('http://localhost:11434');
    await assert.rejects(fetch(`${url}/api/version`));
    await workbench.views.rowMenu('Connections', 'spark-1', /^Delete/);
    await workbench.notifications.dialog();
    await workbench.notifications.dialogClick('Delete');
    await workbench.until(
      async () => !(await workbench.views.rows('Connections')).some(row => row.text.includes('spark-1')),
      'spark-1 to be gone',
    );
  });
});
