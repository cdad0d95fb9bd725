import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Disk, type DiskFile, nodeDisk } from '../../../src/engine/store/disk.js';
import { SparkError } from '../../../src/shared/errors.js';
import { Place, sample, SECOND, SPARK } from './support.js';

/** The real disk until it is filled; then every write stores half of its bytes and fails, as a full one does. */
type FillingDisk = Disk & { full: boolean };

function fillingDisk(): FillingDisk {
  const real = nodeDisk();
  const wrap = (file: DiskFile): DiskFile => ({
    ...file,
    write: async (bytes, position) => {
      if (!disk.full) return file.write(bytes, position);
      await file.write(bytes.subarray(0, bytes.length / 2), position);
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    },
  });
  const disk: FillingDisk = {
    ...real,
    full: false,
    create: async path => wrap(await real.create(path)),
    openOrCreate: async path => wrap(await real.openOrCreate(path)),
  };
  return disk;
}

const isUnwritable = (error: unknown) => SparkError.is(error, 'databaseUnwritable') && error.hint !== undefined;

describe('a disk that cannot be written', function () {
  this.timeout(20_000); // real files, on a machine that may be busy
  let place: Place;
  let disk: FillingDisk;
  beforeEach(() => {
    place = new Place();
    disk = fillingDisk();
  });
  afterEach(() => place.remove());

  it('makes a user’s change fail as if it had never been asked for', async () => {
    const store = await place.open({ disk });
    const { id } = await store.connections.create(SPARK);
    await store.flush();
    const before = store.connections.list();
    disk.full = true;
    for (const action of [
      store.connections.create({ ...SPARK, name: 'too much' }),
      store.connections.update(id, { name: 'other' }),
      store.connections.delete(id),
      store.flush().then(() => store.connections.delete(id)),
    ])
      await assert.rejects(action, isUnwritable);
    assert.deepEqual(store.connections.list(), before);
    assert.equal(place.query('PRAGMA integrity_check; SELECT name FROM dgx_connections'), 'ok\nSpark');
    disk.full = false;
    assert.deepEqual((await place.open()).connections.list(), before);
  });

  it('does not keep a running session from knowing what it is doing', async () => {
    const store = await place.open({ disk });
    const { id } = await store.connections.create(SPARK);
    disk.full = true;
    await assert.rejects(store.connections.setWanted(id, true), isUnwritable);
    await assert.rejects(store.connections.setActive(id), isUnwritable);
    await assert.rejects(store.connections.markConnected(id), isUnwritable);
    const { wanted, isActive, lastConnectedAt } = store.connections.get(id);
    assert.deepEqual(
      { wanted, isActive, lastConnectedAt },
      { wanted: true, isActive: true, lastConnectedAt: place.clock.time },
    );
    disk.full = false;
    const changed = await store.connections.update(id, { name: 'space again' });
    await store.flush();
    assert.deepEqual((await place.open()).connections.get(id), changed);
  });

  it('loses no measurement, and is spoken of once', async () => {
    const store = await place.open({ disk });
    const { id } = await store.connections.create(SPARK);
    await store.flush();
    const save = async () => {
      place.clock.time += 20 * SECOND;
      store.metrics.save(sample(id, place.clock.time));
      await store.connections.setActive('nobody').catch(() => undefined); // behind it in the queue
    };
    await save();
    disk.full = true;
    for (let step = 0; step < 5; step += 1) await save();
    assert.equal(place.lines.filter(line => line.level === 'error').length, 1);
    disk.full = false;
    await save();
    await save();
    const recovered = await place.open(); // as after a crash now
    assert.equal(recovered.metrics.history(id, 1).length, 8);
    assert.deepEqual(recovered.notices, []);
  });

  it('at closing time loses nothing while the journal still holds it', async () => {
    const store = await place.open({ disk });
    const { id } = await store.connections.create(SPARK);
    await store.flush();
    await store.connections.markConnected(id);
    disk.full = true;
    await store.close();
    disk.full = false;
    assert.equal((await place.open()).connections.get(id).lastConnectedAt, place.clock.time);
  });

  it('from the very start gives a store that works in memory and says so', async () => {
    disk.full = true;
    const store = await place.open({ disk });
    assert.match(store.notices.join(), /the disk is full/);
    assert.deepEqual(store.connections.list(), []);
    await assert.rejects(store.connections.create(SPARK), isUnwritable);
    disk.full = false;
    const { id } = await store.connections.create(SPARK);
    await store.flush();
    assert.equal((await place.open()).connections.get(id).name, 'Spark');
  });

  it('stops a migration that could not be backed up', async () => {
    execFileSync('sqlite3', [place.database, 'CREATE TABLE unrelated (x); PRAGMA user_version = 0;']);
    const before = readFileSync(place.database);
    disk.full = true;
    await assert.rejects(place.open({ disk }), isUnwritable);
    assert.deepEqual(readFileSync(place.database), before);
    assert.deepEqual(place.names(/./), ['dgx-spark.sqlite']);
  });

  it('that is really full behaves like that', async function () {
    const folder = join(place.folder, 'small');
    mkdirSync(folder);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'none', folder], { stdio: 'ignore' });
    } catch {
      this.skip(); // only root may mount
    }
    try {
      const store = await place.open({ folder });
      const { id } = await store.connections.create(SPARK);
      await store.flush();
      const room = (bytes: number) => writeFileSync(join(folder, 'filler'), Buffer.alloc(bytes));
      assert.throws(() => room(400 * 1024), { code: 'ENOSPC' });
      // the journal's page may still have room: fill that too
      await assert.rejects(async () => {
        for (let change = 0; change < 100; change += 1)
          await store.connections.update(id, { name: `change ${change}` });
      }, isUnwritable);
      const before = store.connections.list();
      store.metrics.save(sample(id, place.clock.time));
      await assert.rejects(store.connections.create(SPARK), isUnwritable);
      rmSync(join(folder, 'filler'));
      await store.connections.markConnected(id);
      const reopened = await place.open({ folder });
      assert.deepEqual(
        reopened.connections.list(),
        before.map(each => ({ ...each, lastConnectedAt: place.clock.time })),
      );
      assert.equal(reopened.metrics.history(id, 1).length, 1);
      await reopened.close();
      await store.close();
    } finally {
      execFileSync('umount', ['-l', folder]);
    }
  });
});
