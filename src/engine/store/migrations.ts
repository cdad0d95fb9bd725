import { DATABASE_VERSION } from '../../shared/contract.js';
import type { Database } from './database.js';

/** The product's specification, word for word. `IF NOT EXISTS` because a file without a version may hold these already. */
const SPECIFIED_TABLES = `
CREATE TABLE IF NOT EXISTS dgx_connections (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, hostname TEXT NOT NULL, username TEXT NOT NULL,
  ssh_key_path TEXT, port INTEGER DEFAULT 22, is_active INTEGER DEFAULT 0,
  last_connected_at DATETIME, created_at DATETIME DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME DEFAULT CURRENT_TIMESTAMP);

CREATE TABLE IF NOT EXISTS dgx_metrics (
  id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id TEXT REFERENCES dgx_connections(id),
  gpu_utilization REAL, memory_used_mb INTEGER, memory_total_mb INTEGER, temperature_c INTEGER, power_watts REAL,
  recorded_at DATETIME DEFAULT CURRENT_TIMESTAMP);

CREATE TABLE IF NOT EXISTS dgx_projects (
  id TEXT PRIMARY KEY, connection_id TEXT REFERENCES dgx_connections(id), name TEXT NOT NULL, description TEXT,
  project_type TEXT, remote_path TEXT, status TEXT DEFAULT 'active', config TEXT,
  created_at DATETIME DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME DEFAULT CURRENT_TIMESTAMP);

CREATE TABLE IF NOT EXISTS dgx_training_jobs (
  id TEXT PRIMARY KEY, project_id TEXT REFERENCES dgx_projects(id), name TEXT NOT NULL, model_name TEXT,
  status TEXT DEFAULT 'pending', config TEXT, metrics TEXT, container_id TEXT,
  started_at DATETIME, completed_at DATETIME, created_at DATETIME DEFAULT CURRENT_TIMESTAMP);
`;

/** `recorded_at` is the start of the interval; means are over the samples that reported the value. */
const rolledUpTable = (name: string) => `
CREATE TABLE ${name} (
  connection_id TEXT NOT NULL REFERENCES dgx_connections(id), recorded_at DATETIME NOT NULL, gpu_index INTEGER NOT NULL,
  samples INTEGER NOT NULL,
  gpu_utilization REAL, gpu_utilization_min REAL, gpu_utilization_max REAL,
  memory_used_mb REAL, memory_used_mb_min INTEGER, memory_used_mb_max INTEGER, memory_total_mb INTEGER,
  temperature_c REAL, temperature_c_min INTEGER, temperature_c_max INTEGER,
  power_watts REAL, power_watts_min REAL, power_watts_max REAL,
  PRIMARY KEY (connection_id, recorded_at, gpu_index)) WITHOUT ROWID;
`;

const LOGIN_AND_HISTORY = `
ALTER TABLE dgx_connections ADD COLUMN auth_method TEXT NOT NULL DEFAULT 'key';
ALTER TABLE dgx_connections ADD COLUMN wanted INTEGER NOT NULL DEFAULT 0;
UPDATE dgx_connections SET auth_method = 'password' WHERE ssh_key_path IS NULL;

ALTER TABLE dgx_metrics ADD COLUMN gpu_index INTEGER NOT NULL DEFAULT 0;
CREATE INDEX dgx_metrics_by_time ON dgx_metrics (connection_id, recorded_at);
CREATE INDEX dgx_projects_by_connection ON dgx_projects (connection_id);
CREATE INDEX dgx_training_jobs_by_project ON dgx_training_jobs (project_id);
${rolledUpTable('dgx_metrics_minute')}
${rolledUpTable('dgx_metrics_quarter_hour')}
CREATE TABLE dgx_store_state (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
`;

const ROUTES_AND_STORED_KEYS = `
ALTER TABLE dgx_connections ADD COLUMN ssh_config_host TEXT;
ALTER TABLE dgx_connections ADD COLUMN proxy_jump TEXT;
ALTER TABLE dgx_connections ADD COLUMN addresses TEXT;
ALTER TABLE dgx_connections ADD COLUMN key_stored INTEGER NOT NULL DEFAULT 0;
ALTER TABLE dgx_connections ADD COLUMN last_address TEXT;
`;

