import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Spark, startSpark } from '../spark/spark.js';
import { makeKeyPair } from '../spark/ssh/keys.js';
import { freePort } from '../support/sshd.js';
import { ConnectionRows, trust } from './driver/connections.js';
import { workbenchSuite } from './driver/suite.js';
import type { Workbench } from './driver/workbench.js';

const SYNCED = 'spark-85e8.local';
const IMPORT = 'DGX Spark: Import from SSH Config';
const PICTURES = join('out', 'screenshots', 'find');

workbenchSuite('Finding machines', session => {
  let first: Spark;
  let second: Spark;
  let keyFile: string;
  let syncedConfig: string;
  let workbench: Workbench;
  let rows: ConnectionRows;

  before(async function () {
    // one story: a step that fails leaves nothing for the next to stand on
    this.test?.parent?.bail(true);
    const { profile } = session;
    const key = makeKeyPair('nvsync');
    first = await startSpark({ authorizedKeys: [key.publicKey] });
    second = await startSpark({ authorizedKeys: [key.publicKey] });
    trust(profile, first, second);
    // as NVIDIA Sync has it on macOS: blanks in the paths, quoted
    const folder = join(profile.home, 'Library', 'Application Support', 'NVIDIA', 'Sync', 'config');
    mkdirSync(folder, { recursive: true });
    keyFile = join(folder, 'nvsync.key');
    syncedConfig = join(folder, 'ssh_config');
    writeFileSync(keyFile, key.privateKey, { mode: 0o600 });
    profile.writeSettings({
      ...profile.readSettings(),
      'dgxSpark.ollama.localPort': await freePort(),
      'dgxSpark.engine.lingerSeconds': 30,
    });
    workbench = await session.open();
    rows = new ConnectionRows(workbench);
    await workbench.views.open('DGX Spark');
  });
  after(async () => {
    await first.close();
    await second.close();
  });

  const panel = async () => await workbench.webviews.frame({ extension: 'dgx-spark.dgx-spark', place: 'panel' });
  const picture = async (name: string) => {
    await workbench.screenshot(join(PICTURES, `${name}.png`));
  };
  const host = (alias: string, { port, username }: Spark) =>
    `Host ${alias}\n  Hostname 127.0.0.1\n  User ${username}\n  Port ${port}\n  IdentityFile "${keyFile}"\n`;

  it('says what to do when the SSH config names no host', async () => {
    await workbench.run(IMPORT);
    const { buttons, severity } = await workbench.notifications.toast(/names no host.*~\/\.ssh\/config/);
    assert.deepEqual([buttons, severity], [['Add Connection'], 'info']);
    await workbench.notifications.clear();
  });

  it('imports several hosts at once from a config that is included by a quoted path with a blank', async () => {
    writeFileSync(syncedConfig, host(SYNCED, first));
    writeFileSync(
      join(session.profile.home, '.ssh', 'config'),
      [
        `Include "${syncedConfig}"`,
        host('lab', second),
        host('copied', first),
        'Host *\n  ServerAliveInterval 30\n',
      ].join('\n'),
    );
    await workbench.views.welcomeClick('Connections', 'Import from SSH Config');
    const { rows: offered } = await workbench.quickInput.wait(/Choose the hosts/);
    assert.deepEqual(
      offered.map(label => label.split(',')[0]),
      [SYNCED, 'lab', 'copied'],
    );
    assert.match(offered[0]!, /~\/Library\/Application Support\/NVIDIA\/Sync\/config\/ssh_config, line 1/);
    await picture('hosts');
    await workbench.quickInput.check([SYNCED, 'lab']);
    await workbench.quickInput.pick('Follow the SSH config', { match: /follow later changes/ });
    await rows.waitFor(SYNCED, 'Disconnected');
    await rows.waitFor('lab', 'Disconnected');
  });

  it('connects what was imported, with the key that the SSH config names, and says what it follows', async () => {
    await rows.connect(SYNCED);
    await rows.waitFor(SYNCED, 'Connected');
    assert.equal(first.logins(), 1);
    const tooltip = await rows.tooltip(SYNCED);
    assert.match(tooltip, /Follows: Host spark-85e8\.local of your SSH config/);
    assert.doesNotMatch(tooltip, /Reached at/);
    await picture('followed');
  });

  it('imports with the button of the panel, and copies the values where the user wishes so', async () => {
    await workbench.run('DGX Spark: Open Panel');
    const frame = await panel();
    await frame.getByText(`Follows Host ${SYNCED} of your SSH config`).waitFor();
    await frame.getByRole('button', { name: 'Import from your SSH config' }).click();
    const { rows: offered } = await workbench.quickInput.wait(/Choose the hosts/);
    assert.equal(offered.length, 1, 'what is saved is not offered again');
    await workbench.quickInput.check(['copied']);
    await workbench.quickInput.pick('Copy the values', { match: /follow later changes/ });
    const card = frame.getByRole('listitem', { name: 'copied' });
    await card.waitFor();
    assert.equal(await card.getByText(/^Follows/).count(), 0);
    await picture('panel');
    await workbench.run(IMPORT);
    await workbench.notifications.toast(/Every host of your SSH config is saved already/);
    await workbench.notifications.clear();
  });

  it('follows a port that is changed in the SSH config from the next login on', async () => {
    writeFileSync(syncedConfig, host(SYNCED, second));
    await rows.disconnect(SYNCED);
    await rows.connect(SYNCED);
    await rows.waitFor(SYNCED, 'Connected');
    assert.deepEqual([first.logins(), second.logins()], [1, 1]);
    await workbench.views.waitForRow('Connections', new RegExp(`^${SYNCED}, Connected.*:${second.port}$`));
    await rows.disconnect(SYNCED);
  });

  it('follows no more once the user chooses own values in the form', async () => {
    await rows.menu(SYNCED, 'Edit Connection...');
    const form = await panel();
    await form.getByText(`Follows "Host ${SYNCED}" of your SSH config.`).waitFor();
    await picture('form-follows');
    await form.getByRole('button', { name: 'Use my own values' }).click();
    const port = form.getByRole('textbox', { name: 'Port' });
    assert.equal(await port.inputValue(), String(second.port), 'what it was at the last login');
    await port.fill(String(first.port));
    await form.getByRole('radio', { name: 'Private key' }).click();
    await form.getByRole('textbox', { name: 'Private key file' }).fill(keyFile);
    await form.getByRole('button', { name: 'Save and connect' }).click();
    await rows.waitFor(SYNCED, 'Connected');
    assert.deepEqual([first.logins(), second.logins()], [2, 1]);
    assert.doesNotMatch(await rows.tooltip(SYNCED), /Follows/);
  });

  it('searches the network until it is cancelled', async () => {
    await workbench.run('DGX Spark: Find Sparks on the Network');
    await workbench.notifications.toastClick(/Looking for Sparks/, 'Cancel');
    await workbench.until(async () => (await workbench.notifications.toasts()).length === 0, 'the search to end');
  });

  it('says what else can be done when the search finds nothing or cannot be made', async () => {
    await workbench.run('DGX Spark: Find Sparks on the Network');
    await workbench.notifications.toast(/Looking for Sparks/);
    const outcome = await workbench.until(async () => {
      const list = await workbench.quickInput.state();
      const toast = (await workbench.notifications.toasts()).find(({ text }) => !text.includes('Looking for'));
      return list ?? toast;
    }, 'the outcome of the search');
    // whoever runs this may have machines around
    if ('rows' in outcome) assert.match(outcome.title, /Sparks on the Local Network/);
    else if (outcome.severity === 'info') assert.deepEqual(outcome.buttons, ['Add Connection']);
    else {
      assert.match(outcome.text, /by hand|Privacy & Security/);
      assert.deepEqual(outcome.buttons, ['Try Again', 'Show Log']);
    }
    await picture('search');
  });
});
