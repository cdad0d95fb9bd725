import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DATABASE_VERSION } from '../../../src/shared/contract.js';
import { SparkError } from '../../../src/shared/errors.js';
import { DAY, gpu, HOUR, MINUTE, Place, sample, SECOND, SPARK, sqlite3 } from './support.js';

describe('store', function () {
  this.timeout(20_000); // real files, on a machine that may be busy
  let place: Place;
  beforeEach(() => {
    place = new Place();
  });
  afterEach(() => place.remove());

  describe('connections', () => {
    it('are in the file when creating one resolves and the store is flushed', async () => {
      const store = await place.open();
      const made = await store.connections.create(SPARK);
      assert.deepEqual(made, {
        ...SPARK,
        id: made.id,
        isActive: false,
        wanted: false,
        keyStored: false,
        lastAddress: null,
        lastConnectedAt: null,
        createdAt: place.clock.time,
        updatedAt: place.clock.time,
      });
      await store.flush();
      assert.equal(
        place.query(
          'SELECT name, hostname, username, ssh_key_path, port, is_active, last_connected_at, created_at FROM dgx_connections',
        ),
        'Spark|spark.local|nvidia|~/.ssh/id_ed25519|22|0||2025-06-01 12:00:00',
      );
      assert.equal(place.query('PRAGMA integrity_check'), 'ok');
    });

    it('are the same after a restart', async () => {
      const store = await place.open();
      const first = await store.connections.create({ ...SPARK, name: 'Zoë’s "Spark" \u{1f525}' });
      const second = await store.connections.create({ ...SPARK, sshKeyPath: null, authMethod: 'password' });
      await store.connections.setActive(first.id);
      await store.connections.setActive(second.id);
      place.clock.time += HOUR;
      await store.connections.update(first.id, { port: 2222, sshKeyPath: '' });
      await store.connections.setWanted(second.id, true);
      await store.connections.markConnected(second.id);
      const before = store.connections.list();
      assert.deepEqual(
        before.map(each => [each.id, each.isActive, each.wanted, each.lastConnectedAt, each.port, each.sshKeyPath]),
        [
          [first.id, false, false, null, 2222, null],
          [second.id, true, true, place.clock.time, 22, null],
        ],
      );
      await store.close();
      const reopened = await place.open();
      assert.deepEqual(reopened.connections.list(), before);
      assert.deepEqual(reopened.notices, []);
    });

    it('that are gone are not found', async () => {
      const store = await place.open();
      const { id } = await store.connections.create(SPARK);
      await store.connections.delete(id);
      assert.throws(
        () => store.connections.get(id),
        (error: unknown) => SparkError.is(error, 'notFound'),
      );
      for (const action of [
        store.connections.update(id, { name: 'x' }),
        store.connections.delete(id),
        store.connections.setActive(id),
        store.connections.setWanted(id, true),
        store.connections.markConnected(id),
      ])
        await assert.rejects(action, (error: unknown) => SparkError.is(error, 'notFound'));
    });

    it('take everything that hangs on them along when deleted, and leave nothing readable', async () => {
      const store = await place.open();
      const doomed = await store.connections.create({ ...SPARK, hostname: 'doomed-host.example' });
      const other = await store.connections.create(SPARK);
      for (let step = 0; step < 3; step += 1) {
        place.clock.time += MINUTE;
        store.metrics.save(sample(doomed.id, place.clock.time));
        store.metrics.save(sample(other.id, place.clock.time));
      }
      await store.close();
      execFileSync('sqlite3', [
        place.database,
        `INSERT INTO dgx_projects (id, connection_id, name) VALUES ('p', '${doomed.id}', 'p');
         INSERT INTO dgx_training_jobs (id, project_id, name) VALUES ('j', 'p', 'j');`,
      ]);
      const reopened = await place.open();
      await reopened.connections.delete(doomed.id);
      await reopened.flush();
      assert.equal(place.query('PRAGMA foreign_key_check'), '');
      assert.equal(
        place.query(
          `SELECT (SELECT count(*) FROM dgx_projects), (SELECT count(*) FROM dgx_training_jobs),
             (SELECT count(DISTINCT connection_id) FROM dgx_metrics), (SELECT count(DISTINCT connection_id) FROM dgx_metrics_minute),
             (SELECT count(*) FROM dgx_metrics)`,
        ),
        '0|0|1|1|3',
      );
      assert.equal(readFileSync(place.database).includes('doomed-host.example'), false);
    });

    it('changed at the same time are all kept', async () => {
      const store = await place.open();
      const made = await Promise.all(
        Array.from({ length: 10 }, (_, index) => store.connections.create({ ...SPARK, name: `Spark ${index}` })),
      );
      await Promise.all([
        ...made.map(each => store.connections.setActive(each.id)),
        store.connections.delete(made[0]!.id),
        store.connections.update(made[1]!.id, { name: 'renamed' }),
      ]);
      assert.equal(store.connections.list().filter(each => each.isActive).length, 1);
      assert.equal(store.connections.get(made[9]!.id).isActive, true);
      assert.equal(store.connections.get(made[1]!.id).name, 'renamed');
      await store.close();
      assert.equal(place.query('SELECT count(*) FROM dgx_connections'), '9');
    });
  });

  describe('metrics', () => {
    it('keep what is not reported as NULL', async () => {
      const store = await place.open();
      const { id } = await store.connections.create(SPARK);
      const nothing = gpu(1, {
        utilization: null,
        memory: { kind: 'unknown', usedMb: null, totalMb: null },
        temperatureC: null,
        powerW: null,
      });
      store.metrics.save(sample(id, place.clock.time, [gpu(0, { utilization: 0 }), nothing]));
      const expected = [
        { gpuIndex: 0, utilization: 0, memoryUsedMb: 1000, memoryTotalMb: 122_880, temperatureC: 45, powerW: 12.5 },
        { gpuIndex: 1, utilization: null, memoryUsedMb: null, memoryTotalMb: null, temperatureC: null, powerW: null },
      ].map(row => ({ connectionId: id, at: place.clock.time, ...row }));
      for (const hours of [1, 24, 48, 24 * 30])
        assert.deepEqual(
          store.metrics.history(id, hours).map(row => ({ ...row, at: place.clock.time })),
          expected,
          `${hours} hours`,
        );
      await store.close();
      assert.equal(
        place.query(
          'SELECT gpu_index, gpu_utilization IS NULL, power_watts IS NULL, temperature_c IS NULL FROM dgx_metrics',
        ),
        '0|0|0|0\n1|1|1|1',
      );
      assert.equal(place.query('SELECT DISTINCT recorded_at FROM dgx_metrics'), '2025-06-01 12:00:00');
    });

    it('come from the finest table that holds the whole time asked for', async () => {
      const store = await place.open();
      const { id } = await store.connections.create(SPARK);
      const start = place.clock.time;
      for (; place.clock.time < start + 2 * HOUR; place.clock.time += 20 * SECOND)
        store.metrics.save(sample(id, place.clock.time, [gpu(0, { utilization: (place.clock.time / 20_000) % 3 })]));
      assert.equal(store.metrics.history(id, 24).length, 360);
      assert.equal(store.metrics.history(id, 1).length, 180);
      const minutes = store.metrics.history(id, 7 * 24);
      assert.equal(minutes.length, 120);
      assert.ok(minutes.every(row => row.utilization === 1));
      assert.equal(store.metrics.history(id, 7 * 24 + 1).length, 8);
      assert.deepEqual(
        minutes.map(row => row.at),
        Array.from({ length: 120 }, (_, index) => start + index * MINUTE),
      );
    });

    it('can be added later where nothing was measured, and count once', async () => {
      const store = await place.open();
      const { id } = await store.connections.create(SPARK);
      const now = place.clock.now();
      const minute = 60_000;
      const at = (minutes: number, utilization: number) =>
        sample(id, now - minutes * minute, [gpu(0, { utilization })]);
      // the connection was there from 30 hours ago to 29, and ten minutes ago
      const since = now;
      for (let minutes = 30 * 60; minutes > 29 * 60; minutes--) {
        place.clock.time = since - minutes * minute;
        store.metrics.save(at(minutes, 10));
      }
      place.clock.time = since;
      store.metrics.save(at(10, 20));
      assert.equal(store.metrics.history(id, 200).length, 5);
      const covered = [at(29.5 * 60, 90), at(10, 90)];
      assert.equal(store.metrics.fill(covered), 0);
      const missing = [at(28 * 60, 90), at(28 * 60 - 1, 70), at(9, 90)];
      assert.equal(store.metrics.fill([...covered, ...missing, at(-1, 90)]), 3);
      assert.equal(store.metrics.fill(missing), 0, 'a second time');
      const means = () => store.metrics.history(id, 200).map(({ utilization }) => utilization);
      assert.deepEqual(means(), [10, 10, 10, 10, 80, 55]);
      assert.equal(store.metrics.fill(missing), 0, 'when single rows of that day are gone');
      assert.deepEqual(means(), [10, 10, 10, 10, 80, 55]);
      await store.close();
      const again = await place.open();
      assert.deepEqual(
        again.metrics.history(id, 200).map(({ utilization }) => utilization),
        [10, 10, 10, 10, 80, 55],
      );
    });

    it('of a connection that is not saved are not kept', async () => {
      const store = await place.open();
      store.metrics.save(sample('gone', place.clock.time));
      await store.flush();
      assert.equal(place.query('SELECT count(*) FROM dgx_metrics'), '0');
    });

    it('are in the journal before they are in the file, and in both no more than once', async () => {
      const store = await place.open();
      const { id } = await store.connections.create(SPARK);
      await store.flush();
      for (let step = 0; step < 5; step += 1) {
        place.clock.time += SECOND;
        store.metrics.save(sample(id, place.clock.time));
      }
      // a change behind them is acknowledged only when what came before is on the disk too
      await store.connections.markConnected(id);
      assert.equal(place.query('SELECT count(*) FROM dgx_metrics'), '0');
      const second = await place.open(); // as after a crash
      assert.equal(second.metrics.history(id, 1).length, 5);
      assert.equal(second.connections.get(id).lastConnectedAt, place.clock.time);
      assert.equal(place.query('SELECT count(*) FROM dgx_metrics'), '5');
      await second.close();
      const third = await place.open();
      assert.equal(third.metrics.history(id, 1).length, 5);
    });

    it('that were in a journal which outlived its image are not added again', async () => {
      const store = await place.open();
      const { id } = await store.connections.create(SPARK);
      await store.flush();
      place.clock.time += SECOND;
      store.metrics.save(sample(id, place.clock.time));
      await store.connections.markConnected(id);
      copyFileSync(place.journal, `${place.journal}.kept`);
      await store.close();
      copyFileSync(`${place.journal}.kept`, place.journal);
      const reopened = await place.open();
      assert.equal(reopened.metrics.history(id, 1).length, 1);
    });

    it('can be cleaned up, which lasts', async () => {
      const store = await place.open();
      const { id } = await store.connections.create(SPARK);
      store.metrics.save(sample(id, place.clock.time - 3 * HOUR));
      store.metrics.save(sample(id, place.clock.time));
      assert.equal(store.metrics.cleanUp(1), 0);
      assert.equal(store.metrics.cleanUp(2 / 24), 1);
      await store.connections.markConnected(id);
      const crashed = await place.open();
      assert.equal(crashed.metrics.history(id, 24).length, 1);
    });

    it('are let go of after the retention that is set at the time', async () => {
      let retentionDays = 90;
      const store = await place.open({ retentionDays: () => retentionDays });
      const { id } = await store.connections.create(SPARK);
      store.metrics.save(sample(id, place.clock.time));
      place.clock.time += 20 * DAY;
      store.metrics.save(sample(id, place.clock.time));
      assert.equal(store.metrics.history(id, 24 * 30).length, 2);
      retentionDays = 10;
      assert.equal(store.metrics.history(id, 24 * 30).length, 1);
    });

    it('reach the image within the write budget, without a user', async () => {
      const store = await place.open();
      const { id } = await store.connections.create(SPARK);
      await store.flush();
      const rows = () => Number(place.query('SELECT count(*) FROM dgx_metrics'));
      const save = async () => {
        store.metrics.save(sample(id, place.clock.time));
        await store.connections.setActive('nobody').catch(() => undefined); // behind the save in the queue
      };
      await save();
      assert.equal(rows(), 0);
      place.clock.time += HOUR;
      await save();
      assert.equal(rows(), 2);
    });
  });

  describe('the file', () => {
    it('has the specified tables', async () => {
      await place.open();
      // cid, name, type, notnull, default, primary key
      const columns = (table: string) => place.query(`PRAGMA table_info(${table})`).split('\n');
      const text = (name: string, rest = '0||0') => `${name}|TEXT|${rest}`;
      const now = (name: string) => `${name}|DATETIME|0|CURRENT_TIMESTAMP|0`;
      const specified = {
        dgx_connections: [
          text('id', '0||1'),
          text('name', '1||0'),
          text('hostname', '1||0'),
          text('username', '1||0'),
          text('ssh_key_path'),
          'port|INTEGER|0|22|0',
          'is_active|INTEGER|0|0|0',
          'last_connected_at|DATETIME|0||0',
          now('created_at'),
          now('updated_at'),
        ],
        dgx_metrics: [
          'id|INTEGER|0||1',
          text('connection_id'),
          'gpu_utilization|REAL|0||0',
          'memory_used_mb|INTEGER|0||0',
          'memory_total_mb|INTEGER|0||0',
          'temperature_c|INTEGER|0||0',
          'power_watts|REAL|0||0',
          now('recorded_at'),
        ],
        dgx_projects: [
          text('id', '0||1'),
          text('connection_id'),
          text('name', '1||0'),
          text('description'),
          text('project_type'),
          text('remote_path'),
          text('status', `0|'active'|0`),
          text('config'),
          now('created_at'),
          now('updated_at'),
        ],
        dgx_training_jobs: [
          text('id', '0||1'),
          text('project_id'),
          text('name', '1||0'),
          text('model_name'),
          text('status', `0|'pending'|0`),
          text('config'),
          text('metrics'),
          text('container_id'),
          'started_at|DATETIME|0||0',
          'completed_at|DATETIME|0||0',
          now('created_at'),
        ],
      };
      for (const [table, expected] of Object.entries(specified))
        assert.deepEqual(
          columns(table).slice(0, expected.length),
          expected.map((column, index) => `${index}|${column}`),
          table,
        );
      assert.match(place.query(`SELECT sql FROM sqlite_master WHERE name = 'dgx_metrics'`), /AUTOINCREMENT/);
      const references = (table: string) =>
        place.query(`SELECT "table", "from", "to" FROM pragma_foreign_key_list('${table}')`);
      assert.equal(references('dgx_metrics'), 'dgx_connections|connection_id|id');
      assert.equal(references('dgx_projects'), 'dgx_connections|connection_id|id');
      assert.equal(references('dgx_training_jobs'), 'dgx_projects|project_id|id');
      assert.equal(place.query('PRAGMA user_version'), String(DATABASE_VERSION));
    });

    it('and all that is beside it can be read by the owner only', async function () {
      if (process.platform === 'win32') this.skip();
      const folder = join(place.folder, 'storage');
      const store = await place.open({ folder });
      await store.connections.create(SPARK);
      await store.flush();
      const mode = (path: string) => statSync(path).mode & 0o777;
      assert.equal(mode(folder), 0o700);
      const names = readdirSync(folder).sort();
      assert.match(names.join(' '), /^dgx-spark\.backup-20250601-120000\.sqlite dgx-spark\.journal dgx-spark\.sqlite$/);
      for (const name of names) assert.equal(mode(join(folder, name)), 0o600, name);
    });

    it('is brought up from version 1, after a backup of it', async () => {
      execFileSync('sqlite3', [
        place.database,
        `CREATE TABLE dgx_connections (
           id TEXT PRIMARY KEY, name TEXT NOT NULL, hostname TEXT NOT NULL, username TEXT NOT NULL,
           ssh_key_path TEXT, port INTEGER DEFAULT 22, is_active INTEGER DEFAULT 0,
           last_connected_at DATETIME, created_at DATETIME DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME DEFAULT CURRENT_TIMESTAMP);
         CREATE TABLE dgx_metrics (
           id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id TEXT REFERENCES dgx_connections(id),
           gpu_utilization REAL, memory_used_mb INTEGER, memory_total_mb INTEGER, temperature_c INTEGER, power_watts REAL,
           recorded_at DATETIME DEFAULT CURRENT_TIMESTAMP);
         CREATE TABLE dgx_projects (
           id TEXT PRIMARY KEY, connection_id TEXT REFERENCES dgx_connections(id), name TEXT NOT NULL, description TEXT,
           project_type TEXT, remote_path TEXT, status TEXT DEFAULT 'active', config TEXT,
           created_at DATETIME DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME DEFAULT CURRENT_TIMESTAMP);
         CREATE TABLE dgx_training_jobs (
           id TEXT PRIMARY KEY, project_id TEXT REFERENCES dgx_projects(id), name TEXT NOT NULL, model_name TEXT,
           status TEXT DEFAULT 'pending', config TEXT, metrics TEXT, container_id TEXT,
           started_at DATETIME, completed_at DATETIME, created_at DATETIME DEFAULT CURRENT_TIMESTAMP);
         INSERT INTO dgx_connections (id, name, hostname, username, ssh_key_path) VALUES ('k', 'K', 'k.local', 'u', '~/key');
         INSERT INTO dgx_connections (id, name, hostname, username) VALUES ('p', 'P', 'p.local', 'u');
         INSERT INTO dgx_metrics (connection_id, gpu_utilization, recorded_at) VALUES ('k', 12.5, '2025-06-01 11:59:00');
         PRAGMA journal_mode = wal;
         PRAGMA user_version = 1;`,
      ]);
      const store = await place.open();
      assert.deepEqual(store.notices, []);
      assert.deepEqual(
        store.connections.list().map(each => [each.id, each.authMethod, each.port]),
        [
          ['k', 'key', 22],
          ['p', 'password', 22],
        ],
      );
      assert.equal(store.metrics.history('k', 1)[0]?.utilization, 12.5);
      assert.equal(place.query('PRAGMA user_version'), String(DATABASE_VERSION));
      const [backup] = place.names(/backup-v1-/);
      assert.equal(
        sqlite3(
          `file:${join(place.folder, backup!)}?immutable=1`,
          'PRAGMA user_version; SELECT count(*) FROM dgx_connections',
        ),
        '1\n2',
      );
    });

    it('holds everything after a flush, and stays where it is when nothing changed', async () => {
      const store = await place.open();
      const { id } = await store.connections.create(SPARK);
      store.metrics.save(sample(id, place.clock.time));
      await store.flush();
      assert.equal(place.query('SELECT count(*) FROM dgx_metrics'), '1');
      assert.equal(statSync(place.journal).size, 0);
      const { ino } = statSync(place.database);
      await store.flush();
      await store.close();
      await (await place.open()).close();
      assert.equal(statSync(place.database).ino, ino);
      assert.equal(existsSync(`${place.database}.new`), false);
    });
  });
});
