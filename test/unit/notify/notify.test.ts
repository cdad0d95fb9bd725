import assert from 'node:assert/strict';
import { nullLogger } from '../../../src/engine/base/logger.js';
import { Secret } from '../../../src/engine/base/secret.js';
import { JobEnds, lastLines } from '../../../src/engine/notify/jobEnds.js';
import { machineHook } from '../../../src/engine/notify/machineHook.js';
import { type Notice, noticeOfAlert, noticeOfJob } from '../../../src/engine/notify/notice.js';
import { NotifyService } from '../../../src/engine/notify/notifyService.js';
import { readWebhookAddress, webhookBody } from '../../../src/engine/notify/webhook.js';
import type { Alert } from '../../../src/shared/alerts.js';
import type { Job } from '../../../src/shared/jobs.js';
import { NOTICE_SECRETS, type NoticeWay } from '../../../src/shared/notify.js';
import { DEFAULT_ENGINE_SETTINGS } from '../../../src/shared/settings.js';
import { FakeClock } from '../../support/fakeClock.js';
import { untilTrue } from '../../support/until.js';

const MINUTE = 60_000;

function job(changes: Partial<Job> = {}, notify: Job['config']['notify'] = ['email', 'webhook']): Job {
  return {
    ...{ id: 'j1', connectionId: 'c', projectId: null, name: 'fine-tune', modelName: null, status: 'completed' },
    config: {
      ...{ command: 'true', folder: '', env: {}, secrets: [], gpus: 'all', runner: { kind: 'process' } },
      ...{ timeLimitMinutes: null, memoryGib: null, after: null, notify },
    },
    ...{ metrics: null, containerId: null, startedAt: 1_000_000, completedAt: 1_000_000 + 95 * MINUTE, createdAt: 0 },
    ...{ run: 1, queuedAt: null, exitCode: 0, reason: null, told: false, sent: false },
    ...changes,
  };
}

const notice: Notice = { title: 'Title <@everyone>', text: 'a & b', facts: { event: 'test' } };
const body = (format: Parameters<typeof webhookBody>[1], address: string, of = notice) =>
  webhookBody(new URL(address), format, of);

describe('what is told outside of the editor', () => {
  it('says how a job ended, how long it ran, its last figures and the end of its log', () => {
    const metrics = { step: 100, steps: 100, epoch: 3, loss: 0.512345678, learningRate: 0.00002, evalLoss: null };
    const ended = job({ metrics: { ...metrics, tokensPerSecond: null, secondsLeft: null } });
    const { title, text, facts } = noticeOfJob(ended, 'spark-1', ['saving', 'done']);
    assert.equal(title, 'spark-1: training job "fine-tune" has completed');
    assert.equal(
      text,
      'It ran for 1 h 35 min.\n\nLoss: 0.512346\nStep: 100\nEpoch: 3\nLearning rate: 0.00002\n\nThe end of its log:\n\nsaving\ndone',
    );
    assert.deepEqual([facts['status'], facts['loss'], facts['exitCode']], ['completed', 0.512345678, 0]);
    const failed = noticeOfJob(
      job({ status: 'failed', reason: 'It ended with exit code 2.', startedAt: null }),
      's',
      [],
    );
    assert.deepEqual(
      [failed.title, failed.text],
      ['s: training job "fine-tune" has failed', 'It ended with exit code 2.'],
    );
    assert.match(noticeOfJob(job({ status: 'lost' }), 's', []).title, /was lost$/);
  });

  it('says what an alert says', () => {
    const alert: Alert = {
      ...{ id: 'a', connectionId: 'c', kind: 'temperature', severity: 'warning', message: 'GPU 0 is at 95 °C.' },
      ...{ hint: 'Look at its fans.', raisedAt: 0, endedAt: null, snoozedUntil: null },
    };
    const told = noticeOfAlert(alert, 'spark-1');
    assert.deepEqual([told.title, told.text], ['spark-1: GPU 0 is at 95 °C.', 'Look at its fans.']);
    assert.equal(told.facts['at'], '1970-01-01T00:00:00.000Z');
  });

  it('shows a log as a terminal would', () => {
    const text = 'cut off\r\n\u001b[31mred\u001b[0m\n10%\r50%\r100%\n\n  \nbell\u0007 tab\tend\r\n';
    assert.deepEqual(lastLines(text), ['cut off', 'red', '100%', 'bell tab\tend']);
    const many = Array.from({ length: 500 }, (_, index) => `line ${index} ${'x'.repeat(1000)}`).join('\n');
    assert.equal(lastLines(many).length, 20);
    assert.ok(lastLines(many).every(line => line.length <= 300));
  });
});

describe('the form of a webhook', () => {
  it('is found by its host', () => {
    assert.deepEqual(JSON.parse(body('auto', 'https://hooks.slack.com/services/T/B/x').body), {
      text: 'Title &lt;@everyone&gt;\n\na &amp; b',
    });
    assert.deepEqual(JSON.parse(body('auto', 'https://discord.com/api/webhooks/1/x').body), {
      ...{ content: 'Title <@everyone>\n\na & b', allowed_mentions: { parse: [] } },
    });
    assert.deepEqual(body('auto', 'https://ntfy.sh/mine'), {
      ...{ contentType: 'text/plain; charset=utf-8', body: 'Title <@everyone>\n\na & b' },
    });
    assert.deepEqual(JSON.parse(body('auto', 'https://discord.com.evil.example/api/webhooks/').body), {
      ...{ source: 'dgx-spark', title: 'Title <@everyone>', text: 'a & b', event: 'test' },
    });
    assert.equal(body('ntfy', 'https://ntfy.example.org/mine').contentType, 'text/plain; charset=utf-8');
  });

  it('keeps to what its host takes', () => {
    const long = { ...notice, text: 'x'.repeat(10_000) };
    const { content } = JSON.parse(body('discord', 'https://discord.com/', long).body) as { content: string };
    assert.ok(content.length <= 2000);
  });

  it('needs an address of the web', () => {
    assert.equal(readWebhookAddress(' https://example.org/x ').host, 'example.org');
    for (const text of ['example.org', 'file:///etc/passwd', 'https://me:secret@example.org/', ''])
      assert.throws(
        () => readWebhookAddress(text),
        (error: Error) => !error.message.includes('secret') && error.message.startsWith('This is not'),
      );
  });
});