const FORWARDS_AND_OLLAMA = `
ALTER TABLE dgx_connections ADD COLUMN ollama_host TEXT;
ALTER TABLE dgx_connections ADD COLUMN ollama_port INTEGER;
CREATE TABLE dgx_forwards (
  id TEXT PRIMARY KEY, connection_id TEXT NOT NULL REFERENCES dgx_connections(id), remote_host TEXT NOT NULL,
  remote_port INTEGER NOT NULL, local_port INTEGER, label TEXT NOT NULL,
  created_at DATETIME DEFAULT CURRENT_TIMESTAMP, UNIQUE (connection_id, remote_host, remote_port));
`;

const PROJECT_ACTIVITY = `
ALTER TABLE dgx_projects ADD COLUMN config_revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE dgx_projects ADD COLUMN last_activity_at DATETIME;
`;

/** A job belongs to a connection with or without a project. `state` is JSON: what is known of its runs. */
const JOBS = `
ALTER TABLE dgx_training_jobs ADD COLUMN connection_id TEXT;
ALTER TABLE dgx_training_jobs ADD COLUMN state TEXT;
UPDATE dgx_training_jobs SET connection_id =
  (SELECT connection_id FROM dgx_projects WHERE dgx_projects.id = dgx_training_jobs.project_id);
CREATE INDEX dgx_training_jobs_by_connection ON dgx_training_jobs (connection_id);
`;

/** What was wrong and told; `details` is JSON. */
const ALERTS = `
CREATE TABLE dgx_alerts (
  id TEXT PRIMARY KEY,
  connection_id TEXT NOT NULL,
  raised_at DATETIME NOT NULL,
  details TEXT NOT NULL
);
CREATE INDEX dgx_alerts_by_time ON dgx_alerts (raised_at);
`;

/** What brings a database from version n to n + 1, by n. */
const MIGRATIONS: readonly string[] = [
  SPECIFIED_TABLES,
  LOGIN_AND_HISTORY,
  ROUTES_AND_STORED_KEYS,
  FORWARDS_AND_OLLAMA,
  PROJECT_ACTIVITY,
  JOBS,
  ALERTS,
];

export function schemaVersion(database: Database): number {
  return Number(database.value('PRAGMA user_version'));
}

/**
 * Brings a database to `target`, one transaction a step. Throws SQLite's own error where a step does not fit; the
 * database then is as the last step that fitted left it.
 */
export function migrate(database: Database, target: number = DATABASE_VERSION): void {
  for (let version = schemaVersion(database); version < target; version += 1) {
    const step = MIGRATIONS[version];
    if (step === undefined) throw new Error(`No migration leads from version ${version} to ${version + 1}.`);
    database.transaction(() => {
      database.execute(step);
      database.execute(`PRAGMA user_version = ${version + 1}`);
    });
  }
}

const COLUMNS_IN_USE = [
  'SELECT id, name, hostname, username, ssh_key_path, port, is_active, last_connected_at, created_at, updated_at, auth_method, wanted, ssh_config_host, proxy_jump, addresses, key_stored, last_address, ollama_host, ollama_port FROM dgx_connections',
  'SELECT id, connection_id, remote_host, remote_port, local_port, label FROM dgx_forwards',
  'SELECT id, connection_id, gpu_index, gpu_utilization, memory_used_mb, memory_total_mb, temperature_c, power_watts, recorded_at FROM dgx_metrics',
  'SELECT samples, gpu_utilization_max FROM dgx_metrics_minute',
  'SELECT samples, gpu_utilization_max FROM dgx_metrics_quarter_hour',
  'SELECT id, connection_id, name, description, project_type, remote_path, status, config, created_at, updated_at, config_revision, last_activity_at FROM dgx_projects',
  'SELECT id, project_id, connection_id, name, model_name, status, config, metrics, container_id, started_at, completed_at, created_at, state FROM dgx_training_jobs',
  'SELECT id, connection_id, raised_at, details FROM dgx_alerts',
  'SELECT name, value FROM dgx_store_state',
];

/** Throws SQLite's own error where a table or column that the store works with is missing. */
export function checkSchema(database: Database): void {
  for (const query of COLUMNS_IN_USE) database.all(`${query} LIMIT 0`);
}
