import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DATABASE_VERSION } from '../../../src/shared/contract.js';
import { SparkError } from '../../../src/shared/errors.js';
import { DAY, HOUR, Place, sample, SECOND, SPARK } from './support.js';

describe('a damaged database', function () {
  this.timeout(20_000); // real files, on a machine that may be busy
  let place: Place;
  let id: string;

  beforeEach(async () => {
    place = new Place();
    const store = await place.open();
    ({ id } = await store.connections.create(SPARK));
    for (let step = 0; step < 500; step += 1) store.metrics.save(sample(id, place.clock.time - step * 20 * SECOND));
    await store.close();
    place.clock.time += 3 * HOUR;
  });
  afterEach(() => place.remove());

  const ways: [string, (path: string) => void][] = [
    ['that is no database', path => writeFileSync(path, 'not a database at all\n'.repeat(500))],
    ['that is empty', path => truncateSync(path, 0)],
    ['that is cut off', path => truncateSync(path, 20_000)],
    ['that is cut off in its header', path => truncateSync(path, 50)],
    [
      'with a page of noise in it',
      path => {
        const bytes = readFileSync(path);
        bytes.fill(0xa5, 8192, 12_288);
        writeFileSync(path, bytes);
      },
    ],
    [
      'with a header of noise',
      path => {
        const bytes = readFileSync(path);
        bytes.fill(0xff, 16, 100);
        writeFileSync(path, bytes);
      },
    ],
    ['with a table missing', path => execFileSync('sqlite3', [path, 'DROP TABLE dgx_metrics_minute'])],
  ];
  for (const [what, damage] of ways)
    it(`${what} is kept aside, and the newest backup takes its place`, async () => {
      damage(place.database);
      const damaged = readFileSync(place.database);
      const store = await place.open();
      assert.deepEqual(
        store.connections.list().map(each => each.id),
        [id],
      );
      const [aside] = place.names(/damaged/);
      assert.equal(aside, 'dgx-spark.damaged-20250601-150000.sqlite');
      assert.deepEqual(readFileSync(join(place.folder, aside)), damaged);
      assert.equal(store.notices.length, 1);
      assert.ok(store.notices[0]?.includes(join(place.folder, aside)), store.notices[0]);
      assert.match(store.notices[0]!, /backup of 2025-06-01 12:00:00 UTC \(3 hours old\) was restored/);
      assert.equal(place.query('PRAGMA integrity_check; SELECT count(*) FROM dgx_connections'), 'ok\n1');
      await store.close();
      assert.deepEqual((await place.open()).notices, [], 'it is told once');
    });

  it('gets back from the journal what the backup does not have', async () => {
    const store = await place.open();
    await store.connections.update(id, { name: 'renamed' });
    await store.flush();
    rmSync(join(place.folder, place.names(/backup/)[0]!)); // an older backup is all there is
    const other = await store.connections.create({ ...SPARK, name: 'later' });
    await store.flush();
    place.clock.time += 1;
    store.metrics.save(sample(other.id, place.clock.time));
    await store.connections.markConnected(other.id);
    writeFileSync(place.database, 'garbage');
    const recovered = await place.open();
    assert.deepEqual(
      recovered.connections.list().map(each => [each.name, each.lastConnectedAt !== null]),
      [
        ['renamed', false],
        ['later', true],
      ],
    );
    assert.equal(recovered.metrics.history(other.id, 1).length, 1);
  });

  it('without a backup becomes an empty one that takes what the journal has, and the user is told', async () => {
    const store = await place.open();
    await store.connections.markConnected(id);
    for (const name of place.names(/backup/)) rmSync(join(place.folder, name));
    writeFileSync(place.database, 'garbage');
    const recovered = await place.open();
    assert.match(recovered.notices.join(), /no usable backup, so an empty database was made/);
    assert.deepEqual(
      recovered.connections.list().map(each => [each.id, each.lastConnectedAt]),
      [[id, place.clock.time]],
    );
  });

  it('passes over a backup that is damaged too', async () => {
    place.clock.time += 2 * DAY;
    const store = await place.open();
    await store.connections.create({ ...SPARK, name: 'second day' });
    await store.close();
    assert.equal(place.names(/backup/).length, 2);
    writeFileSync(join(place.folder, place.names(/backup/)[1]!), 'garbage');
    writeFileSync(place.database, 'garbage');
    const recovered = await place.open();
    assert.deepEqual(
      recovered.connections.list().map(each => each.id),
      [id],
    );
    assert.match(recovered.notices.join(), /\(2 days old\)/);
  });

  it('never overwrites one that was set aside before', async () => {
    for (const text of ['one', 'two', 'three']) {
      writeFileSync(place.database, text);
      await (await place.open()).close();
    }
    assert.deepEqual(
      place.names(/damaged/).map(name => readFileSync(join(place.folder, name), 'utf8')),
      ['two', 'three', 'one'],
    );
  });

  it('that is missing is restored', async () => {
    rmSync(place.database);
    const store = await place.open();
    assert.equal(store.connections.get(id).name, 'Spark');
    assert.match(store.notices.join(), /was missing. The backup of .* was restored/);
  });

  it('of a newer version is refused and not touched', async () => {
    execFileSync('sqlite3', [
      place.database,
      `CREATE TABLE tomorrow (x); PRAGMA user_version = ${DATABASE_VERSION + 1};`,
    ]);
    const before = readFileSync(place.database);
    const names = place.names(/./);
    await assert.rejects(place.open(), (error: unknown) => SparkError.is(error, 'databaseNewer'));
    assert.deepEqual(readFileSync(place.database), before);
    assert.deepEqual(place.names(/./), names);
  });

  it('that cannot be read is no damage', async () => {
    rmSync(place.database);
    mkdirSync(place.database);
    await assert.rejects(place.open(), (error: unknown) => SparkError.is(error, 'databaseUnwritable'));
    assert.deepEqual(place.names(/damaged/), []);
  });

  describe('journal', () => {
    it('with a torn end is used as far as it goes, without a word', async () => {
      const store = await place.open();
      await store.connections.markConnected(id);
      appendFileSync(place.journal, '0123456789abcdef {"generation":"x","seq');
      const reopened = await place.open();
      assert.equal(reopened.connections.get(id).lastConnectedAt, place.clock.time);
      assert.deepEqual(reopened.notices, []);
    });

    it('with damage in it is used but for that, kept, and told of', async () => {
      const store = await place.open();
      for (let step = 0; step < 3; step += 1) {
        place.clock.time += HOUR;
        await store.connections.markConnected(id);
      }
      const bytes = readFileSync(place.journal);
      bytes[50] = bytes[50]! ^ 1;
      writeFileSync(place.journal, bytes);
      const reopened = await place.open();
      assert.equal(reopened.connections.get(id).lastConnectedAt, place.clock.time);
      assert.match(reopened.notices.join(' '), /1 damaged changes .* kept as .*damaged-.*\.journal/);
      assert.deepEqual(readFileSync(join(place.folder, place.names(/damaged.*journal/)[0]!)), bytes);
    });

    it('of another database is not used, kept, and told of', async () => {
      const other = new Place();
      try {
        const store = await other.open();
        await store.flush();
        const foreign = await store.connections.create({ ...SPARK, name: 'foreign' });
        await store.flush();
        await store.connections.markConnected(foreign.id);
        writeFileSync(place.journal, readFileSync(other.journal));
      } finally {
        await other.remove();
      }
      const reopened = await place.open();
      assert.deepEqual(
        reopened.connections.list().map(each => each.name),
        ['Spark'],
      );
      assert.match(reopened.notices.join(' '), /belong to another database .* kept as/);
    });
  });

  describe('backups', () => {
    it('are made when a user changed something, and once a day; three are kept', async () => {
      for (let day = 0; day < 6; day += 1) {
        place.clock.time += DAY;
        const store = await place.open();
        await store.connections.create({ ...SPARK, name: `day ${day}` });
        await store.flush();
        place.clock.time += HOUR;
        await store.connections.create({ ...SPARK, name: `day ${day} again` });
        await store.close();
      }
      const backups = place.names(/backup/);
      assert.deepEqual(
        backups.map(name => name.slice(0, 25)),
        ['dgx-spark.backup-20250605', 'dgx-spark.backup-20250606', 'dgx-spark.backup-20250607'],
      );
    });
  });
});
