import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../support/sshd.js';
import { type Spark, startSpark } from '../spark/spark.js';
import { makeKeyPair } from '../spark/ssh/keys.js';
import { ConnectionRows, sparkConnection, trust } from './driver/connections.js';
import { workbenchSuite } from './driver/suite.js';
import type { Workbench } from './driver/workbench.js';

const PASSWORD = 'correct horse';
const PASSPHRASE = 'battery staple';
const CODE = '123456';
const PICTURES = join('out', 'screenshots', 'prompts');
const EVIL = '$(pass-filled) [Log in](command:workbench.action.showCommands): ';

workbenchSuite('The prompts of a login', session => {
  const sparks: Spark[] = [];
  let unknown: Spark;
  let plain: Spark;
  let locked: Spark;
  /** Asks for a password, then for a code, as PAM does. */
  let codes: Spark;
  /** Asks for both at once. */
  let together: Spark;
  let workbench: Workbench;
  let rows: ConnectionRows;

  before(async () => {
    const { profile } = session;
    const keyFile = join(profile.home, '.ssh', 'id_locked');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', PASSPHRASE, '-C', '', '-f', keyFile]);
    const questions = [
      { prompt: 'Password: ', echo: false },
      { prompt: 'Verification code: ', echo: true },
    ];
    const keyboard = { questions, answers: [PASSWORD, CODE] };
    unknown = await startSpark({ password: PASSWORD });
    plain = await startSpark({ password: PASSWORD });
    locked = await startSpark({ authorizedKeys: [readFileSync(`${keyFile}.pub`, 'utf8')] });
    codes = await startSpark({ keyboardInteractive: { ...keyboard, oneByOne: true } });
    together = await startSpark({ keyboardInteractive: keyboard });
    const evil = await startSpark({
      keyboardInteractive: { questions: [{ prompt: EVIL, echo: true }], answers: [CODE] },
    });
    sparks.push(unknown, plain, locked, codes, together, evil);
    trust(profile, plain, locked, codes, together, evil);
    const auto = { authMethod: 'auto' } as const;
    ConnectionRows.prepare(profile, [
      sparkConnection('unknown', unknown),
      sparkConnection('plain', plain),
      sparkConnection('locked', locked, { authMethod: 'key', sshKeyPath: keyFile }),
      sparkConnection('codes', codes, auto),
      sparkConnection('together', together, auto),
      sparkConnection('evil', evil, auto),
    ]);
    profile.writeSettings({
      ...profile.readSettings(),
      'dgxSpark.ollama.localPort': await freePort(),
      // long enough for a reload on a busy machine
      'dgxSpark.engine.lingerSeconds': 30,
    });
    workbench = await session.open();
    rows = new ConnectionRows(workbench);
    await rows.add('evil');
  });
  after(async () => {
    for (const spark of sparks) await spark.close();
  });

  const picture = async (name: string) => {
    await workbench.screenshot(join(PICTURES, `${name}.png`));
  };
  /** Waits for a box, and says what it shows. */
  const box = async (title: RegExp) => await workbench.quickInput.wait(title);
  const answer = async (text: string, title: RegExp) => {
    await workbench.quickInput.fill(text, { match: title });
  };
  const complaint = async (words: RegExp) =>
    await workbench.until(
      async () => {
        const state = await workbench.quickInput.state();
        return state?.invalid === true && words.test(state.message) && state;
      },
      `the complaint ${String(words)}`,
    );
  /** Closes the box that is open: nothing is left of the login but the row, which says so. */
  const cancel = async (name: string) => {
    await workbench.quickInput.escape();
    await rows.waitFor(name, 'Disconnected');
    assert.equal(await workbench.quickInput.state(), undefined);
    assert.deepEqual(await workbench.notifications.toasts(), []);
  };

  it('an unknown host: its fingerprint, again after a cancel, and a line in known_hosts once it is trusted', async () => {
    const ask = async () => {
      await rows.connect('unknown');
      return await workbench.notifications.dialog();
    };
    const first = await ask();
    assert.ok(first.detail.includes(unknown.hostKeyFingerprints[0]!), first.detail);
    assert.match(first.detail, /~\/\.ssh\/known_hosts/);
    await picture('host-key');
    await workbench.notifications.dialogClick('Cancel');
    await rows.waitFor('unknown', 'Disconnected');
    assert.deepEqual(await workbench.notifications.toasts(), []);
    assert.equal(unknown.loginAttempts(), 0);
    await ask();
    await workbench.notifications.dialogClick('Trust and Connect');
    await answer(PASSWORD, /Password/);
    await rows.waitFor('unknown', 'Connected');
    // as OpenSSH finds it: the system's ssh_config may want names to be hashed
    const host = `[${unknown.host}]:${unknown.port}`;
    const found = execFileSync('ssh-keygen', ['-F', host, '-f', session.profile.knownHostsFile], { encoding: 'utf8' });
    assert.ok(found.includes(unknown.hostKeyLines[0]!), found);
    await rows.disconnect('unknown');
  });

  it('a password: cancelled, then wrong, then right and remembered', async () => {
    await rows.connect('plain');
    const { password, message } = await box(/^plain: Password/);
    assert.equal(password, true);
    assert.match(message, new RegExp(`Password for ${plain.username}@${plain.host}`));
    await picture('password');
    await cancel('plain');
    await rows.connect('plain');
    await answer('wrong', /Password/);
    await complaint(/refused the login/);
    await picture('password-refused');
    await workbench.quickInput.press('Remember');
    await answer(PASSWORD, /Password/);
    await rows.waitFor('plain', 'Connected');
    await rows.disconnect('plain');
    await rows.connect('plain');
    await rows.waitFor('plain', 'Connected');
    assert.equal(plain.logins(), 2);
    await rows.disconnect('plain');
  });

  it('the passphrase of a key: cancelled, then wrong, then right', async () => {
    await rows.connect('locked');
    const { password, message } = await box(/^locked: Passphrase/);
    assert.equal(password, true);
    assert.match(message, /id_locked/);
    await picture('passphrase');
    await cancel('locked');
    await rows.connect('locked');
    await answer('wrong', /Passphrase/);
    await complaint(/did not open .*id_locked/);
    await answer(PASSPHRASE, /Passphrase/);
    await rows.waitFor('locked', 'Connected');
    assert.equal(locked.loginAttempts() > 0, true);
    await rows.disconnect('locked');
  });

  it('a password and a code, one after the other: each cancelled, the code wrong, then both right', async () => {
    await rows.connect('codes');
    assert.equal((await box(/^codes: Password/)).password, true);
    await cancel('codes');
    await rows.connect('codes');
    await answer(PASSWORD, /^codes: Password/);
    const { title, message, password } = await box(/Verification code/);
    assert.equal(title, `codes: Question from ${codes.username}@${codes.host}`);
    assert.match(message, /^Verification code \(/);
    assert.equal(password, false, 'the server said that it may be seen');
    await picture('code');
    await cancel('codes');
    await rows.connect('codes');
    await answer(PASSWORD, /^codes: Password/);
    await answer('000000', /Verification code/);
    await complaint(/refused the login/);
    await answer(PASSWORD, /^codes: Password/);
    await complaint(/refused what was answered/);
    await picture('code-refused');
    await answer(CODE, /Question from/);
    await rows.waitFor('codes', 'Connected');
    await rows.disconnect('codes');
  });

  it('two questions at once: numbered, hidden or shown as the server says, and cancelled at the second', async () => {
    const first = /^together: Question from .* \(1\/2\)$/;
    const second = /^together: Question from .* \(2\/2\)$/;
    await rows.connect('together');
    assert.equal((await box(first)).password, true);
    await picture('two-questions');
    await answer(PASSWORD, first);
    assert.equal((await box(second)).password, false);
    await cancel('together');
    assert.equal(together.logins(), 0);
    await rows.connect('together');
    await answer(PASSWORD, first);
    await answer(CODE, second);
    await rows.waitFor('together', 'Connected');
    await rows.disconnect('together');
  });

  it('a code that takes longer than the server waits is asked for again, at once and without a complaint', async () => {
    await rows.connect('together');
    await answer(PASSWORD, /\(1\/2\)$/);
    await box(/\(2\/2\)$/);
    together.faults.dropLinks();
    await answer(CODE, /\(2\/2\)$/);
    assert.equal((await box(/\(1\/2\)$/)).invalid, false);
    await answer(PASSWORD, /\(1\/2\)$/);
    await answer(CODE, /\(2\/2\)$/);
    await rows.waitFor('together', 'Connected');
    await rows.disconnect('together');
  });

  it("the server's words are words: no link that runs a command, no icon", async () => {
    await rows.connect('evil');
    const { message } = await box(/^evil: Question/);
    assert.match(message, /Log in/);
    assert.equal(await workbench.page.locator('.quick-input-message').locator('a, .codicon').count(), 0);
    await cancel('evil');
  });

  it('a changed host key: both fingerprints, and a button that leads to the line in known_hosts', async () => {
    const { profile } = session;
    const other = makeKeyPair('other');
    const before = readFileSync(profile.knownHostsFile, 'utf8');
    const line = before.split('\n').findIndex(text => text.includes(plain.hostKeyLines[0]!));
    profile.writeKnownHosts(before.replace(plain.hostKeyLines[0]!, other.publicKey));
    const attempts = plain.loginAttempts();
    await rows.connect('plain');
    const { text, severity, buttons } = await workbench.notifications.toast(/host key of .* has changed/);
    const otherFingerprint = execFileSync('ssh-keygen', ['-lf', '-'], { input: other.publicKey, encoding: 'utf8' });
    for (const fingerprint of [plain.hostKeyFingerprints[0]!, otherFingerprint.split(' ')[1]!])
      assert.ok(text.includes(fingerprint), text);
    assert.equal(severity, 'error');
    assert.deepEqual(buttons, ['Open known_hosts', 'Show Log']);
    await rows.waitFor('plain', 'Error');
    await picture('changed-key');
    await workbench.notifications.toastClick(/has changed/, 'Open known_hosts');
    await workbench.tab(/known_hosts/);
    await workbench.statusItem(new RegExp(`Ln ${line + 1},`));
    assert.equal(plain.loginAttempts(), attempts, 'nothing is sent to a machine that is not known');
    profile.writeKnownHosts(before);
  });

  it('come in the window where the login was started, and go with it', async () => {
    const second = await session.open();
    const there = new ConnectionRows(second);
    await second.views.open('DGX Spark');
    await there.connect('together');
    await second.quickInput.wait(/\(1\/2\)$/);
    await rows.waitFor('together', 'Connecting');
    assert.equal(await workbench.quickInput.state(), undefined);
    await second.quickInput.fill(PASSWORD, { match: /\(1\/2\)$/ });
    await second.quickInput.wait(/\(2\/2\)$/);
    assert.equal(await workbench.quickInput.state(), undefined);
    await second.close();
    await rows.waitFor('together', 'Disconnected');
    assert.equal(await workbench.quickInput.state(), undefined);
    assert.deepEqual(await workbench.notifications.toasts(), []);
  });
});
