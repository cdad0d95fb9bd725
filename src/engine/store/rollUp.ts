import type { Database } from './database.js';
import { readState, writeState } from './storeState.js';
import { toSqlTime } from './time.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const QUARTER_HOUR = 15 * MINUTE;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Where measurements of one resolution are and for how long they are kept there (milliseconds). */
interface Resolution {
  readonly table: string;
  readonly intervalMs: number;
  /** Rows older than this are in the next coarser table only. */
  readonly keptMs: number;
}

const RAW = { table: 'dgx_metrics', keptMs: DAY };
const ROLLED_UP: readonly [Resolution, Resolution] = [
  { table: 'dgx_metrics_minute', intervalMs: MINUTE, keptMs: 7 * DAY },
  { table: 'dgx_metrics_quarter_hour', intervalMs: QUARTER_HOUR, keptMs: Infinity },
];

/** Where every single measurement is. */
export const RAW_TABLE = RAW.table;
/** Where the means of each minute and of each quarter of an hour are. */
export const ROLLED_UP_TABLES = [ROLLED_UP[0].table, ROLLED_UP[1].table] as const;

/** Milliseconds that a row of a table stands for; a second in the raw one, whose times have no more. */
export function tableInterval(table: string): number {
  return ROLLED_UP.find(resolution => resolution.table === table)?.intervalMs ?? SECOND;
}

/** The finest table that still holds everything of the last `hours` hours. */
export function tableFor(hours: number): string {
  if (hours * HOUR <= RAW.keptMs) return RAW.table;
  const [minutes, quarters] = ROLLED_UP;
  return hours * HOUR <= minutes.keptMs ? minutes.table : quarters.table;
}

/** The minute that a time is in, as a number that grows by one a minute. */
export function minuteOf(ms: number): number {
  return Math.floor(ms / MINUTE);
}

/**
 * Brings the means up to date, the intervals that are still running included, and drops the rows that are old enough
 * to be held by a coarser table alone. Both coarser tables are made from raw rows, so a mean is exact and not a mean of means.
 * @param now epoch milliseconds
 * @param retentionDays how long the coarsest rows are kept
 */
export function rollUp(database: Database, now: number, retentionDays: number): void {
  database.transaction(() => {
    const mark = readState(database, 'rolled_up_to');
    for (const { table, intervalMs } of ROLLED_UP)
      summarise(database, table, intervalMs / SECOND, typeof mark === 'string' ? mark : toSqlTime(0));
    writeState(database, 'rolled_up_to', toSqlTime(now));

    const retentionMs = retentionDays * DAY;
    deleteBefore(database, RAW.table, rawFrom(now, retentionMs));
    for (const { table, keptMs } of ROLLED_UP) deleteBefore(database, table, now - Math.min(keptMs, retentionMs));
  });
}

/** The beginning of the quarter of an hour that `at` is in, where its raw rows may be gone by `now`; undefined where they are kept. */
export function quarterWithoutRows(at: number, now: number): number | undefined {
  return at < rawFrom(now, Infinity) ? Math.floor(at / QUARTER_HOUR) * QUARTER_HOUR : undefined;
}

/** From when on raw rows are kept: whole intervals only, since one whose raw rows are partly gone could not be rolled up again. */
function rawFrom(now: number, retentionMs: number): number {
  return Math.floor((now - Math.min(RAW.keptMs, retentionMs)) / QUARTER_HOUR) * QUARTER_HOUR;
}

/** Makes the rows of all intervals from the one that `from` is in. Each interval's raw rows are all there or all gone. */
function summarise(database: Database, table: string, seconds: number, from: string): void {
  const interval = `unixepoch(recorded_at) / ${seconds} * ${seconds}`;
  database.run(
    `INSERT OR REPLACE INTO ${table} (connection_id, recorded_at, gpu_index, samples,
       gpu_utilization, gpu_utilization_min, gpu_utilization_max,
       memory_used_mb, memory_used_mb_min, memory_used_mb_max, memory_total_mb,
       temperature_c, temperature_c_min, temperature_c_max,
       power_watts, power_watts_min, power_watts_max)
     SELECT connection_id, datetime(${interval}, 'unixepoch'), gpu_index, count(*),
       avg(gpu_utilization), min(gpu_utilization), max(gpu_utilization),
       avg(memory_used_mb), min(memory_used_mb), max(memory_used_mb), max(memory_total_mb),
       avg(temperature_c), min(temperature_c), max(temperature_c),
       avg(power_watts), min(power_watts), max(power_watts)
     FROM dgx_metrics
     WHERE connection_id IN (SELECT id FROM dgx_connections)
       AND unixepoch(recorded_at) IS NOT NULL
       AND recorded_at >= datetime(unixepoch(?) / ${seconds} * ${seconds}, 'unixepoch')
     GROUP BY connection_id, ${interval}, gpu_index`,
    [from],
  );
}

function deleteBefore(database: Database, table: string, before: number): void {
  if (!Number.isFinite(before)) return;
  database.run(`DELETE FROM ${table} WHERE connection_id IN (SELECT id FROM dgx_connections) AND recorded_at < ?`, [
    toSqlTime(before),
  ]);
}
