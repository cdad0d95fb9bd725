import assert from 'node:assert/strict';
import { Ollama } from 'ollama';
import { join } from 'node:path';
import type { Answer, Question } from '../../../src/shared/questions.js';
import { type Spark, startSpark } from '../../spark/spark.js';
import { freePort, makeKey, type Sshd, startSshd } from '../../support/sshd.js';
import { newStorage, TestWindow } from '../../support/window.js';

const PASSPHRASE = 'open sesame';

describe('the main job against a real sshd', () => {
  const home = process.env['HOME'];
  const secrets = new Map<string, string>();
  let storage: ReturnType<typeof newStorage>;
  let spark: Spark; // lends its nvidia-smi and its Ollama
  let sshd: Sshd;
  let localPort: number;
  let window: TestWindow;
  let connectionId: string;

  function answer(question: Question): Answer {
    if (question.kind === 'hostKey') return { kind: 'yes' };
    if (question.kind === 'passphrase')
      return { kind: 'secret', secret: question.wrong ? PASSPHRASE : 'wrong', remember: question.wrong };
    return { kind: 'cancelled' };
  }

  async function open(): Promise<TestWindow> {
    return await TestWindow.open({
      storage: storage.folder,
      secrets,
      answer,
      settings: { localPort, remotePort: spark.ollamaPort, pollIntervalSeconds: 0.5, keepaliveSeconds: 1 },
    });
  }

  before(async () => {
    storage = newStorage();
    spark = await startSpark();
    localPort = await freePort();
    sshd = await startSshd({ path: `${join(spark.folder, 'bin')}:/usr/bin:/bin` });
    process.env['HOME'] = sshd.home;
    const key = makeKey(join(sshd.folder, 'id_locked'), 'ed25519', ['-N', PASSPHRASE]);
    sshd.authorize(key);
    window = await open();
    ({ id: connectionId } = await window.peer.request('connections/create', {
      name: 'real',
      hostname: '127.0.0.1',
      port: sshd.port,
      username: sshd.username,
      sshKeyPath: key,
    }));
  });
  after(async () => {
    await window.endEngine();
    await sshd.stop();
    await spark.close();
    storage.remove();
    process.env['HOME'] = home;
  });

  it('logs in with a key whose passphrase is asked, again when it is wrong, and kept when the user wishes', async () => {
    await window.peer.request('connections/connect', { connectionId });
    assert.deepEqual(
      window.questions.map(question => question.kind),
      ['hostKey', 'passphrase', 'passphrase'],
    );
    assert.deepEqual([...secrets.values()], [PASSPHRASE]);
  });

  it('carries Ollama and the metrics', async () => {
    const { models } = await new Ollama({ host: `http://127.0.0.1:${localPort}` }).list();
    assert.ok(models.length > 0);
    const sample = await window.until('a sample', ({ samples }) => samples.at(-1));
    assert.deepEqual([sample.error, sample.gpus[0]?.name], [undefined, 'NVIDIA GB10']);
    assert.ok(sample.memory && sample.memory.totalMb > 0);
  });

  it('comes back with the engine, asking nothing', async () => {
    process.kill(await window.enginePid(), 'SIGKILL');
    await window.until('the loss', ({ peer }) => peer.closed.aborted);
    window = await open();
    await window.until('the tunnel', w => w.connection(connectionId)?.status.tunnel.state === 'open');
    assert.deepEqual(window.questions, []);
  });

  it('notices a link that has gone silent, says that it is coming back, and comes back', async () => {
    const resume = sshd.pauseSessions();
    await window.until('the loss', w => w.connection(connectionId)?.status.error?.code === 'connectionLost');
    resume();
    await window.until('the link', w => w.connection(connectionId)?.status.state === 'connected');
    assert.equal((await fetch(`http://127.0.0.1:${localPort}/api/version`)).status, 200);
  });
});
