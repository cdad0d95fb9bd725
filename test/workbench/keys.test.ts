import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Spark, startSpark } from '../spark/spark.js';
import { freePort } from '../support/sshd.js';
import { ConnectionRows, sparkConnection, trust } from './driver/connections.js';
import { workbenchSuite } from './driver/suite.js';
import type { Workbench } from './driver/workbench.js';

const PASSWORD = 'correct horse';
const KEY = '~/.ssh/id_ed25519_spark-1';
const PICTURES = join('out', 'screenshots', 'keys');

workbenchSuite('Keys to log in with', session => {
  let spark: Spark;
  let workbench: Workbench;
  let rows: ConnectionRows;

  before(async function () {
    // one story: a step that fails leaves nothing for the next to stand on
    this.test?.parent?.bail(true);
    const { profile } = session;
    spark = await startSpark({ password: PASSWORD });
    trust(profile, spark);
    ConnectionRows.prepare(profile, [sparkConnection('spark-1', spark)]);
    profile.writeSettings({
      ...profile.readSettings(),
      'dgxSpark.ollama.localPort': await freePort(),
      'dgxSpark.engine.lingerSeconds': 30,
    });
    workbench = await session.open();
    rows = new ConnectionRows(workbench);
    await rows.add('spark-1');
  });
  after(async () => {
    await spark.close();
  });

  const picture = async (name: string) => {
    await workbench.screenshot(join(PICTURES, `${name}.png`));
  };
  const authorizedKeys = () => join(spark.home, '.ssh', 'authorized_keys');
  const privateKey = () => join(session.profile.home, '.ssh', 'id_ed25519_spark-1');
  const setUp = async (item: RegExp) => {
    await rows.menu('spark-1', 'Set Up Key Login');
    await workbench.quickInput.pick(item, { match: 'Set Up Key Login' });
  };

  it('are set up with one password: made, installed, proved, and used from then on', async () => {
    await setUp(/Make a new key/);
    await workbench.quickInput.fill(PASSWORD, { match: /Password/ });
    const toast = await workbench.notifications.toast(/from now on/);
    assert.equal(toast.text, `spark-1 logs in with ${KEY} from now on.`);
    await picture('set-up');
    assert.equal(statSync(privateKey()).mode & 0o777, 0o600);
    assert.equal(statSync(authorizedKeys()).mode & 0o777, 0o600);
    const made = readFileSync(`${privateKey()}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
    assert.ok(readFileSync(authorizedKeys(), 'utf8').startsWith(made));
    assert.equal(spark.logins(), 2, 'with the password, and with the key to prove it');
    await workbench.notifications.clear();
    await rows.connect('spark-1');
    await rows.waitFor('spark-1', 'Connected');
    await rows.disconnect('spark-1');
  });

  it('are left as they are when they are set up again, and nobody is asked for a password', async () => {
    const files = () => [
      readdirSync(join(session.profile.home, '.ssh')),
      readFileSync(privateKey(), 'utf8'),
      readFileSync(authorizedKeys(), 'utf8'),
    ];
    const before = files();
    await setUp(/^Use ~\/\.ssh\/id_ed25519_spark-1/);
    const toast = await workbench.notifications.toast(/nothing had to be done/);
    assert.equal(toast.severity, 'info');
    assert.deepEqual(files(), before);
    await workbench.notifications.clear();
  });

  it('can be cancelled while the password is asked for', async () => {
    rmSync(authorizedKeys());
    await setUp(/^Use ~\/\.ssh\/id_ed25519_spark-1/);
    await workbench.quickInput.wait(/Password/);
    await picture('asked-again');
    await workbench.notifications.toastClick(/Setting up key login to spark-1/, 'Cancel');
    await workbench.quickInput.gone();
    await workbench.until(async () => (await workbench.notifications.toasts()).length === 0, 'the notification to go');
    assert.equal(existsSync(authorizedKeys()), false);
    await setUp(/^Use ~\/\.ssh\/id_ed25519_spark-1/);
    await workbench.quickInput.fill(PASSWORD, { match: /Password/ });
    await workbench.notifications.toast(/from now on/);
    await workbench.notifications.clear();
  });

  it('are stored in the keychain, and their file is not needed any more', async () => {
    await rows.menu('spark-1', 'Store Private Key in the Keychain');
    await workbench.notifications.toast(/^Stored in the keychain: id_ed25519_spark-1 is no longer needed/);
    await picture('stored');
    await workbench.notifications.clear();
    rmSync(privateKey());
    rmSync(`${privateKey()}.pub`);
    const items = await workbench.views.rowMenuItems('Connections', 'spark-1');
    assert.equal(items.includes('Store Private Key in the Keychain'), false);
    // open windows of this server do not see what another stored; a new engine asks the one that is there then
    const [engine] = session.profile.engines();
    process.kill(engine!.pid, 'SIGKILL');
    await workbench.reload();
    await workbench.views.open('DGX Spark');
    await rows.waitFor('spark-1', 'Disconnected');
    await rows.connect('spark-1');
    await rows.waitFor('spark-1', 'Connected');
    const database = readFileSync(join(session.profile.globalStorage(), 'dgx-spark.sqlite'));
    assert.equal(database.includes('OPENSSH PRIVATE KEY'), false);
    await rows.disconnect('spark-1');
  });

  it('are asked about before all secrets are forgotten, and kept where the user wishes so', async () => {
    await rows.menu('spark-1', 'Forget Saved Secrets');
    const { text, detail, buttons } = await workbench.notifications.dialog();
    assert.equal(text, 'Forget stored private keys too?');
    assert.match(detail, /spark-1.*cannot be undone/);
    assert.deepEqual([...buttons].sort(), ['Cancel', 'Forget the Keys Too', 'Keep the Keys']);
    await picture('forget');
    await workbench.notifications.dialogClick('Keep the Keys');
    await workbench.statusItem(/forgotten/);
    await rows.connect('spark-1');
    await rows.waitFor('spark-1', 'Connected');
    await rows.disconnect('spark-1');
    await rows.menu('spark-1', 'Forget Saved Secrets');
    await workbench.notifications.dialog();
    await workbench.notifications.dialogClick('Forget the Keys Too');
    // there is a file to be stored again, so the key is known to be gone
    await workbench.until(
      async () =>
        (await workbench.views.rowMenuItems('Connections', 'spark-1')).includes('Store Private Key in the Keychain'),
      'the key to be gone',
    );
    await rows.connect('spark-1');
    await workbench.notifications.toast(/id_ed25519_spark-1.*(not found|does not exist|no such|missing)/i);
    await rows.waitFor('spark-1', 'Error');
  });
});
