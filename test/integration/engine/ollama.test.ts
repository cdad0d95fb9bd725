import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ollama } from 'ollama';
import type { ModelList } from '../../../src/shared/ollama.js';
import type { Answer, Question } from '../../../src/shared/questions.js';
import { type Spark, startSpark } from '../../spark/spark.js';
import { freePort } from '../../support/sshd.js';
import { newStorage, TestWindow } from '../../support/window.js';

const PASSWORD = 'correct horse';
const MODEL = 'llama3.1:8b';

function goodUser(question: Question): Answer {
  if (question.kind === 'password') return { kind: 'secret', secret: PASSWORD, remember: false };
  return question.kind === 'hostKey' ? { kind: 'yes' } : { kind: 'cancelled' };
}

describe('the Ollama of a Spark', () => {
  const home = process.env['HOME'];
  let fakeHome: string;
  let storage: ReturnType<typeof newStorage>;
  let spark: Spark;
  let window: TestWindow;
  let localPort: number;
  let connectionId: string;
  let service: Server;

  before(async () => {
    fakeHome = mkdtempSync(join(tmpdir(), 'dgxs-home-'));
    mkdirSync(join(fakeHome, '.ssh'), { mode: 0o700 });
    process.env['HOME'] = fakeHome;
    storage = newStorage();
    spark = await startSpark({ password: PASSWORD, chunks: 6 });
    service = createServer((_request, response) => response.end('x'.repeat(5000))).listen(0, '127.0.0.1');
    await new Promise(resolve => service.once('listening', resolve));
    spark.serve([{ address: '127.0.0.1', port: 8188, at: (service.address() as AddressInfo).port }]);
    localPort = await freePort();
    window = await TestWindow.open({
      ...{ storage: storage.folder, answer: goodUser },
      settings: { localPort, pollIntervalSeconds: 0.5 },
    });
    ({ id: connectionId } = await window.peer.request('connections/create', {
      ...{ name: 'spark-1', hostname: '127.0.0.1', port: spark.port, username: spark.username },
    }));
    await window.peer.request('connections/connect', { connectionId });
    await window.peer.request('connections/setActive', { connectionId });
  });
  after(async () => {
    await window.endEngine();
    service.close();
    await spark.close();
    storage.remove();
    process.env['HOME'] = home;
    rmSync(fakeHome, { recursive: true, force: true });
  });

  const models = async (): Promise<ModelList> =>
    await window.peer.request('ollama/models', { connectionId, fresh: true });

  it('answers the official client and a plain fetch through the tunnel', async () => {
    const ollama = new Ollama({ host: `http://localhost:${localPort}` });
    assert.equal((await ollama.list()).models.length, spark.ollama.installed.length);
    const answer = await fetch(`http://localhost:${localPort}/api/version`);
    assert.deepEqual(await answer.json(), { version: '0.12.6' });
  });

  it('tells how both endpoints do', async () => {
    const { dgx } = await window.peer.request('ollama/health', {});
    assert.equal(dgx?.state, 'up');
    assert.equal(dgx.version, '0.12.6');
    assert.equal(dgx.url, `http://localhost:${localPort}`);
    assert.equal(dgx.connectionName, 'spark-1');
  });

  it('lists what is installed, with what each needs and whether it fits', async () => {
    await window.until('a sample', ({ samples }) => samples.length > 0);
    const { state, installed, loaded } = await models();
    assert.equal(state, 'up');
    assert.deepEqual(loaded, []);
    const llama = installed.find(({ name }) => name === MODEL);
    assert.equal(llama?.parameters, '8.0B');
    assert.equal(llama.quantization, 'Q4_K_M');
    assert.equal(llama.contextLength, 131_072);
    assert.deepEqual(llama.capabilities, ['completion', 'tools']);
    // 32 layers, 8 heads that keep keys and values, 128 numbers a head, 2 bytes each
    assert.equal(llama.needs.contextBytes, 32_768 * 32 * 8 * (128 + 128) * 2);
    assert.equal(llama.fit, 'yes');
    assert.equal(installed.find(({ name }) => name === 'qwen3:235b')?.fit, 'no');
  });

  it('chats in parts, shows the model as loaded, and unloads it', async () => {
    const end = await window.peer.request('ollama/chat', {
      ...{ connectionId, streamId: 'one', model: MODEL, messages: [{ role: 'user', content: 'Hello' }] },
    });
    assert.equal(end.reason, 'stop');
    const parts = window.chatParts.filter(({ streamId }) => streamId === 'one');
    assert.ok(parts.length >= 6);
    assert.ok(parts.every(({ part }) => part.kind === 'text'));
    const { loaded } = await models();
    assert.deepEqual(
      loaded.map(({ name, contextLength }) => [name, contextLength]),
      [[MODEL, 32_768]],
    );
    await window.peer.request('ollama/unload', { connectionId, model: MODEL });
    assert.deepEqual((await models()).loaded, []);
  });

  it('says what a model needs against what there is, and who holds the rest', async () => {
    const check = await window.peer.request('ollama/checkMemory', { connectionId, model: 'gpt-oss:120b' });
    assert.equal(check.pool, 'unified');
    assert.ok(check.availableBytes !== null && check.totalBytes !== null && check.availableBytes < check.totalBytes);
    assert.ok(check.holders.length > 0);
  });

  it('ends a chat that is cancelled, on the Spark too', async () => {
    spark.ollama.holdAfter(2);
    const stop = new AbortController();
    const chat = window.peer.request(
      'ollama/chat',
      { ...{ connectionId, streamId: 'two', model: MODEL, messages: [{ role: 'user', content: 'Hello' }] } },
      stop.signal,
    );
    const ended = assert.rejects(chat, { code: 'cancelled' });
    await spark.ollama.untilHeld();
    stop.abort();
    await ended;
    spark.ollama.release();
  });

  it('goes on with a pull where it was cancelled, and tells how far it is', async () => {
    spark.ollama.holdAfter(4);
    const first = window.peer.request('ollama/pull', { connectionId, model: 'qwen3:0.6b' });
    const ended = assert.rejects(first, { code: 'cancelled' });
    await spark.ollama.untilHeld();
    await window.until('progress', ({ pulls }) =>
      pulls.at(-1)?.some(({ completedBytes }) => (completedBytes ?? 0) > 0),
    );
    await window.peer.request('ollama/cancelPull', { connectionId, model: 'qwen3:0.6b' });
    await ended;
    spark.ollama.release();
    const there = spark.ollama.pulledOf('qwen3:0.6b');
    assert.ok(there > 0);
    await window.peer.request('ollama/pull', { connectionId, model: 'qwen3:0.6b' });
    assert.ok((await models()).installed.some(({ name }) => name === 'qwen3:0.6b'));
    await window.until('the end of the pulls', ({ pulls }) => pulls.at(-1)?.length === 0);
    await window.peer.request('ollama/delete', { connectionId, model: 'qwen3:0.6b' });
    assert.ok(!spark.ollama.installed.includes('qwen3:0.6b'));
    await assert.rejects(window.peer.request('ollama/pull', { connectionId, model: 'no-such-model' }));
  });

  it('offers what listens, forwards it, counts what it carries, and remembers it', async () => {
    const offers = await window.peer.request('forwards/offers', { connectionId });
    assert.deepEqual(offers[0], {
      ...{ remoteHost: '127.0.0.1', remotePort: 8188, label: 'ComfyUI', known: true, listening: true },
    });
    // somebody has the wished port
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise(resolve => taken.once('listening', resolve));
    const wished = (taken.address() as AddressInfo).port;
    const forward = { remotePort: 8188, localPort: wished };
    const { localPort: bound } = await window.peer.request('forwards/add', { connectionId, forward });
    assert.notEqual(bound, wished);
    const answer = await fetch(`http://localhost:${bound}`);
    assert.equal((await answer.text()).length, 5000);
    await window.until('the traffic', ({ traffic }) =>
      [...traffic.values()].some(({ bytesDown }) => bytesDown >= 5000),
    );
    taken.close();
    await window.peer.request('connections/disconnect', { connectionId });
    await window.until('it to be closed', ({ snapshot }) => snapshot?.forwards[0]?.status.state === 'closed');
    await assert.rejects(fetch(`http://localhost:${bound}`));
    await window.peer.request('connections/connect', { connectionId });
    await window.until('it to be open again', ({ snapshot }) => snapshot?.forwards[0]?.status.state === 'open');
    await window.peer.request('forwards/remove', { connectionId, forward: { remotePort: 8188 } });
    assert.deepEqual(window.snapshot?.forwards, []);
  });

  it('looks for Ollama where the connection says it is, and says why it is not there', async () => {
    const update = async (ollamaPort: number | null) =>
      await window.peer.request('connections/update', { connectionId, changes: { ollamaPort } });
    await update(await freePort());
    const { state, error } = await models();
    assert.ok(state === 'missing' || state === 'stopped', state);
    assert.match(error?.message ?? '', /spark-1/);
    await update(spark.ollamaPort);
    assert.equal((await models()).state, 'up');
    const answer = await fetch(`http://localhost:${localPort}/api/version`);
    assert.equal(answer.status, 200);
  });
});
