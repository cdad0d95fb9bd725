import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ollama } from 'ollama';
import { SparkError } from '../../../src/shared/errors.js';
import type { Answer, Question } from '../../../src/shared/questions.js';
import { type Spark, startSpark } from '../../spark/spark.js';
import { freePort } from '../../support/sshd.js';
import { newStorage, TestWindow, type WindowOptions } from '../../support/window.js';

const PASSWORD = 'correct horse';

/** Trusts the host key and types the password. */
function goodUser(question: Question): Answer {
  if (question.kind === 'hostKey') return { kind: 'yes' };
  if (question.kind === 'password') return { kind: 'secret', secret: PASSWORD, remember: false };
  return { kind: 'cancelled' };
}

describe('the main job against a simulated Spark', () => {
  const home = process.env['HOME'];
  let storage: ReturnType<typeof newStorage>;
  let spark: Spark;
  let window: TestWindow;
  let localPort: number;
  let fakeHome: string;

  beforeEach(async () => {
    fakeHome = mkdtempSync(join(tmpdir(), 'dgxs-home-'));
    process.env['HOME'] = fakeHome; // the engine inherits it: known_hosts is written there
    storage = newStorage();
    spark = await startSpark({ password: PASSWORD });
    localPort = await freePort();
    window = await open();
  });
  afterEach(async () => {
    await window.endEngine();
    await spark.close();
    storage.remove();
    process.env['HOME'] = home;
    rmSync(fakeHome, { recursive: true, force: true });
  });

  async function open(options: Partial<WindowOptions> = {}): Promise<TestWindow> {
    return await TestWindow.open({
      storage: storage.folder,
      answer: goodUser,
      ...options,
      settings: { localPort, pollIntervalSeconds: 0.5, persistIntervalSeconds: 5, ...options.settings },
    });
  }

  async function save(name = 'spark-1', port = spark.port): Promise<string> {
    const { id } = await window.peer.request('connections/create', {
      name,
      hostname: '127.0.0.1',
      port,
      username: spark.username,
    });
    return id;
  }

  it('connects, publishes the endpoint, and Ollama answers through it', async () => {
    const connectionId = await save();
    assert.equal(window.snapshot?.endpoint.url, 'http://localhost:11434');
    const status = await window.peer.request('connections/connect', { connectionId });
    assert.equal(status.state, 'connected');
    assert.deepEqual(status.tunnel, { state: 'open', localPort, remotePort: 11434 });
    const endpoint = await window.until('the endpoint', ({ snapshot }) => {
      return snapshot?.endpoint.source === 'dgx' && snapshot.endpoint;
    });
    assert.deepEqual(endpoint, { url: `http://localhost:${localPort}`, source: 'dgx', connectionId });

    const ollama = new Ollama({ host: endpoint.url });
    const { models } = await ollama.list();
    assert.ok(models.length > 0);
    let text = '';
    let chunks = 0;
    for await (const part of await ollama.chat({
      model: models[0]!.name,
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
    })) {
      text += part.message.content;
      chunks += 1;
    }
    assert.ok(chunks > 1 && text.length > 0);
    // both families of loopback lead there
    assert.equal((await fetch(`http://[::1]:${localPort}/api/version`)).status, 200);

    await window.peer.request('connections/disconnect', { connectionId });
    await window.until('the endpoint to be the local one', ({ snapshot }) => snapshot?.endpoint.source === 'local');
    await assert.rejects(fetch(`http://127.0.0.1:${localPort}/api/version`));
  });

  it('asks about an unknown host key with its fingerprint, once, and refuses a changed one', async () => {
    const connectionId = await save();
    await window.peer.request('connections/connect', { connectionId });
    const [question] = window.questions;
    assert.ok(question?.kind === 'hostKey');
    assert.ok(spark.hostKeyFingerprints.includes(question.fingerprint));
    const file = join(fakeHome, '.ssh', 'known_hosts');
    assert.equal(question.file, file);
    const port = spark.port;
    await window.peer.request('connections/disconnect', { connectionId });
    await window.peer.request('connections/connect', { connectionId });
    assert.equal(window.questions.filter(asked => asked.kind === 'hostKey').length, 1);
    await window.peer.request('connections/disconnect', { connectionId });

    const before = readFileSync(file, 'utf8');
    await spark.close();
    spark = await startSpark({ password: PASSWORD, port }); // the same address, another key
    const logins = window.questions.length;
    await assert.rejects(window.peer.request('connections/connect', { connectionId }), (error: unknown) => {
      assert.ok(SparkError.is(error, 'hostKeyChanged'));
      const told = `${error.message} ${error.hint ?? ''}`;
      assert.ok(told.includes(question.fingerprint) && told.includes(spark.hostKeyFingerprints[0]!), told);
      return true;
    });
    assert.equal(window.questions.length, logins, 'nothing was asked, no password was sent');
    assert.equal(readFileSync(file, 'utf8'), before);
  });

  it('reports moving GPU metrics with the unified pool, keeps the last ones, and writes rows', async () => {
    const connectionId = await save();
    await window.peer.request('connections/connect', { connectionId });
    await window.until('four samples', ({ samples }) => samples.length >= 4);
    const [gpu] = window.samples[0]!.gpus;
    assert.equal(gpu?.name, 'NVIDIA GB10');
    assert.equal(gpu.memory.kind, 'unified');
    assert.equal(gpu.memory.totalMb, Math.floor(127_600_748 / 1024));
    assert.equal(gpu.powerLimitW, null, 'what is not reported is null');
    assert.ok(new Set(window.samples.map(sample => JSON.stringify(sample.gpus))).size > 1, 'the numbers move');

    // a window that opens later, or a panel that was hidden, finds the same samples
    const recent = await window.peer.request('metrics/recent', { connectionId });
    assert.ok(recent.length >= 4 && recent.length <= 60);
    assert.deepEqual(
      recent.map(sample => sample.at),
      recent.map(sample => sample.at).sort((a, b) => a - b),
    );
    await window.peer.request('engine/flush', {});
    const rows = await window.peer.request('metrics/history', { connectionId, hours: 1 });
    assert.ok(rows.length >= 1);
    assert.equal(rows[0]?.memoryTotalMb, gpu.memory.totalMb);
  });

  it('keeps a chat streaming while the only window is reloaded', async () => {
    const connectionId = await save();
    await window.peer.request('connections/connect', { connectionId });
    const pid = await window.enginePid();
    spark.ollama.holdAfter(3);
    const ollama = new Ollama({ host: `http://localhost:${localPort}` });
    const { models } = await ollama.list();
    const stream = await ollama.generate({ model: models[0]!.name, prompt: 'Go on', stream: true });
    const parts = stream[Symbol.asyncIterator]();
    for (let n = 0; n < 3; n++) assert.equal((await parts.next()).done, false);

    window.close();
    window = await open();
    assert.equal(await window.enginePid(), pid);
    assert.equal(window.connection(connectionId)?.status.state, 'connected');
    spark.ollama.release();
    let last: { done?: boolean } | undefined;
    for (let next = await parts.next(); !next.done; next = await parts.next()) last = next.value;
    assert.equal(last?.done, true);
    assert.equal(spark.logins(), 1);
  });

  it('comes back after the engine was killed, without asking where the password is in the keychain', async () => {
    await window.endEngine();
    const secrets = new Map<string, string>();
    const remembering = (question: Question): Answer =>
      question.kind === 'password' ? { kind: 'secret', secret: PASSWORD, remember: true } : goodUser(question);
    window = await open({ answer: remembering, secrets });
    const connectionId = await save();
    await window.peer.request('connections/connect', { connectionId });
    assert.equal([...secrets.values()].includes(PASSWORD), true);
    process.kill(await window.enginePid(), 'SIGKILL');
    await window.until('the loss', ({ peer }) => peer.closed.aborted);

    window = await open({ answer: remembering, secrets });
    await window.until('the connection', w => w.connection(connectionId)?.status.tunnel.state === 'open');
    assert.deepEqual(window.questions, []);
    assert.equal((await fetch(`http://localhost:${localPort}/api/version`)).status, 200);
    // the secret is nowhere on disk
    assert.equal(window.logLines.join().includes(PASSWORD), false);
    await window.peer.request('engine/flush', {});
    assert.equal(readFileSync(join(storage.folder, 'dgx-spark.sqlite')).includes(PASSWORD), false);
  });

  it('says what holds the port and takes the next free one when the user agrees', async () => {
    const holder: Server = createServer().listen(localPort, '127.0.0.1');
    await once(holder, 'listening');
    try {
      const connectionId = await save();
      const agreeing = (question: Question): Answer =>
        question.kind === 'portBusy' ? { kind: 'yes' } : goodUser(question);
      window.close();
      window = await open({ answer: agreeing });
      const status = await window.peer.request('connections/connect', { connectionId, offerChoices: true });
      const question = window.questions.find(asked => asked.kind === 'portBusy');
      assert.ok(question);
      assert.equal(question.port, localPort);
      assert.ok(question.holder?.includes(String(process.pid)), String(question.holder));
      assert.ok(status.tunnel.state === 'open' && status.tunnel.localPort === question.free);
      await window.until('the endpoint with that port', w => w.snapshot?.endpoint.url.endsWith(`:${question.free}`));
    } finally {
      holder.close();
    }
  });

  it('moves the port to another connection when that becomes the active one', async () => {
    const other = await startSpark({ password: PASSWORD });
    try {
      const [first, second] = [await save(), await save('spark-2', other.port)];
      await window.peer.request('connections/connect', { connectionId: first });
      await window.peer.request('connections/connect', { connectionId: second });
      assert.equal(window.snapshot?.endpoint.connectionId, first);
      const port = (id: string) => {
        const tunnel = window.connection(id)?.status.tunnel;
        return tunnel?.state === 'open' && tunnel.localPort;
      };
      await window.until('two tunnels', () => port(first) === localPort && port(second) && port(second) !== localPort);
      await window.peer.request('connections/setActive', { connectionId: second });
      await window.until('the ports to be exchanged', w => {
        return port(second) === localPort && port(first) !== localPort && w.snapshot?.endpoint.connectionId === second;
      });
      const seen = other.ollama.requests.length;
      await fetch(`http://127.0.0.1:${localPort}/api/version`);
      assert.ok(other.ollama.requests.length > seen);
    } finally {
      await other.close();
    }
  });

  it('gives each failure its own code', async () => {
    const cancelling = new AbortController();
    const connectionId = await save();
    const attempt = async (id: string, signal?: AbortSignal) => {
      try {
        await window.peer.request('connections/connect', { connectionId: id }, signal);
        return 'connected';
      } catch (error) {
        assert.ok(SparkError.is(error));
        return error.code;
      }
    };
    const save2 = async (changes: object) => {
      await window.peer.request('connections/update', { connectionId, changes });
      return await attempt(connectionId);
    };
    spark.faults.refuseLogins(true);
    assert.equal(await attempt(connectionId), 'authFailed');
    spark.faults.refuseLogins(false);
    assert.equal(await save2({ port: await freePort() }), 'connectionRefused');
    assert.equal(await save2({ hostname: 'no-such-host.invalid' }), 'hostNotFound');
    const key = join(fakeHome, 'no-such-key');
    assert.equal(
      await save2({ hostname: '127.0.0.1', port: spark.port, sshKeyPath: key, authMethod: 'key' }),
      'keyMissing',
    );
    writeFileSync(key, 'not a key');
    assert.equal(await attempt(connectionId), 'keyFormat');
    await window.until('the error to be shown', w => w.connection(connectionId)?.status.state === 'error');
    spark.faults.goSilent(true);
    await window.peer.request('connections/update', { connectionId, changes: { authMethod: 'password' } });
    const silent = attempt(connectionId, cancelling.signal);
    await window.until('the attempt', w => w.connection(connectionId)?.status.state === 'connecting');
    cancelling.abort();
    assert.equal(await silent, 'cancelled');
    await window.until('peace', w => w.connection(connectionId)?.status.state === 'disconnected');
    spark.faults.goSilent(false);
  });
});
