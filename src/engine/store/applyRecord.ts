import { type KeptAlert, MOST_ALERTS } from '../../shared/alerts.js';
import type { Connection } from '../../shared/connection.js';
import type { Forward } from '../../shared/forwards.js';
import type { Database } from './database.js';
import type { Job } from '../../shared/jobs.js';
import type { ChangeRecord, MetricsRecord, StoredProject } from './records.js';
import { toSqlTime } from './time.js';

/** Tables of measurements, all with `connection_id` and `recorded_at`. */
const METRIC_TABLES = ['dgx_metrics', 'dgx_metrics_minute', 'dgx_metrics_quarter_hour'] as const;

/** Applies one change, all of it or (throwing) none. Returns how many rows it wrote or deleted. */
export function applyRecord(database: Database, record: ChangeRecord): number {
  switch (record.type) {
    case 'putConnection':
      return putConnection(database, record.connection);
    case 'deleteConnection':
      return deleteConnection(database, record.id);
    case 'activateConnection':
      return database.run('UPDATE dgx_connections SET is_active = (id = ?)', [record.id]);
    case 'putForward':
      return putForward(database, record.forward);
    case 'deleteForward':
      return database.run('DELETE FROM dgx_forwards WHERE id = ?', [record.id]);
    case 'putJob':
      return putJob(database, record.job);
    case 'deleteJob':
      return database.run('DELETE FROM dgx_training_jobs WHERE id = ?', [record.id]);
    case 'putAlert':
      return database.transaction(() => putAlert(database, record.alert));
    case 'metrics':
      return database.transaction(() => addMetrics(database, record));
    case 'deleteMetrics':
      return database.transaction(() => deleteMetrics(database, toSqlTime(record.before)));
    case 'putProject':
      return putProject(database, record.project);
    case 'deleteProject':
      return deleteProject(database, record.id);
  }
}

function putConnection(database: Database, connection: Connection): number {
  // an upsert, not REPLACE: that would delete the row under the feet of its metrics
  return database.run(
    `INSERT INTO dgx_connections (id, name, hostname, username, ssh_key_path, port, is_active, last_connected_at,
       created_at, updated_at, auth_method, wanted, ssh_config_host, proxy_jump, addresses, key_stored, last_address,
       ollama_host, ollama_port)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, hostname = excluded.hostname, username = excluded.username,
       ssh_key_path = excluded.ssh_key_path, port = excluded.port, is_active = excluded.is_active,
       last_connected_at = excluded.last_connected_at, created_at = excluded.created_at,
       updated_at = excluded.updated_at, auth_method = excluded.auth_method, wanted = excluded.wanted,
       ssh_config_host = excluded.ssh_config_host, proxy_jump = excluded.proxy_jump, addresses = excluded.addresses,
       key_stored = excluded.key_stored, last_address = excluded.last_address,
       ollama_host = excluded.ollama_host, ollama_port = excluded.ollama_port`,
    [
      connection.id,
      connection.name,
      connection.hostname,
      connection.username,
      connection.sshKeyPath,
      connection.port,
      connection.isActive ? 1 : 0,
      connection.lastConnectedAt === null ? null : toSqlTime(connection.lastConnectedAt),
      toSqlTime(connection.createdAt),
      toSqlTime(connection.updatedAt),
      connection.authMethod,
      connection.wanted ? 1 : 0,
      connection.sshConfigHost,
      connection.proxyJump,
      JSON.stringify(connection.addresses),
      connection.keyStored ? 1 : 0,
      connection.lastAddress,
      connection.ollamaHost,
      connection.ollamaPort,
    ],
  );
}

function putForward(
  database: Database,
  { id, connectionId, remoteHost, remotePort, localPort, label }: Forward,
): number {
  // the connection may have been deleted in the journal before
  if (database.value('SELECT 1 FROM dgx_connections WHERE id = ?', [connectionId]) === null) return 0;
  return database.transaction(() => {
    // an older backup may hold one to the same place under another id
    database.run(
      'DELETE FROM dgx_forwards WHERE connection_id = ? AND remote_host = ? AND remote_port = ? AND id <> ?',
      [connectionId, remoteHost, remotePort, id],
    );
    return database.run(
      `INSERT INTO dgx_forwards (id, connection_id, remote_host, remote_port, local_port, label) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET remote_host = excluded.remote_host, remote_port = excluded.remote_port,
         local_port = excluded.local_port, label = excluded.label`,
      [id, connectionId, remoteHost, remotePort, localPort, label],
    );
  });
}

function putAlert(database: Database, alert: KeptAlert): number {
  // the connection may have been deleted in the journal before
  if (database.value('SELECT 1 FROM dgx_connections WHERE id = ?', [alert.connectionId]) === null) return 0;
  const written = database.run(
    `INSERT INTO dgx_alerts (id, connection_id, raised_at, details) VALUES (?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET details = excluded.details`,
    [alert.id, alert.connectionId, toSqlTime(alert.raisedAt), JSON.stringify(alert)],
  );
  const oldest = 'SELECT id FROM dgx_alerts ORDER BY raised_at DESC, rowid DESC LIMIT -1 OFFSET ?';
  database.run(`DELETE FROM dgx_alerts WHERE id IN (${oldest})`, [MOST_ALERTS]);
  return written;
}

