import assert from 'node:assert/strict';
import { sendMail } from '../../../src/engine/notify/mail.js';
import { testNotice } from '../../../src/engine/notify/notice.js';
import { postWebhook, webhookBody } from '../../../src/engine/notify/webhook.js';
import { Secret } from '../../../src/engine/base/secret.js';
import { SparkError } from '../../../src/shared/errors.js';
import { DEFAULT_ENGINE_SETTINGS, type EngineSettings } from '../../../src/shared/settings.js';

import { freePort } from '../../support/sshd.js';
import { HookServer } from '../../support/hookServer.js';
import { MailServer } from '../../support/mailServer.js';

const PASSWORD = 'my-app-password';

async function refused(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    assert.ok(SparkError.is(error, 'noticeFailed'), String(error));
    const text = `${error.message} ${error.hint ?? ''}`;
    assert.ok(!text.includes(PASSWORD), text);
    return text;
  }
  return assert.fail('it was sent');
}

describe('a mail', () => {
  let server: MailServer;
  afterEach(async () => {
    await server.stop();
  });
  const settings = (more: Partial<EngineSettings> = {}): EngineSettings => ({
    ...DEFAULT_ENGINE_SETTINGS,
    ...{
      emailHost: '127.0.0.1',
      emailPort: server.port,
      emailSecurity: 'none',
      emailTo: 'me@example.org, you@example.org',
    },
    ...more,
  });

  it('reaches every recipient as plain text, in any language', async () => {
    server = await MailServer.start();
    const notice = { ...testNotice(), title: 'Größe: 3\r\nBcc: evil@example.org', text: '<b>Loss</b>: 0.5' };
    await sendMail(settings({ emailFrom: 'spark@example.org' }), undefined, notice);
    const [mail] = server.mails;
    assert.deepEqual([mail?.from, mail?.to], ['spark@example.org', ['me@example.org', 'you@example.org']]);
    assert.match(mail?.source ?? '', /^Content-Type: text\/plain; charset=utf-8/m);
    assert.match(mail?.source ?? '', /^Auto-Submitted: auto-generated/m);
    assert.doesNotMatch(mail?.source.split('\r\n\r\n')[0] ?? '', /^Bcc:/m);
  });

  it('logs in with the password of the keychain', async () => {
    server = await MailServer.start({}, PASSWORD);
    await sendMail(settings({ emailUser: 'me@example.org' }), new Secret(PASSWORD), testNotice());
    assert.deepEqual(server.logins, [{ user: 'me@example.org', password: PASSWORD }]);
    assert.equal(server.mails[0]?.from, 'me@example.org');
    assert.match(await refused(sendMail(settings({ emailUser: 'me' }), undefined, testNotice())), /no password for me/);
    const wrong = await MailServer.start({}, 'another');
    const text = await refused(
      sendMail(settings({ emailUser: 'me', emailPort: wrong.port }), new Secret(PASSWORD), testNotice()),
    );
    await wrong.stop();
    assert.match(text, /refused the login of me\./);
  });

  it('is sent to nobody whose certificate cannot be verified, and to nobody without encryption where it is wanted', async () => {
    // the server's own certificate is signed by itself
    server = await MailServer.start({}, PASSWORD);
    const wanted = settings({ emailUser: 'me', emailSecurity: 'starttls' });
    assert.match(await refused(sendMail(wanted, new Secret(PASSWORD), testNotice())), /certificate/);
    assert.deepEqual(server.logins, []);
    const plain = await MailServer.start({ disabledCommands: ['STARTTLS'] }, PASSWORD);
    const text = await refused(sendMail({ ...wanted, emailPort: plain.port }, new Secret(PASSWORD), testNotice()));
    assert.match(text, /STARTTLS/);
    assert.deepEqual(plain.logins, []);
    await plain.stop();
    const away = settings({ emailUser: 'me', emailHost: 'mail.example.org' });
    assert.match(await refused(sendMail(away, new Secret(PASSWORD), testNotice())), /without encryption/);
  });

  it('that cannot be sent says what to do', async () => {
    server = await MailServer.start({ onRcptTo: (_to, _session, done) => done(new Error('No such user here')) });
    assert.match(await refused(sendMail(settings(), undefined, testNotice())), /refused the mail.*No such user here/);
    const port = await freePort();
    assert.match(await refused(sendMail(settings({ emailPort: port }), undefined, testNotice())), /587 goes with/);
    assert.match(
      await refused(sendMail(settings({ emailTo: ' ' }), undefined, testNotice())),
      /not set where mail goes/,
    );
  });
});

describe('a webhook', () => {
  let server: HookServer;
  before(async () => {
    server = await HookServer.start();
  });
  after(async () => {
    await server.stop();
  });
  const { signal } = new AbortController();

  it('gets what happened', async () => {
    const url = new URL(server.url('/secret-path'));
    await postWebhook(url, webhookBody(url, 'auto', testNotice()), signal);
    const [posted] = server.posted;
    assert.deepEqual([posted?.path, posted?.contentType], ['/secret-path', 'application/json']);
    assert.equal((JSON.parse(posted?.body ?? '') as { event: string }).event, 'test');
  });

  it('that refuses, leads elsewhere or is not there is an error without the secret part of its address', async () => {
    for (const status of [404, 500, 307]) {
      server.status = status;
      const url = new URL(server.url('/secret-path?token=secret'));
      const text = await refused(postWebhook(url, webhookBody(url, 'json', testNotice()), signal));
      assert.match(text, new RegExp(`answered ${status}`));
      assert.doesNotMatch(text, /secret/);
    }
    assert.ok(
      server.posted.every(({ path }) => path.startsWith('/secret-path')),
      'it was led elsewhere',
    );
    const url = new URL(`http://127.0.0.1:${await freePort()}/secret-path`);
    const text = await refused(postWebhook(url, webhookBody(url, 'json', testNotice()), signal));
    assert.match(text, /could not be reached \(ECONNREFUSED\)/);
    assert.doesNotMatch(text, /secret/);
  });
});
