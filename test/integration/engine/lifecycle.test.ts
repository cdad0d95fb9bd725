import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SparkError } from '../../../src/shared/errors.js';
import { newStorage, TestWindow } from '../../support/window.js';

/** Resolves when the process is gone. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise(resolve => setImmediate(resolve));
  }
}

const INPUT = { name: 'spark-1', hostname: '127.0.0.1', username: 'nvidia' };

describe('one engine for all windows', () => {
  let storage: ReturnType<typeof newStorage>;

  beforeEach(() => {
    storage = newStorage();
  });
  afterEach(() => {
    storage.remove();
  });

  it('shows in one window at once what was saved in another, and leads with the oldest', async () => {
    const first = await TestWindow.open({ storage: storage.folder });
    const second = await TestWindow.open({ storage: storage.folder });
    assert.equal(await first.enginePid(), await second.enginePid());
    const { id } = await first.peer.request('connections/create', INPUT);
    const seen = await second.until('the new connection', window => window.connection(id));
    assert.equal(seen.name, 'spark-1');
    assert.equal(seen.status.state, 'disconnected');
    assert.deepEqual([first.leader, second.leader], [true, false]);
    first.close();
    await second.until('the lead', window => window.leader);
    await second.endEngine();
  });

  it('goes on when the first window has gone, and ends by itself after the last', async () => {
    const first = await TestWindow.open({ storage: storage.folder, settings: { lingerSeconds: 0 } });
    const second = await TestWindow.open({ storage: storage.folder, settings: { lingerSeconds: 0 } });
    const pid = await first.enginePid();
    first.close();
    assert.equal(await second.enginePid(), pid);
    second.close();
    await gone(pid);
  });

  it('is started again after it was killed, with everything that was acknowledged', async () => {
    const first = await TestWindow.open({ storage: storage.folder });
    const { id } = await first.peer.request('connections/create', INPUT);
    const pid = await first.enginePid();
    process.kill(pid, 'SIGKILL');
    await first.until('the loss to be noticed', window => window.peer.closed.aborted);
    const again = await TestWindow.open({ storage: storage.folder });
    assert.notEqual(await again.enginePid(), pid);
    assert.equal(again.connection(id)?.hostname, '127.0.0.1');
    await again.endEngine();
  });

  it('gives way to a newer version and is not replaced by an older one', async () => {
    const older = await TestWindow.open({ storage: storage.folder, version: '0.1.0' });
    const oldPid = await older.enginePid();
    const newer = await TestWindow.open({ storage: storage.folder, version: '0.2.0' });
    assert.notEqual(await newer.enginePid(), oldPid);
    await older.until('the old engine to have gone', window => window.peer.closed.aborted);
    const olderAgain = await TestWindow.open({ storage: storage.folder, version: '0.1.0' });
    assert.equal(await olderAgain.enginePid(), await newer.enginePid());
    olderAgain.close();
    await newer.endEngine();
  });

  it('runs inside a window where that is wished, and serves the others from there', async () => {
    const host = await TestWindow.open({ storage: storage.folder, location: 'window' });
    const guest = await TestWindow.open({ storage: storage.folder });
    const info = await guest.peer.request('engine/info', {});
    assert.deepEqual([info.pid, info.location, info.clients], [process.pid, 'window', 2]);
    host.close();
    await guest.until('the host window to take its engine along', window => window.peer.closed.aborted);
  });

  it('says why it cannot start', async () => {
    await mkdir(join(storage.folder, 'dgx-spark.sqlite'), { recursive: true });
    await writeFile(join(storage.folder, 'dgx-spark.sqlite', 'in-the-way'), '');
    await assert.rejects(TestWindow.open({ storage: storage.folder }), (error: unknown) => SparkError.is(error));
  });
});

describe('requests of the contract', () => {
  const storage = newStorage();
  let window: TestWindow;

  before(async () => {
    window = await TestWindow.open({ storage: storage.folder });
  });
  after(async () => {
    await window.endEngine();
    storage.remove();
  });

  it('refuse input that is not theirs, naming the field', async () => {
    await assert.rejects(
      window.peer.request('connections/create', { ...INPUT, hostname: '-oProxyCommand=evil' }),
      (error: unknown) => SparkError.is(error, 'invalidInput') && error.field === 'hostname',
    );
    await assert.rejects(
      window.peer.request('connections/create', { ...INPUT, port: 70000 }),
      (error: unknown) => SparkError.is(error, 'invalidInput') && error.field === 'port',
    );
    await assert.rejects(window.peer.request('connections/get', { connectionId: 'nobody' }), (error: unknown) =>
      SparkError.is(error, 'notFound'),
    );
  });

  it('keep, change and delete a connection', async () => {
    const { id } = await window.peer.request('connections/create', INPUT);
    await window.peer.request('connections/update', { connectionId: id, changes: { name: 'renamed', port: 2222 } });
    const found = await window.peer.request('connections/get', { connectionId: id });
    assert.deepEqual([found.name, found.port, found.authMethod], ['renamed', 2222, 'auto']);
    await window.peer.request('connections/delete', { connectionId: id });
    await window.until('it to be gone', ({ snapshot }) => snapshot && !snapshot.connections.some(c => c.id === id));
  });

  it('say that a connection which is down has no tunnel', async () => {
    const { id } = await window.peer.request('connections/create', INPUT);
    await assert.rejects(window.peer.request('tunnel/start', { connectionId: id }), (error: unknown) =>
      SparkError.is(error, 'notConnected'),
    );
  });
});
