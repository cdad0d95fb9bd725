import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { jobStatusSchema } from '../../shared/jobs.js';
import { SparkError } from '../../shared/errors.js';
import { type Project, projectSchema, projectStatusSchema } from '../../shared/projects.js';
import type { Clock } from '../base/clock.js';
import type { Database, SqlRow, SqlValue } from './database.js';
import type { StoredProject } from './records.js';
import { fromSqlTime } from './time.js';
import type { ProjectRepository } from './types.js';
import type { ChangeOptions, Writer } from './writer.js';

const COLUMNS = `id, connection_id, name, description, project_type, remote_path, status, config, config_revision,
  last_activity_at, created_at, updated_at`;
/** More jobs of a project than this are not told of with it. */
const MOST_JOBS = 200;

/** What a user enters is backed up at once: it cannot be measured again. */
const ENTERED: ChangeOptions = { imageNow: true, backUp: true };

/** Projects in `dgx_projects`, changed through the writer only. */
export function createProjectRepository(database: Database, writer: Writer, clock: Clock): ProjectRepository {
  const stored = (id: string): StoredProject => {
    const [row] = database.all(`SELECT ${COLUMNS} FROM dgx_projects WHERE id = ?`, [id]);
    if (row === undefined)
      throw new SparkError({
        code: 'notFound',
        message: 'This project is no longer saved.',
        hint: 'It may have been deleted in another window.',
      });
    return readProject(row);
  };
  const jobsOf = (id: string): Project['jobs'] =>
    database
      .all(
        `SELECT id, name, status FROM dgx_training_jobs WHERE project_id = ? ORDER BY created_at DESC, rowid DESC LIMIT ${MOST_JOBS}`,
        [id],
      )
      .map(([job, name, status]) => ({
        id: String(job),
        name: String(name),
        status: v.parse(v.fallback(jobStatusSchema, 'pending'), status),
      }));
  // the configuration is large, and asked for by itself
  const withJobs = (project: StoredProject): Project =>
    v.parse(projectSchema, { ...project, jobs: jobsOf(project.id) });
  const put = (change: () => StoredProject, options: ChangeOptions) =>
    writer.change(() => ({ type: 'putProject', project: change() }), options);
  const get = (id: string) => withJobs(stored(id));

  return {
    list: () =>
      database
        .all(`SELECT ${COLUMNS} FROM dgx_projects ORDER BY created_at, rowid`)
        .map(row => withJobs(readProject(row))),
    get,
    config(id) {
      const { config, configRevision } = stored(id);
      return { text: config, revision: configRevision };
    },
    async create(data) {
      const id = randomUUID();
      const now = clock.now();
      const times = { lastActivityAt: now, createdAt: now, updatedAt: now };
      await put(() => {
        if (database.value('SELECT 1 FROM dgx_connections WHERE id = ?', [data.connectionId]) === null)
          throw new SparkError({
            code: 'notFound',
            message: 'The connection of this project is no longer saved.',
            field: 'connectionId',
          });
        return { ...data, id, configRevision: data.config === null ? 0 : 1, ...times };
      }, ENTERED);
      return get(id);
    },
    async update(id, changes) {
      await put(() => {
        const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
        return { ...stored(id), ...given, lastActivityAt: clock.now(), updatedAt: clock.now() };
      }, ENTERED);
      return get(id);
    },
    async setConfig(id, config, basedOn) {
      await put(() => {
        const before = stored(id);
        if (basedOn !== null && basedOn !== before.configRevision)
          throw new SparkError({
            code: 'configConflict',
            message: `The configuration of "${before.name}" was changed in another window meanwhile.`,
            hint: 'Compare the two, then save again.',
          });
        const now = clock.now();
        return { ...before, config, configRevision: before.configRevision + 1, lastActivityAt: now, updatedAt: now };
      }, ENTERED);
      return { text: config, revision: stored(id).configRevision };
    },
    // no user's data: the journal holds it, the image can wait
    touch: id => put(() => ({ ...stored(id), lastActivityAt: clock.now() }), { applyAnyway: true }),
    delete: id => writer.change(() => ({ type: 'deleteProject', id: stored(id).id }), ENTERED),
  };
}

function readProject(row: SqlRow): StoredProject {
  const [
    id,
    connectionId,
    name,
    description,
    projectType,
    remotePath,
    status,
    config,
    configRevision,
    lastActivity,
    created,
    updated,
  ] = row;
  const createdAt = fromSqlTime(text(created)) ?? 0;
  return {
    id: String(id),
    connectionId: String(connectionId),
    name: String(name),
    description: text(description),
    projectType: text(projectType),
    remotePath: text(remotePath) ?? '~',
    // another program may have written a word of its own
    status: v.is(projectStatusSchema, status) ? status : 'active',
    config: text(config),
    configRevision: typeof configRevision === 'number' ? configRevision : 0,
    lastActivityAt: fromSqlTime(text(lastActivity)) ?? fromSqlTime(text(updated)) ?? createdAt,
    createdAt,
    updatedAt: fromSqlTime(text(updated)) ?? createdAt,
  };
}

function text(value: SqlValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
