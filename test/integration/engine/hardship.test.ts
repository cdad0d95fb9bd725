import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { systemClock } from '../../../src/engine/base/clock.js';
import { bindSocket } from '../../../src/engine/server/socketServer.js';
import { findSocketAddress } from '../../../src/link/address.js';
import { SparkError } from '../../../src/shared/errors.js';
import { FakeClock } from '../../support/fakeClock.js';
import { ENGINE_FILE, newStorage, TestWindow } from '../../support/window.js';

const INPUT = { name: 'spark-1', hostname: '127.0.0.1', username: 'nvidia' };

describe('an engine in a hard place', () => {
  let storage: ReturnType<typeof newStorage>;
  const temporary = process.env['TMPDIR'];

  beforeEach(() => {
    storage = newStorage();
  });
  afterEach(() => {
    if (temporary === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = temporary;
    storage.remove();
  });

  it('serves all windows of a home whose path is too long for a socket, whatever their temporary folder is', async () => {
    const folder = join(storage.folder, 'a'.repeat(60), 'b'.repeat(60));
    const first = await TestWindow.open({ storage: folder });
    process.env['TMPDIR'] = join(storage.folder, 'other');
    mkdirSync(process.env['TMPDIR']);
    const second = await TestWindow.open({ storage: folder });
    assert.equal(await second.enginePid(), await first.enginePid());
    second.close();
    await first.endEngine();
    rmSync(dirname((await findSocketAddress(folder))!), { recursive: true, force: true });
  });

  it('says in plain words why its folder cannot be used', async () => {
    const inTheWay = join(storage.folder, 'file');
    writeFileSync(inTheWay, '');
    await assert.rejects(TestWindow.open({ storage: join(inTheWay, 'storage') }), (error: unknown) => {
      assert.ok(SparkError.is(error, 'engineUnavailable'), String(error));
      assert.ok(error.message.includes(inTheWay) && !error.message.includes('ENOTDIR'), error.message);
      return error.hint !== undefined;
    });
  });

  it('lives through an error that nobody caught, and ends when there is no end to them', async () => {
    const injected = join(storage.folder, 'inject.cjs');
    writeFileSync(
      injected,
      `process.on('SIGUSR2', () => { void Promise.reject(new Error('a promise nobody waits for')); throw new Error('boom'); });`,
    );
    const options = { storageFolder: storage.folder, extensionVersion: '0.1.0', lingerSeconds: 5, location: 'process' };
    const engine = fork(ENGINE_FILE, [JSON.stringify(options)], {
      execArgv: ['--require', injected],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const exited = once(engine, 'exit');
    await once(engine, 'message');
    const window = await TestWindow.open({ storage: storage.folder });
    assert.equal(await window.enginePid(), engine.pid);
    process.kill(engine.pid!, 'SIGUSR2');
    const complaints = (count: number) => (w: TestWindow) =>
      w.logLines.filter(line => line.includes('Unexpected')).length >= count;
    await window.until('both to be told', complaints(2));
    assert.ok(window.logLines.some(line => line.includes('boom')));
    // it still works
    const { id } = await window.peer.request('connections/create', INPUT);
    for (let told = 4; told <= 10; told += 2) {
      process.kill(engine.pid!, 'SIGUSR2');
      await window.until('the next ones to be told', complaints(told));
    }
    process.kill(engine.pid!, 'SIGUSR2');
    await exited;

    const next = await TestWindow.open({ storage: storage.folder });
    assert.equal(next.connection(id)?.name, 'spark-1');
    await next.endEngine();
  });

  it('keeps what its predecessor said last', async () => {
    writeFileSync(join(storage.folder, 'engine.stderr.log'), 'why it died');
    const window = await TestWindow.open({ storage: storage.folder });
    assert.equal(readFileSync(join(storage.folder, 'engine.stderr.previous.log'), 'utf8'), 'why it died');
    await window.endEngine();
  });

  it('makes its socket anew when a cleaner of temporary folders has deleted it, and keeps its connections', async () => {
    const clock = new FakeClock();
    const server = await bindSocket(storage.folder, socket => socket.pipe(socket), clock);
    const address = (await findSocketAddress(storage.folder))!;
    const before = connect(address);
    await once(before, 'connect');
    rmSync(address);
    clock.advance(5_000);
    while (clock.pending === 0) await new Promise(resolve => setImmediate(resolve)); // the next look is planned
    const after = connect(address);
    await once(after, 'connect');
    before.write('still here');
    assert.equal(String(((await once(before, 'data')) as [Buffer])[0]), 'still here');
    before.destroy();
    after.destroy();
    server.dispose();
    assert.deepEqual([existsSync(address), server.displaced.aborted, clock.pending], [false, false, 0]);
  });

  it('gives up its place when another engine has taken it, or the storage folder is gone', async () => {
    for (const takeAway of [
      async (address: string) => {
        rmSync(address);
        const other = createServer().listen(address);
        await once(other, 'listening');
        return () => other.close();
      },
      () => {
        rmSync(storage.folder, { recursive: true });
        return () => undefined;
      },
    ]) {
      const clock = new FakeClock();
      const server = await bindSocket(storage.folder, socket => socket.destroy(), clock);
      const displaced = once(server.displaced, 'abort');
      const release = await takeAway((await findSocketAddress(storage.folder))!);
      clock.advance(5_000);
      await displaced;
      server.dispose();
      release();
      assert.equal(clock.pending, 0);
    }
  });

  it("does not take another engine's socket away when it ends", async () => {
    const ours = await bindSocket(storage.folder, socket => socket.destroy(), systemClock);
    const address = (await findSocketAddress(storage.folder))!;
    rmSync(address);
    const other = createServer().listen(address);
    await once(other, 'listening');
    ours.dispose();
    assert.equal(existsSync(address), true);
    other.close();
  });
});