describe('a message to the outside', () => {
  function service(hook: string | undefined) {
    const clock = new FakeClock();
    const complaints: string[] = [];
    const notify = new NotifyService({
      ...{ clock, log: nullLogger, settings: () => DEFAULT_ENGINE_SETTINGS },
      complain: message => complaints.push(message),
      keychain: {
        get: key =>
          Promise.resolve(hook !== undefined && key === NOTICE_SECRETS.webhook ? new Secret(hook) : undefined),
      },
    });
    return { clock, complaints, notify };
  }

  it('is tried again, and what fails for good is complained of once', async () => {
    const { clock, complaints, notify } = service(undefined);
    assert.equal(await notify.isSet('webhook'), false);
    for (let round = 0; round < 2; round++) {
      const sent = notify.send('webhook', notice);
      for (let retry = 0; retry < 2; retry++) {
        await untilTrue(() => clock.pending === 1);
        clock.advance(5 * MINUTE);
      }
      assert.equal(await sent, false);
    }
    assert.equal(complaints.length, 1);
    assert.match(complaints[0] ?? '', /^A webhook message could not be sent. No webhook is set/);
  });

  it('is given up without a complaint when the engine ends', async () => {
    const { clock, complaints, notify } = service('https://127.0.0.1:1/x');
    const sent = notify.send('webhook', notice);
    await untilTrue(() => clock.pending === 1);
    notify.dispose();
    assert.equal(await sent, false);
    assert.deepEqual([complaints, notify.isOver, clock.pending], [[], true, 0]);
  });
});

describe('the end of a job', () => {
  function ends(tail: () => Promise<Buffer> = () => Promise.resolve(Buffer.from('one\ntwo\n'))) {
    const sent: [NoticeWay, Notice][] = [];
    const marked: [string, number][] = [];
    const state = { isOver: false };
    const parts = new JobEnds({
      notify: {
        send: (way, what) => {
          sent.push([way, what]);
          return Promise.resolve(true);
        },
        get isOver() {
          return state.isOver;
        },
      },
      ...{ machine: () => 'spark-1', tail },
      markSent: (id, run) => {
        marked.push([id, run]);
        return Promise.resolve();
      },
    });
    return { parts, sent, marked, state };
  }

  it('is sent each way once, its log by mail alone', async () => {
    const { parts, sent, marked } = ends();
    parts.take([job()]);
    parts.take([job()]);
    await untilTrue(() => marked.length > 0);
    assert.deepEqual(
      sent.map(([way, { text }]) => [way, text.includes('two')]),
      [
        ['email', true],
        ['webhook', false],
      ],
    );
    assert.deepEqual(marked, [['j1', 1]]);
  });

  it('is sent although its log cannot be read', async () => {
    const { parts, sent, marked } = ends(() => Promise.reject(new Error('gone')));
    parts.take([job({ status: 'lost', reason: 'The machine was restarted while it ran.' })]);
    await untilTrue(() => marked.length > 0);
    assert.equal(sent.length, 2);
  });

  it('is left to the next engine when this one ends meanwhile', async () => {
    const { parts, sent, marked, state } = ends();
    state.isOver = true;
    parts.take([job()]);
    await untilTrue(() => sent.length === 2);
    await new Promise(setImmediate);
    assert.deepEqual(marked, []);
  });

  it('is not sent while it runs, after its user has stopped it, or where nobody asked for it', async () => {
    const { parts, sent, marked } = ends();
    parts.take([
      ...(['running', 'stopping', 'queued', 'starting', 'pending'] as const).map(status => job({ status })),
      ...[job({ status: 'stopped' }), job({ sent: true }), job({ run: 0 }), job({}, []), job({}, ['machineWebhook'])],
      job({ id: 'last' }, ['webhook']),
    ]);
    await untilTrue(() => marked.length > 0);
    assert.deepEqual([sent.length, marked], [1, [['last', 1]]]);
  });

  it('can be posted by the machine, with nothing in it that a program would read as its own', async () => {
    const keychain = { get: () => Promise.resolve(new Secret('https://example.org/a"b\\c?x=\\"')) };
    const parts = { keychain, format: () => 'json' as const, machine: () => 'spark-1' };
    assert.equal(await machineHook(job(), parts), undefined);
    const hook = await machineHook(job({ name: 'a "quoted" job' }, ['machineWebhook']), parts);
    assert.equal(
      hook?.config,
      'url = "https://example.org/a%22b/c?x=\\\\%22"\nheader = "Content-Type: application/json"\n',
    );
    assert.deepEqual((JSON.parse(hook.completed) as { status: string }).status, 'completed');
    const failed = JSON.parse(hook.failed) as { title: string; text: string };
    assert.equal(failed.title, 'spark-1: training job "a "quoted" job" has failed');
    assert.match(failed.text, /exit code @EXIT@/);
    const without = { ...parts, keychain: { get: () => Promise.resolve(undefined) } };
    await assert.rejects(machineHook(job({}, ['machineWebhook']), without), { code: 'launchFailed' });
  });
});
