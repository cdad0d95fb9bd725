import type { GpuSample, MetricRow } from '../../shared/metrics.js';
import type { Clock } from '../base/clock.js';
import type { Database, SqlRow, SqlValue } from './database.js';
import type { MetricsRecord } from './records.js';
import { exportRows } from './exportRows.js';
import { readSeries } from './metricsSeries.js';
import { minuteOf, quarterWithoutRows, rollUp, tableFor } from './rollUp.js';
import { toSqlTime } from './time.js';
import type { MetricsRepository } from './types.js';
import type { Writer } from './writer.js';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
/** Rows are saved every 20 s. */
const NEAR_MS = 15_000;

/**
 * Measurements: raw in `dgx_metrics`, means in its roll-up tables.
 * @param retentionDays asked at every roll-up, so that a changed setting counts at once
 */
export function createMetricsRepository(
  database: Database,
  writer: Writer,
  clock: Clock,
  retentionDays: () => number,
): MetricsRepository {
  let rolledUpAt = minuteOf(clock.now());
  return {
    save(sample) {
      if (sample.gpus.length === 0 || writer.isClosed) return;
      writer.applySoonDurable({
        type: 'metrics',
        connectionId: sample.connectionId,
        at: sample.at,
        rows: sample.gpus.map(toRow),
      });
      const minute = minuteOf(clock.now());
      if (minute === rolledUpAt) return;
      rolledUpAt = minute;
      rollUp(database, clock.now(), retentionDays());
    },
    fill(samples) {
      const now = clock.now();
      const kept = samples.filter(
        ({ connectionId, at, gpus }) =>
          gpus.length > 0 &&
          at <= now &&
          at > now - retentionDays() * DAY_MS &&
          !isCovered(database, connectionId, at, now),
      );
      for (const { connectionId, at, gpus } of kept)
        writer.applySoonDurable({ type: 'metrics', connectionId, at, rows: gpus.map(toRow) });
      return kept.length;
    },
    history(connectionId, hours) {
      const now = clock.now();
      const table = tableFor(hours);
      // the intervals that are still running are part of the history too
      if (table !== 'dgx_metrics') rollUp(database, now, retentionDays());
      // numbers, not text: reading 24 hours of eight GPUs must not keep the loop busy
      return database
        .all(
          `SELECT gpu_index, unixepoch(recorded_at), gpu_utilization, memory_used_mb, memory_total_mb, temperature_c, power_watts
           FROM ${table} WHERE connection_id = ? AND recorded_at >= ? AND recorded_at <= ?
           ORDER BY recorded_at, ${table === 'dgx_metrics' ? 'id' : 'gpu_index'}`,
          [connectionId, toSqlTime(now - hours * HOUR_MS), toSqlTime(now)],
        )
        .map(row => readMetricRow(connectionId, row));
    },
    series(query, rawStepMs) {
      const now = clock.now();
      rollUp(database, now, retentionDays());
      return readSeries(database, query, now, rawStepMs);
    },
    exportRows(query) {
      const now = clock.now();
      rollUp(database, now, retentionDays());
      return exportRows(database, query, now);
    },
    cleanUp: days => writer.applySoonDurable({ type: 'deleteMetrics', before: clock.now() - days * DAY_MS }),
  };
}

/** Whether the history holds something of that time: it must not be counted twice. */
function isCovered(database: Database, connectionId: string, at: number, now: number): boolean {
  const near = [connectionId, toSqlTime(at - NEAR_MS), toSqlTime(at + NEAR_MS)];
  const raw = 'SELECT 1 FROM dgx_metrics WHERE connection_id = ? AND recorded_at BETWEEN ? AND ? LIMIT 1';
  if (database.value(raw, near) !== null) return true;
  const quarter = quarterWithoutRows(at, now);
  if (quarter === undefined) return false;
  const mean = 'SELECT 1 FROM dgx_metrics_quarter_hour WHERE connection_id = ? AND recorded_at = ? LIMIT 1';
  return database.value(mean, [connectionId, toSqlTime(quarter)]) !== null;
}

function toRow(gpu: GpuSample): MetricsRecord['rows'][number] {
  return {
    gpu: gpu.index,
    utilization: gpu.utilization,
    memoryUsedMb: whole(gpu.memory.usedMb),
    memoryTotalMb: whole(gpu.memory.totalMb),
    temperatureC: whole(gpu.temperatureC),
    powerW: gpu.powerW,
  };
}

/** The specified columns for these are INTEGER. */
function whole(value: number | null): number | null {
  return value === null ? null : Math.round(value);
}

function readMetricRow(connectionId: string, row: SqlRow): MetricRow {
  const [gpuIndex, seconds, utilization, memoryUsedMb, memoryTotalMb, temperatureC, powerW] = row;
  return {
    connectionId,
    gpuIndex: reading(gpuIndex) ?? 0,
    at: (reading(seconds) ?? 0) * 1000,
    utilization: reading(utilization),
    memoryUsedMb: reading(memoryUsedMb),
    memoryTotalMb: reading(memoryTotalMb),
    temperatureC: reading(temperatureC),
    powerW: reading(powerW),
  };
}

function reading(value: SqlValue | undefined): number | null {
  return typeof value === 'number' ? value : null;
}
