import * as v from 'valibot';
import { type Job, jobConfigSchema, jobMetricsSchema, jobStatusSchema } from '../../shared/jobs.js';
import type { Database, SqlRow, SqlValue } from './database.js';
import { fromSqlTime } from './time.js';
import type { JobRepository } from './types.js';
import type { ChangeOptions, Writer } from './writer.js';

const COLUMNS = `id, project_id, connection_id, name, model_name, status, config, metrics, container_id, started_at,
  completed_at, created_at, state`;

/** What a user enters is backed up at once: it cannot be measured again. */
const ENTERED: ChangeOptions = { imageNow: true, backUp: true };

/** What the `state` column holds. */
const stateSchema = v.object({
  run: v.fallback(v.number(), 0),
  queuedAt: v.fallback(v.nullable(v.number()), null),
  exitCode: v.fallback(v.nullable(v.number()), null),
  reason: v.fallback(v.nullable(v.string()), null),
  told: v.fallback(v.boolean(), true),
  sent: v.fallback(v.boolean(), true),
});

/** Training jobs in `dgx_training_jobs`, changed through the writer only. */
export function createJobRepository(database: Database, writer: Writer): JobRepository {
  return {
    list: () =>
      database
        .all(`SELECT ${COLUMNS} FROM dgx_training_jobs ORDER BY created_at DESC, rowid DESC`)
        .flatMap(row => readJob(row) ?? []),
    put: job => writer.change(() => ({ type: 'putJob', job }), ENTERED),
    note: job => writer.change(() => ({ type: 'putJob', job }), { applyAnyway: true }),
    delete: id => writer.change(() => ({ type: 'deleteJob', id }), ENTERED),
  };
}

/** Undefined for a row of another program's that says not where it runs, or what. */
function readJob(row: SqlRow): Job | undefined {
  const [
    id,
    projectId,
    connectionId,
    name,
    modelName,
    status,
    config,
    metrics,
    containerId,
    started,
    completed,
    created,
    state,
  ] = row;
  const checked = v.safeParse(jobConfigSchema, json(config));
  if (typeof connectionId !== 'string' || !checked.success) return undefined;
  const figures = v.safeParse(jobMetricsSchema, json(metrics));
  return {
    id: String(id),
    connectionId,
    projectId: text(projectId),
    name: String(name),
    modelName: text(modelName),
    status: v.is(jobStatusSchema, status) ? status : 'pending',
    config: checked.output,
    metrics: figures.success ? figures.output : null,
    containerId: text(containerId),
    startedAt: fromSqlTime(text(started)),
    completedAt: fromSqlTime(text(completed)),
    createdAt: fromSqlTime(text(created)) ?? 0,
    ...v.parse(stateSchema, json(state) ?? {}),
  };
}

function text(value: SqlValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function json(value: SqlValue | undefined): unknown {
  try {
    return typeof value === 'string' ? JSON.parse(value) : null;
  } catch {
    return null;
  }
}
