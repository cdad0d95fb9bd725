import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { type Disk, type DiskFile, nodeDisk } from '../../../src/engine/store/disk.js';
import type { Store } from '../../../src/engine/store/types.js';
import { Place, sample, SECOND, SPARK } from './support.js';

/** The real disk up to one operation; that one is done half or not at all, and nothing happens afterwards. */
function crashingDisk(crashAt: number): { disk: Disk; crashed: () => boolean } {
  const real = nodeDisk();
  let operations = 0;
  const crashed = () => operations >= crashAt;
  const step = async <T>(whole: () => Promise<T>, half?: () => Promise<void>): Promise<T> => {
    if (crashed()) throw new Error('dead');
    operations += 1;
    if (!crashed()) return whole();
    await half?.();
    throw new Error('crashed');
  };
  const wrap = (file: DiskFile): DiskFile => ({
    ...file,
    write: (bytes, position) =>
      step(
        () => file.write(bytes, position),
        () => file.write(bytes.subarray(0, bytes.length / 2), position),
      ),
    truncate: length => step(() => file.truncate(length)),
    sync: () => step(() => file.sync()),
  });
  const disk: Disk = {
    ...real,
    create: path => step(async () => wrap(await real.create(path))),
    openOrCreate: path => step(async () => wrap(await real.openOrCreate(path))),
    rename: (from, to) => step(() => real.rename(from, to)),
    remove: path => step(() => real.remove(path)),
    syncFolder: path => step(() => real.syncFolder(path)),
  };
  return { disk, crashed };
}

/** What was acknowledged before the crash. */
interface Acknowledged {
  first?: string;
  second?: string;
  renamed?: boolean;
  secondDeleted?: boolean;
  active?: boolean;
  /** Measurements that a later acknowledged change was behind. */
  samples: number;
}

async function live(place: Place, disk: Disk, done: Acknowledged): Promise<void> {
  const store = await place.open({ disk });
  const { connections, metrics } = store;
  const { id } = await connections.create(SPARK);
  done.first = id;
  const save = () => {
    place.clock.time += SECOND;
    metrics.save(sample(id, place.clock.time));
  };
  save();
  done.second = (await connections.create({ ...SPARK, name: 'second' })).id;
  done.samples = 1;
  save();
  save();
  await connections.update(id, { name: 'renamed' });
  Object.assign(done, { renamed: true, samples: 3 });
  await store.flush();
  save();
  await connections.markConnected(id);
  done.samples = 4;
  await connections.delete(done.second);
  done.secondDeleted = true;
  save();
  await connections.setActive(id);
  Object.assign(done, { active: true, samples: 5 });
  await store.close();
}

function check(store: Store, done: Acknowledged): void {
  const list = store.connections.list();
  const ids = list.map(each => each.id);
  if (done.first === undefined) return;
  const first = store.connections.get(done.first);
  if (done.renamed === true) assert.equal(first.name, 'renamed');
  if (done.active === true) assert.equal(first.isActive, true);
  // a change that was under way may be there or not
  if (done.second !== undefined && done.renamed !== true) assert.ok(ids.includes(done.second));
  if (done.secondDeleted === true) assert.deepEqual(ids, [done.first]);
  const rows = store.metrics.history(done.first, 24);
  assert.ok(rows.length >= done.samples, `${rows.length} of ${done.samples} measurements`);
  assert.equal(new Set(rows.map(row => row.at)).size, rows.length, 'none twice');
}

describe('a crash', () => {
  it('at any step of writing leaves a valid file and everything that was acknowledged', async function () {
    this.timeout(180_000);
    let steps = 0;
    for (let finished = false; !finished;) {
      steps += 1;
      const place = new Place();
      try {
        const { disk, crashed } = crashingDisk(steps);
        const done: Acknowledged = { samples: 0 };
        await live(place, disk, done).catch(() => undefined);
        finished = !crashed();
        if (existsSync(place.database))
          assert.equal(place.query('PRAGMA integrity_check; PRAGMA foreign_key_check'), 'ok');
        const store = await place.open();
        check(store, done);
        assert.deepEqual(store.notices, [], `step ${steps}`);
      } catch (error) {
        throw new Error(`after a crash at step ${steps}`, { cause: error });
      } finally {
        await place.remove();
      }
    }
    assert.ok(steps > 50, `${steps} steps`);
  });
});