function putJob(database: Database, job: Job): number {
  const isThere = (table: 'dgx_connections' | 'dgx_projects', id: string) =>
    database.value(`SELECT 1 FROM ${table} WHERE id = ?`, [id]) !== null;
  // what it belongs to may have been deleted in the journal before
  if (!isThere('dgx_connections', job.connectionId)) return 0;
  const projectId = job.projectId !== null && isThere('dgx_projects', job.projectId) ? job.projectId : null;
  const { run, queuedAt, exitCode, reason, told, sent } = job;
  const time = (ms: number | null) => (ms === null ? null : toSqlTime(ms));
  return database.run(
    `INSERT INTO dgx_training_jobs (id, project_id, connection_id, name, model_name, status, config, metrics,
       container_id, started_at, completed_at, created_at, state)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET project_id = excluded.project_id, connection_id = excluded.connection_id,
       name = excluded.name, model_name = excluded.model_name, status = excluded.status, config = excluded.config,
       metrics = excluded.metrics, container_id = excluded.container_id, started_at = excluded.started_at,
       completed_at = excluded.completed_at, created_at = excluded.created_at, state = excluded.state`,
    [
      job.id,
      projectId,
      job.connectionId,
      job.name,
      job.modelName,
      job.status,
      JSON.stringify(job.config),
      job.metrics === null ? null : JSON.stringify(job.metrics),
      job.containerId,
      time(job.startedAt),
      time(job.completedAt),
      toSqlTime(job.createdAt),
      JSON.stringify({ run, queuedAt, exitCode, reason, told, sent }),
    ],
  );
}

function deleteConnection(database: Database, id: string): number {
  const deleted = database.transaction(() => {
    for (const table of METRIC_TABLES) database.run(`DELETE FROM ${table} WHERE connection_id = ?`, [id]);
    database.run(
      'DELETE FROM dgx_training_jobs WHERE project_id IN (SELECT id FROM dgx_projects WHERE connection_id = ?)',
      [id],
    );
    database.run('DELETE FROM dgx_training_jobs WHERE connection_id = ?', [id]);
    database.run('DELETE FROM dgx_projects WHERE connection_id = ?', [id]);
    database.run('DELETE FROM dgx_forwards WHERE connection_id = ?', [id]);
    database.run('DELETE FROM dgx_alerts WHERE connection_id = ?', [id]);
    return database.run('DELETE FROM dgx_connections WHERE id = ?', [id]);
  });
  // its pages would otherwise stay in the file, with what was deleted still readable in them
  if (deleted > 0) database.execute('VACUUM');
  return deleted;
}

function addMetrics(database: Database, record: MetricsRecord): number {
  // the connection may have been deleted while the sample was on its way
  if (database.value('SELECT 1 FROM dgx_connections WHERE id = ?', [record.connectionId]) === null) return 0;
  const at = toSqlTime(record.at);
  for (const row of record.rows)
    database.run(
      `INSERT INTO dgx_metrics (connection_id, gpu_index, gpu_utilization, memory_used_mb, memory_total_mb,
         temperature_c, power_watts, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        record.connectionId,
        row.gpu,
        row.utilization,
        row.memoryUsedMb,
        row.memoryTotalMb,
        row.temperatureC,
        row.powerW,
        at,
      ],
    );
  // a clock that was set back brings rows before the mark; their intervals are rolled up again
  database.run(`UPDATE dgx_store_state SET value = ? WHERE name = 'rolled_up_to' AND value > ?`, [at, at]);
  return record.rows.length;
}

function deleteMetrics(database: Database, before: string): number {
  return METRIC_TABLES.reduce(
    (deleted, table) =>
      deleted +
      database.run(`DELETE FROM ${table} WHERE connection_id IN (SELECT id FROM dgx_connections) AND recorded_at < ?`, [
        before,
      ]),
    0,
  );
}

function putProject(database: Database, project: StoredProject): number {
  // its connection may have been deleted meanwhile, or be missing in an older backup
  if (database.value('SELECT 1 FROM dgx_connections WHERE id = ?', [project.connectionId]) === null) return 0;
  return database.run(
    `INSERT INTO dgx_projects (id, connection_id, name, description, project_type, remote_path, status, config,
       created_at, updated_at, config_revision, last_activity_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET connection_id = excluded.connection_id, name = excluded.name,
       description = excluded.description, project_type = excluded.project_type, remote_path = excluded.remote_path,
       status = excluded.status, config = excluded.config, created_at = excluded.created_at,
       updated_at = excluded.updated_at, config_revision = excluded.config_revision,
       last_activity_at = excluded.last_activity_at`,
    [
      project.id,
      project.connectionId,
      project.name,
      project.description,
      project.projectType,
      project.remotePath,
      project.status,
      project.config,
      toSqlTime(project.createdAt),
      toSqlTime(project.updatedAt),
      project.configRevision,
      toSqlTime(project.lastActivityAt),
    ],
  );
}

function deleteProject(database: Database, id: string): number {
  const deleted = database.transaction(() => {
    database.run('DELETE FROM dgx_training_jobs WHERE project_id = ?', [id]);
    return database.run('DELETE FROM dgx_projects WHERE id = ?', [id]);
  });
  // its pages would otherwise stay in the file, with its configuration still readable in them
  if (deleted > 0) database.execute('VACUUM');
  return deleted;
}
