import { type Band, HISTORY_METRICS, type HistoryMetric, type Series, type SeriesQuery } from '../../shared/history.js';
import type { Database, SqlValue } from './database.js';
import { RAW_TABLE, tableFor, tableInterval } from './rollUp.js';
import { toSqlTime } from './time.js';

const HOUR_MS = 60 * 60 * 1000;

const COLUMNS: Readonly<Record<HistoryMetric, string>> = {
  utilization: 'gpu_utilization',
  memoryUsedMb: 'memory_used_mb',
  temperatureC: 'temperature_c',
  powerW: 'power_watts',
};

/**
 * The history of one GPU in at most about `points` intervals, each with mean, minimum and maximum: a mean over rolled-up
 * rows counts each by its samples (a row in which a value is missing at times counts in full: that is not kept). Read from the finest table that still holds all of the range.
 * @param rawStepMs how far apart the rows of the raw table are
 */
export function readSeries(database: Database, query: SeriesQuery, now: number, rawStepMs: number): Series {
  const { connectionId, gpuIndex, from, to, points } = query;
  const table = tableFor((now - from) / HOUR_MS);
  const wanted = Math.ceil((to - from) / points / 1000);
  const interval = tableInterval(table) / 1000;
  // whole rows of the table only: an interval with one row more than the next would be a beat that is not there
  const seconds = Math.max(1, Math.ceil(wanted / interval) * interval);
  const raw = table === RAW_TABLE;
  const aggregates = HISTORY_METRICS.map(metric => (raw ? ofRaw(COLUMNS[metric]) : ofRolledUp(COLUMNS[metric])));
  const bucket = `unixepoch(recorded_at) / ${seconds} * ${seconds}`;
  const rows = database.all(
    `SELECT ${bucket}, max(memory_total_mb), ${aggregates.join(', ')} FROM ${table}
     WHERE connection_id = ? AND recorded_at >= ? AND recorded_at <= ? AND gpu_index = ?
     GROUP BY ${bucket} ORDER BY ${bucket}`,
    [connectionId, toSqlTime(from), toSqlTime(to), gpuIndex],
  );
  const bands = HISTORY_METRICS.map((_metric, index): Band => {
    const column = (offset: number) => rows.map(row => reading(row[2 + index * 3 + offset]));
    return { mean: column(0), min: column(1), max: column(2) };
  });
  const [utilization, memoryUsedMb, temperatureC, powerW] = bands as [Band, Band, Band, Band];
  const totals = rows.map(row => reading(row[1])).filter(total => total !== null);
  return {
    stepMs: raw ? Math.max(seconds * 1000, rawStepMs) : seconds * 1000,
    at: rows.map(row => (reading(row[0]) ?? 0) * 1000),
    ...{ utilization, memoryUsedMb, temperatureC, powerW },
    memoryTotalMb: totals.length > 0 ? Math.max(...totals) : null,
  };
}

function ofRaw(column: string): string {
  return `avg(${column}), min(${column}), max(${column})`;
}

function ofRolledUp(column: string): string {
  const samples = `sum(CASE WHEN ${column} IS NOT NULL THEN samples END)`;
  return `sum(${column} * samples) / ${samples}, min(${column}_min), max(${column}_max)`;
}

function reading(value: SqlValue | undefined): number | null {
  return typeof value === 'number' ? value : null;
}
