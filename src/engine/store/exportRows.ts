import type { ExportColumn, ExportQuery } from '../../shared/history.js';
import type { Database, SqlRow } from './database.js';
import { RAW_TABLE, ROLLED_UP_TABLES, tableFor } from './rollUp.js';
import { fromSqlTime, toSqlTime } from './time.js';

const HOUR_MS = 60 * 60 * 1000;
/** Rows that are read at once, each a fraction of a millisecond of the loop's time. */
const PAGE = 500;

const COLUMNS: Readonly<
  Record<ExportColumn, { readonly name: string; readonly title: string; readonly band: boolean }>
> = {
  utilization: { name: 'gpu_utilization', title: 'GPU utilisation (%)', band: true },
  memoryUsedMb: { name: 'memory_used_mb', title: 'memory used (MiB)', band: true },
  memoryTotalMb: { name: 'memory_total_mb', title: 'memory total (MiB)', band: false },
  temperatureC: { name: 'temperature_c', title: 'temperature (C)', band: true },
  powerW: { name: 'power_watts', title: 'power (W)', band: true },
};

/** What of an export's query the rows depend on. */
export type RowsQuery = Required<Pick<ExportQuery, 'connectionId' | 'from' | 'to' | 'resolution'>> & {
  readonly gpus: readonly number[] | undefined;
  readonly columns: readonly ExportColumn[];
};

/** A table as it is exported, page by page. */
export interface ExportRows {
  readonly header: readonly string[];
  readonly total: number;
  /** Each row begins with the time in ISO's form and the GPU. */
  pages(): Generator<(string | number | null)[][]>;
}

/** The rows of an export, oldest first; means of a rolled-up table come with their minimum, maximum and count. */
export function exportRows(database: Database, query: RowsQuery, now: number): ExportRows {
  const table = {
    auto: () => tableFor((now - query.from) / HOUR_MS),
    raw: () => RAW_TABLE,
    minute: () => ROLLED_UP_TABLES[0],
    quarterHour: () => ROLLED_UP_TABLES[1],
  }[query.resolution]();
  const raw = table === RAW_TABLE;
  const chosen = query.columns.map(column => COLUMNS[column]);
  const columns = chosen.flatMap(({ name, title, band }) =>
    raw || !band
      ? [{ name, title }]
      : ['', '_min', '_max'].map(end => ({ name: name + end, title: `${title}${WORDS[end] ?? ''}` })),
  );
  const more = raw ? [] : [{ name: 'samples', title: 'samples' }];
  const all = [...columns, ...more];
  const gpus = query.gpus ? ` AND gpu_index IN (${query.gpus.map(gpu => Math.trunc(gpu)).join(',') || 'NULL'})` : '';
  const where = `connection_id = ? AND recorded_at >= ? AND recorded_at <= ?${gpus}`;
  const to = toSqlTime(query.to);
  // rows of one second and GPU are told apart in the raw table only, where there may be several
  const order = raw ? 'recorded_at, gpu_index, id' : 'recorded_at, gpu_index';
  const key = raw ? 'id' : '0';
  return {
    header: ['time (UTC)', 'GPU', ...all.map(({ title }) => title)],
    total: Number(
      database.value(`SELECT count(*) FROM ${table} WHERE ${where}`, [query.connectionId, toSqlTime(query.from), to]),
    ),
    *pages() {
      let after: [string, number, number] = [toSqlTime(query.from), -1, -1];
      for (;;) {
        const rows: SqlRow[] = database.all(
          `SELECT recorded_at, gpu_index, ${key}, ${all.map(({ name }) => name).join(', ')} FROM ${table}
           WHERE ${where} AND (recorded_at, gpu_index, ${key}) > (?, ?, ?) ORDER BY ${order} LIMIT ${PAGE}`,
          [query.connectionId, after[0], to, ...after],
        );
        const last = rows.at(-1);
        if (!last) return;
        after = [String(last[0]), Number(last[1]), Number(last[2])];
        yield rows.map(([at, gpu, , ...values]) => [
          new Date(fromSqlTime(String(at)) ?? 0).toISOString(),
          Number(gpu),
          ...values.map(value => (typeof value === 'number' ? value : null)),
        ]);
        if (rows.length < PAGE) return;
      }
    },
  };
}

const WORDS: Readonly<Record<string, string>> = { '': ' mean', _min: ' min', _max: ' max' };
