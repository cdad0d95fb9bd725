import assert from 'node:assert/strict';
import fc from 'fast-check';
import { applyRecord } from '../../../src/engine/store/applyRecord.js';
import { type Database, loadSqlite, type Sqlite } from '../../../src/engine/store/database.js';
import { migrate } from '../../../src/engine/store/migrations.js';
import type { MetricsRecord } from '../../../src/engine/store/records.js';
import { rollUp } from '../../../src/engine/store/rollUp.js';
import { toSqlTime } from '../../../src/engine/store/time.js';

const START = Date.UTC(2025, 5, 1);
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

type Row = MetricsRecord['rows'][number];
const NOTHING: Row = {
  gpu: 0,
  utilization: null,
  memoryUsedMb: null,
  memoryTotalMb: null,
  temperatureC: null,
  powerW: null,
};

describe('roll-up', function () {
  this.timeout(20_000);
  let sqlite: Sqlite;
  before(async () => {
    sqlite = await loadSqlite();
  });

  function database(...ids: string[]): Database {
    const made = sqlite.open();
    migrate(made);
    for (const id of ids)
      made.run(`INSERT INTO dgx_connections (id, name, hostname, username) VALUES (?, 'n', 'h', 'u')`, [id]);
    return made;
  }
  function add(target: Database, at: number, row: Partial<Row>, connectionId = 'a'): void {
    applyRecord(target, { type: 'metrics', connectionId, at, rows: [{ ...NOTHING, ...row }] });
  }
  const contents = (target: Database, table: string) =>
    target.all(`SELECT * FROM ${table} ORDER BY connection_id, recorded_at, gpu_index`);

  it('keeps mean, minimum and maximum of each minute and quarter of an hour', () => {
    const target = database('a');
    add(target, START + 10 * SECOND, {
      utilization: 10,
      memoryUsedMb: 100,
      memoryTotalMb: 1000,
      temperatureC: 50,
      powerW: 30.5,
    });
    add(target, START + 30 * SECOND, {
      utilization: 40,
      memoryUsedMb: 300,
      memoryTotalMb: 1000,
      temperatureC: 52,
      powerW: 31.5,
    });
    add(target, START + 70 * SECOND, {
      utilization: 100,
      memoryUsedMb: 800,
      memoryTotalMb: 1000,
      temperatureC: 90,
      powerW: 100,
    });
    rollUp(target, START + HOUR, 90);
    assert.deepEqual(contents(target, 'dgx_metrics_minute'), [
      ['a', '2025-06-01 00:00:00', 0, 2, 25, 10, 40, 200, 100, 300, 1000, 51, 50, 52, 31, 30.5, 31.5],
      ['a', '2025-06-01 00:01:00', 0, 1, 100, 100, 100, 800, 800, 800, 1000, 90, 90, 90, 100, 100, 100],
    ]);
    assert.deepEqual(contents(target, 'dgx_metrics_quarter_hour'), [
      ['a', '2025-06-01 00:00:00', 0, 3, 50, 10, 100, 400, 100, 800, 1000, 64, 50, 90, 54, 30.5, 100],
    ]);
  });

  it('leaves out what was not reported, and has NULL where nothing was', () => {
    const target = database('a');
    add(target, START, { utilization: null, temperatureC: 40 });
    add(target, START + 20 * SECOND, { utilization: 60 });
    rollUp(target, START + HOUR, 90);
    const [row] = target.all(
      'SELECT samples, gpu_utilization, gpu_utilization_min, temperature_c, power_watts, power_watts_max, memory_used_mb FROM dgx_metrics_minute',
    );
    assert.deepEqual(row, [2, 60, 60, 40, null, null, null]);
  });

  it('keeps GPUs and connections apart', () => {
    const target = database('a', 'b');
    add(target, START, { utilization: 1 });
    add(target, START, { gpu: 1, utilization: 2 });
    add(target, START, { utilization: 3 }, 'b');
    rollUp(target, START + HOUR, 90);
    assert.deepEqual(
      target.all('SELECT connection_id, gpu_index, gpu_utilization FROM dgx_metrics_minute ORDER BY 1, 2'),
      [
        ['a', 0, 1],
        ['a', 1, 2],
        ['b', 0, 3],
      ],
    );
  });

  it('made in many steps is the same as made at once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(3 * 3600), fc.option(fc.nat(100))), { minLength: 1, maxLength: 60 }),
        fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
        (samples, pauses) => {
          // in no order: clocks are set back
          const stepwise = database('a');
          const atOnce = database('a');
          samples.forEach(([second, utilization], index) => {
            for (const target of [stepwise, atOnce]) add(target, START + second * SECOND, { utilization });
            if (pauses[index] === true) rollUp(stepwise, START + second * SECOND, 90);
          });
          for (const target of [stepwise, atOnce]) rollUp(target, START + 4 * HOUR, 90);
          for (const table of ['dgx_metrics_minute', 'dgx_metrics_quarter_hour'])
            assert.deepEqual(contents(stepwise, table), contents(atOnce, table));
          stepwise.close();
          atOnce.close();
        },
      ),
      { numRuns: 40 },
    );
  });

  it('bounds what is kept: 24 hours raw, 7 days by the minute, the retention by the quarter', () => {
    const target = database('a');
    const days = 12;
    for (let at = START; at < START + days * DAY; at += 5 * MINUTE) {
      add(target, at, { utilization: 1 });
      if (at % HOUR === 0) rollUp(target, at, 10);
    }
    const now = START + days * DAY;
    rollUp(target, now, 10);
    const oldest = (table: string) => target.value(`SELECT min(recorded_at) FROM ${table}`);
    assert.equal(oldest('dgx_metrics'), toSqlTime(now - DAY));
    assert.equal(oldest('dgx_metrics_minute'), toSqlTime(now - 7 * DAY));
    assert.equal(oldest('dgx_metrics_quarter_hour'), toSqlTime(now - 10 * DAY));
    // nothing is missing in between
    assert.equal(target.value('SELECT sum(samples) FROM dgx_metrics_minute'), (7 * DAY) / (5 * MINUTE));
    assert.equal(target.value('SELECT sum(samples) FROM dgx_metrics_quarter_hour'), (10 * DAY) / (5 * MINUTE));
  });

  it('catches up after a long time without one, before raw rows go', () => {
    const target = database('a');
    for (let at = START; at < START + DAY; at += MINUTE) add(target, at, { utilization: 50 });
    rollUp(target, START + 5 * DAY, 90);
    assert.equal(target.value('SELECT count(*) FROM dgx_metrics'), 0);
    assert.equal(target.value('SELECT sum(samples) FROM dgx_metrics_minute'), 1440);
    assert.equal(target.value('SELECT sum(samples) FROM dgx_metrics_quarter_hour'), 1440);
  });

  it('survives a time that another program wrote badly', () => {
    const target = database('a');
    target.run(`INSERT INTO dgx_metrics (connection_id, gpu_utilization, recorded_at) VALUES ('a', 5, 'zzz')`);
    add(target, START, { utilization: 1 });
    rollUp(target, START + HOUR, 90);
    assert.equal(target.value('SELECT count(*) FROM dgx_metrics_minute'), 1);
  });
});
