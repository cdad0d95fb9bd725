import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeCsv } from '../../../src/engine/metrics/csvExport.js';
import { applyRecord } from '../../../src/engine/store/applyRecord.js';
import { type Database, loadSqlite } from '../../../src/engine/store/database.js';
import { exportRows, type RowsQuery } from '../../../src/engine/store/exportRows.js';
import { readSeries } from '../../../src/engine/store/metricsSeries.js';
import { migrate } from '../../../src/engine/store/migrations.js';
import { rollUp } from '../../../src/engine/store/rollUp.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 2, 10, 12);
const ROW_MS = 20 * SECOND;

describe('the history of a GPU', function () {
  this.timeout(20_000);
  let database: Database;
  /** What was saved, by time; null where nothing was read. */
  let saved: Map<number, number | null>;
  let folder: string;

  const add = (at: number, utilization: number | null, gpu = 0) => {
    const row = { gpu, utilization, memoryUsedMb: 1000, memoryTotalMb: 2000, temperatureC: 50, powerW: 30.25 };
    applyRecord(database, { type: 'metrics', connectionId: 'a', at, rows: [row] });
  };
  const query = (from: number, points: number) => ({ connectionId: 'a', gpuIndex: 0, from, to: NOW, points });

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'spark-csv-'));
    database = (await loadSqlite()).open();
    migrate(database);
    database.run(`INSERT INTO dgx_connections (id, name, hostname, username) VALUES ('a', 'n', 'h', 'u')`);
    saved = new Map();
    // a day and a half, rolled up as it would have been on the way; an hour is missing, and some values are
    for (let at = NOW - 36 * HOUR; at <= NOW; at += ROW_MS) {
      if (at > NOW - 5 * HOUR && at < NOW - 4 * HOUR) continue;
      // a value that a driver stops to report is missing for longer than a minute
      const value = Math.floor(at / MINUTE) % 7 === 0 ? null : (at / ROW_MS) % 101;
      saved.set(at, value);
      add(at, value);
      add(at, 1, 1);
      if (at % HOUR === 0) rollUp(database, at, 90);
    }
    rollUp(database, NOW, 90);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Mean, minimum and maximum of what was saved in an interval. */
  function expected(from: number, to: number) {
    const values = [...saved]
      .filter(([at, value]) => at >= from && at < to && value !== null)
      .map(([, value]) => value!);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return { mean, min: Math.min(...values), max: Math.max(...values) };
  }

  for (const [name, length, points, step] of [
    ['raw rows', HOUR, 180, ROW_MS],
    ['a few minutes together', DAY, 288, 5 * MINUTE],
    ['rolled-up rows', 36 * HOUR, 200, 11 * MINUTE],
    ['many rolled-up rows together', 36 * HOUR, 10, 216 * MINUTE],
  ] as const)
    it(`has mean, minimum and maximum of what was measured: ${name}`, () => {
      const series = readSeries(database, query(NOW - length, points), NOW, ROW_MS);
      assert.equal(series.stepMs, step);
      // the first and the last interval may reach over the ends of the range
      for (let index = 1; index < series.at.length - 1; index += 1) {
        const at = series.at[index]!;
        const { mean, min, max } = expected(at, at + (length === HOUR ? SECOND : step));
        if (!Number.isFinite(mean)) {
          assert.equal(series.utilization.mean[index], null);
          continue;
        }
        assert.ok(Math.abs(series.utilization.mean[index]! - mean) < 1e-6, `mean at ${at}`);
        assert.deepEqual([series.utilization.min[index], series.utilization.max[index]], [min, max]);
      }
      assert.ok(series.at.length > 5);
      assert.equal(series.memoryTotalMb, 2000);
    });

  it('leaves out the intervals of which nothing is known', () => {
    const { at } = readSeries(database, query(NOW - DAY, 288), NOW, ROW_MS);
    assert.deepEqual(
      at.filter(time => time > NOW - 5 * HOUR && time < NOW - 4 * HOUR),
      [],
    );
  });

  it('is empty for a GPU that never was', () => {
    const series = readSeries(database, { ...query(NOW - DAY, 100), gpuIndex: 5 }, NOW, ROW_MS);
    assert.deepEqual([series.at, series.powerW.mean, series.memoryTotalMb], [[], [], null]);
  });

  describe('as a CSV file', () => {
    const all: RowsQuery = {
      ...{ connectionId: 'a', from: NOW - 2 * HOUR, to: NOW, resolution: 'auto', gpus: undefined },
      columns: ['utilization', 'memoryUsedMb', 'powerW'],
    };
    const write = async (rows: RowsQuery, signal = new AbortController().signal) =>
      await writeCsv(join(folder, 'out.csv'), exportRows(database, rows, NOW), signal);
    const read = () =>
      readFileSync(join(folder, 'out.csv'), 'utf8')
        .trimEnd()
        .split('\r\n')
        .map(line => line.split(','));

    it('has every row once, with units in its head, ISO times, and nothing for what is not known', async () => {
      const rows = await write(all);
      const [head, ...lines] = read();
      assert.deepEqual(head, ['time (UTC)', 'GPU', 'GPU utilisation (%)', 'memory used (MiB)', 'power (W)']);
      assert.equal(lines.length, rows);
      const first = lines.filter(([, gpu]) => gpu === '0');
      const wanted = [...saved].filter(([at]) => at >= all.from);
      assert.deepEqual(
        first,
        wanted.map(([at, value]) => [
          new Date(at).toISOString(),
          '0',
          value === null ? '' : String(value),
          '1000',
          '30.25',
        ]),
      );
      assert.equal(rows, 2 * wanted.length);
    });

    it('takes the GPUs and the resolution that are asked for', async () => {
      await write({ ...all, gpus: [1], columns: ['utilization'], resolution: 'quarterHour' });
      const [head, ...lines] = read();
      assert.deepEqual(head?.slice(2), [
        'GPU utilisation (%) mean',
        'GPU utilisation (%) min',
        'GPU utilisation (%) max',
        'samples',
      ]);
      assert.deepEqual(lines[0], ['2026-03-10T10:00:00.000Z', '1', '1', '1', '1', '45']);
    });

    it('leaves what was there when it is cancelled', async () => {
      await write(all);
      const before = read().length;
      const controller = new AbortController();
      controller.abort();
      await assert.rejects(write({ ...all, from: NOW - MINUTE }, controller.signal), { code: 'cancelled' });
      assert.equal(read().length, before);
      assert.deepEqual(readdirSync(folder), ['out.csv']);
    });

    it('says so when it cannot be written', async () => {
      const rows = exportRows(database, all, NOW);
      const { signal } = new AbortController();
      await assert.rejects(writeCsv(join(folder, 'nowhere', 'out.csv'), rows, signal), { code: 'invalidInput' });
      await assert.rejects(writeCsv('out.csv', rows, signal), { code: 'invalidInput', field: 'file' });
    });
  });
});
