import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Answer, Question } from '../../../src/shared/questions.js';
import { type Spark, startSpark } from '../../spark/spark.js';
import { freePort } from '../../support/sshd.js';
import { newStorage, TestWindow } from '../../support/window.js';

const PASSWORD = 'correct horse';

function goodUser(question: Question): Answer {
  if (question.kind === 'password') return { kind: 'secret', secret: PASSWORD, remember: false };
  return question.kind === 'hostKey' ? { kind: 'yes' } : { kind: 'cancelled' };
}

/** GET through the tunnel; resolves with the status. */
async function get(port: number): Promise<number> {
  return await new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path: '/api/version', agent: false }, response => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    })
      .once('error', reject)
      .end();
  });
}

describe('a link that stays', () => {
  const home = process.env['HOME'];
  let fakeHome: string;
  let storage: ReturnType<typeof newStorage>;
  let spark: Spark;
  let window: TestWindow;
  let localPort: number;
  let connectionId: string;

  beforeEach(async () => {
    fakeHome = mkdtempSync(join(tmpdir(), 'dgxs-home-'));
    mkdirSync(join(fakeHome, '.ssh'), { mode: 0o700 });
    process.env['HOME'] = fakeHome;
    storage = newStorage();
    spark = await startSpark({ password: PASSWORD });
    localPort = await freePort();
    window = await TestWindow.open({
      storage: storage.folder,
      answer: goodUser,
      settings: { localPort, keepaliveSeconds: 1 },
    });
    ({ id: connectionId } = await window.peer.request('connections/create', {
      name: 'spark-1',
      hostname: '127.0.0.1',
      port: spark.port,
      username: spark.username,
    }));
  });
  afterEach(async () => {
    await window.endEngine();
    await spark.close();
    storage.remove();
    process.env['HOME'] = home;
    rmSync(fakeHome, { recursive: true, force: true });
  });

  const status = () => window.connection(connectionId)?.status;
  const connect = async () => await window.peer.request('connections/connect', { connectionId });

  it('says which way it took', async () => {
    assert.equal((await connect()).via, `127.0.0.1:${spark.port}`);
  });

  it('lets a request that comes while it is away wait, and answers it when it is back', async () => {
    await connect();
    await spark.faults.goOffline(true);
    await window.until('the loss', () => status()?.state === 'reconnecting');
    const answer = get(localPort);
    await spark.faults.goOffline(false);
    assert.equal(await answer, 200);
    assert.equal(status()?.state, 'connected');
    assert.deepEqual(
      window.questions.map(({ kind }) => kind),
      ['hostKey', 'password'],
      'coming back asked nothing',
    );
  });

  it('opens a channel that the server never confirmed again on the next link', async () => {
    await connect();
    spark.faults.goSilent(true);
    const answer = get(localPort);
    // what was sent into the silence is lost with this link
    await window.until('the loss', () => status()?.state === 'reconnecting');
    spark.faults.dropLinks();
    spark.faults.goSilent(false);
    assert.equal(await answer, 200);
  });

  it('is tried again at once when the user asks, and asks nothing that is known', async () => {
    await connect();
    await spark.faults.goOffline(true);
    await window.until('a planned attempt', () => status()?.nextAttemptAt);
    await spark.faults.goOffline(false);
    assert.equal((await connect()).state, 'connected');
  });

  it('stops and waits for a human when the machine is another one', async () => {
    await connect();
    const { port } = spark;
    await spark.close();
    spark = await startSpark({ password: PASSWORD, port });
    const { error } = await window.until('the end', () => status()?.state === 'error' && status());
    assert.equal(error?.code, 'hostKeyChanged');
  });

  it('follows the SSH config: address, jump host, and what is changed there later', async () => {
    const gateway = await startSpark({ password: PASSWORD });
    try {
      const config = (...lines: string[]) =>
        writeFileSync(join(fakeHome, '.ssh', 'config'), `${lines.join('\n')}\n`, { mode: 0o600 });
      config('Host bench', '  HostName 127.0.0.1', `  Port ${spark.port}`, `  User ${spark.username}`);
      const { hosts } = await window.peer.request('sshConfig/list', {});
      assert.deepEqual(
        hosts.map(({ alias, hostname, port, username, proxy }) => [alias, hostname, port, username, proxy]),
        [['bench', '127.0.0.1', spark.port, spark.username, 'none']],
      );
      const { id } = await window.peer.request('connections/create', {
        name: 'bench',
        hostname: 'not.there.any.more',
        username: 'nobody',
        sshConfigHost: 'bench',
      });
      const first = await window.peer.request('connections/connect', { connectionId: id });
      assert.equal(first.via, `127.0.0.1:${spark.port}`);
      const shown = await window.until('the address', w => {
        const view = w.connection(id);
        return view?.hostname === '127.0.0.1' && view;
      });
      assert.deepEqual([shown.port, shown.username], [spark.port, spark.username]);

      await window.peer.request('connections/disconnect', { connectionId: id });
      config(
        'Host bench',
        '  HostName 127.0.0.1',
        `  Port ${spark.port}`,
        `  User ${spark.username}`,
        `  ProxyJump ${gateway.username}@127.0.0.1:${gateway.port}`,
      );
      const second = await window.peer.request('connections/connect', { connectionId: id });
      assert.equal(second.via, `127.0.0.1:${spark.port} via 127.0.0.1`);
      assert.equal(gateway.sessions(), 1);
      const passwords = window.questions.flatMap(question => (question.kind === 'password' ? [question.login] : []));
      assert.ok(passwords.includes(`${gateway.username}@127.0.0.1`), String(passwords));
      await window.peer.request('connections/disconnect', { connectionId: id });
      await gateway.until(() => gateway.sessions() === 0);
    } finally {
      await gateway.close();
    }
  });

  it('is diagnosed from one end to the other', async () => {
    const { findings, report } = await window.peer.request('connections/diagnose', { connectionId });
    const states = new Map(findings.map(({ step, state }) => [step, state]));
    for (const step of ['Name', 'Port', 'SSH server', 'Host key', 'Login', 'GPU', 'Ollama', 'Forwarding'])
      assert.equal(states.get(step), 'ok', `${step}\n${report}`);
    assert.equal(status()?.state, 'disconnected', 'nothing stays connected');
    assert.equal(report.includes(PASSWORD), false);

    await spark.faults.goOffline(true);
    const offline = await window.peer.request('connections/diagnose', { connectionId });
    const port = offline.findings.find(({ step }) => step === 'Port');
    assert.equal(port?.state, 'problem', offline.report);
    assert.ok(port.hint);
    await spark.faults.goOffline(false);
  });
});
