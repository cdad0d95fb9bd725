import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Spark, startSpark } from '../spark/spark.js';
import { makeKeyPair } from '../spark/ssh/keys.js';
import { type Dockerd, hasDockerd, startDockerd } from '../support/dockerd.js';
import { freePort } from '../support/sshd.js';
import { ConnectionRows, sparkConnection, trust } from './driver/connections.js';
import { workbenchSuite } from './driver/suite.js';
import type { Workbench } from './driver/workbench.js';

const VIEW = 'Containers';
const PICTURES = join('out', 'screenshots', 'containers');

workbenchSuite('containers in the editor', session => {
  let spark: Spark | undefined;
  let dockerd: Dockerd | undefined;
  let workbench: Workbench;
  let rows: ConnectionRows;

  before(async function () {
    this.test?.parent?.bail(true);
    if (!hasDockerd()) this.skip();
    try {
      dockerd = await startDockerd();
      const { image } = dockerd;
      const work = 'echo "step 1 loss 2.31"; echo "step 2 loss 1.87"; trap "exit 0" TERM; sleep 1000 & wait';
      await dockerd.docker('run', '-d', '--network=host', '--name=trainer', image, 'sh', '-c', work);
      await dockerd.docker('run', '--network=none', '--name=done', image, 'true');
    } catch (error) {
      // some machines may not start containers at all
      console.warn(`skipped: ${String(error).slice(0, 300)}`);
      this.skip();
    }
    const key = makeKeyPair('spark');
    spark = await startSpark({ authorizedKeys: [key.publicKey] });
    copyFileSync(join(dockerd.bin, 'docker'), join(spark.folder, 'bin', 'docker'));
    const { profile } = session;
    const keyFile = join(profile.home, '.ssh', 'id_spark');
    mkdirSync(join(profile.home, '.ssh'), { recursive: true });
    writeFileSync(keyFile, key.privateKey, { mode: 0o600 });
    trust(profile, spark);
    profile.writeSettings({
      ...profile.readSettings(),
      'dgxSpark.ollama.localPort': await freePort(),
      'terminal.integrated.gpuAcceleration': 'off',
    });
    ConnectionRows.prepare(profile, [sparkConnection('spark-1', spark, { authMethod: 'key', sshKeyPath: keyFile })]);
    workbench = await session.open();
    rows = new ConnectionRows(workbench);
    await rows.add('spark-1');
  });
  after(async () => {
    await spark?.close();
    await dockerd?.stop();
  });

  const picture = async (name: string) => {
    await workbench.screenshot(join(PICTURES, `${name}.png`));
  };

  const terminal = () => workbench.page.locator('.terminal-wrapper.active .xterm').first();
  const shows = async (text: RegExp) => {
    await workbench.page.locator('.terminal-wrapper.active .xterm-rows', { hasText: text }).first().waitFor();
  };

  it('shows them with their state when the Spark is connected, and its images', async () => {
    await rows.connect('spark-1');
    await rows.waitFor('spark-1', 'Connected');
    await workbench.views.toggle('Connections', 'spark-1');
    await workbench.views.expand(VIEW);
    await workbench.views.waitForRow(VIEW, /trainer, Up .*busybox:test/);
    await workbench.views.waitForRow(VIEW, /done, Exited \(0\)/);
    await workbench.views.toggle(VIEW, 'Images');
    await workbench.views.waitForRow(VIEW, /busybox:test, .*B,/);
    await workbench.views.waitForRow(VIEW, /trainer, Up .*CPU \d+ %/);
    await picture('view');
  });

  it('follows a log in a terminal', async () => {
    await workbench.views.rowMenu(VIEW, 'trainer', 'Show Logs of Container');
    await shows(/step 2 loss 1\.87/);
    await picture('logs');
  });

  it('opens a shell inside one', async () => {
    await workbench.views.rowAction(VIEW, 'trainer', 'Open Shell in Container');
    await shows(/\/ #/);
    await terminal().click();
    await workbench.page.keyboard.type('echo typed > /typed; stty size');
    await workbench.page.keyboard.press('Enter');
    await shows(/\d+ \d+/);
    assert.equal((await dockerd!.docker('exec', 'trainer', 'cat', '/typed')).trim(), 'typed');
    await picture('shell');
  });

  it('stops, starts and removes one, and shows what somebody else does', async () => {
    await workbench.views.rowAction(VIEW, 'done', 'Start Container');
    await workbench.views.rowAction(VIEW, 'trainer', 'Stop Container');
    await workbench.views.waitForRow(VIEW, /trainer, Exited/);
    await dockerd!.docker('start', 'trainer');
    await workbench.views.waitForRow(VIEW, /trainer, Up/);
    await workbench.views.rowMenu(VIEW, 'trainer', 'Remove Container...');
    const dialog = await workbench.notifications.dialog();
    assert.match(JSON.stringify(dialog), /Remove trainer from spark-1.*It is running/);
    await picture('remove');
    await workbench.notifications.dialogClick('Remove');
    await workbench.until(
      async () => !(await workbench.views.rows(VIEW)).some(({ label }) => label.includes('trainer')),
      'the row to go',
    );
  });

  it('runs one from an image with what NVIDIA advises chosen already', async () => {
    await workbench.views.rowAction(VIEW, 'busybox:test', 'Run Container...');
    await workbench.quickInput.wait(/What the container may use|Run busybox/);
    await picture('run');
    // there is no GPU here
    await workbench.page
      .getByRole('checkbox', { name: /All GPUs/ })
      .first()
      .click();
    await workbench.page.keyboard.press('Enter');
    await workbench.quickInput.fill('mine', { match: /Name; empty/ });
    await workbench.quickInput.fill('', { match: /Ports, as/ });
    await workbench.quickInput.fill('', { match: /Folder of the Spark/ });
    await workbench.quickInput.fill('exec sleep 1000', { match: /Command, run by sh/ });
    await workbench.views.waitForRow(VIEW, /mine, Up/);
    await picture('ran');
  });
});
