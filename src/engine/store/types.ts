import type { KeptAlert } from '../../shared/alerts.js';
import type { Connection, ConnectionChanges, ConnectionData } from '../../shared/connection.js';
import type { Forward } from '../../shared/forwards.js';
import type { Series, SeriesQuery } from '../../shared/history.js';
import type { Job } from '../../shared/jobs.js';
import type { MetricRow, Sample } from '../../shared/metrics.js';
import type { Project, ProjectChanges, ProjectData } from '../../shared/projects.js';
import type { ExportRows, RowsQuery } from './exportRows.js';

/** What a login has shown about a saved connection. */
export type LoginFacts = Partial<Pick<Connection, 'hostname' | 'port' | 'username' | 'lastAddress'>>;

/** Saved connections (`dgx_connections`). Every change is on disk when its promise resolves. */
export interface ConnectionRepository {
  list(): Connection[];
  /** Throws `notFound`. */
  get(id: string): Connection;
  create(data: ConnectionData): Promise<Connection>;
  update(id: string, changes: ConnectionChanges): Promise<Connection>;
  /** Deletes the connection and its metrics. */
  delete(id: string): Promise<void>;
  /** Makes this one active and all others not. */
  setActive(id: string): Promise<void>;
  /** Whether the user wants it connected. */
  setWanted(id: string, wanted: boolean): Promise<void>;
  /** Notes that a login succeeded now, and what it has shown. */
  markConnected(id: string, facts?: LoginFacts): Promise<void>;
  /** Whether its private key is in the keychain. */
  setKeyStored(id: string, stored: boolean): Promise<void>;
}

/** Saved forwards (`dgx_forwards`); those of a deleted connection go with it. Every change is on disk when its promise resolves. */
export interface ForwardRepository {
  /** In the order in which they were added. */
  list(): Forward[];
  /** Saves a new one, or another state of a saved one. */
  put(forward: Forward): Promise<void>;
  delete(id: string): Promise<void>;
}

/** Projects (`dgx_projects`). Every change is on disk when its promise resolves, but for what only tells when it was last used. */
export interface ProjectRepository {
  /** With their jobs, as they were last written to `dgx_training_jobs`. */
  list(): Project[];
  /** Throws `notFound`. */
  get(id: string): Project;
  /** The text of its configuration and its revision. */
  config(id: string): { text: string | null; revision: number };
  create(data: ProjectData): Promise<Project>;
  update(id: string, changes: ProjectChanges): Promise<Project>;
  /** @param basedOn the revision that must still be stored, else `configConflict`; null for whichever */
  setConfig(id: string, text: string, basedOn: number | null): Promise<{ text: string; revision: number }>;
  /** Notes that something was done with it now. */
  touch(id: string): Promise<void>;
  /** Deletes the project and its jobs. */
  delete(id: string): Promise<void>;
}

/** Training jobs (`dgx_training_jobs`); those of a deleted connection go with it. */
export interface JobRepository {
  /** Newest first. */
  list(): Job[];
  /** Saves a new one, or another state of a saved one. On disk when it resolves. */
  put(job: Job): Promise<void>;
  /** The same for what the machine told: it is told again after a crash, so the journal is enough. */
  note(job: Job): Promise<void>;
  delete(id: string): Promise<void>;
}

/** The last alerts (`dgx_alerts`); those of a deleted connection go with it. */
export interface AlertRepository {
  /** Newest first. */
  list(): KeptAlert[];
  /** Saves a new one, or another state of one. */
  note(alert: KeptAlert): Promise<void>;
}

/** Metric rows (`dgx_metrics`), one a GPU and time. */
export interface MetricsRepository {
  /** Adds one row for each GPU of the sample; durable within the journal's flush. */
  save(sample: Sample): void;
  /**
   * Adds what was measured before, where nothing is there yet: neither a row at about that time, nor (where single rows are not kept
   * any more) a mean. Returns how many samples were added.
   */
  fill(samples: readonly Sample[]): number;
  /** Rows of the last `hours` hours, oldest first. */
  history(connectionId: string, hours: number): MetricRow[];
  /** One GPU over time. `rawStepMs`: how far apart rows are saved. */
  series(query: SeriesQuery, rawStepMs: number): Series;
  /** The rows of an export. */
  exportRows(query: RowsQuery): ExportRows;
  /** Deletes rows older than `days` days; returns how many. */
  cleanUp(days: number): number;
}

/** The open database. */
export interface Store {
  readonly connections: ConnectionRepository;
  readonly forwards: ForwardRepository;
  readonly jobs: JobRepository;
  readonly alerts: AlertRepository;
  readonly metrics: MetricsRepository;
  readonly projects: ProjectRepository;
  /** What the user must be told about opening it (a damaged file was replaced), in plain sentences. */
  readonly notices: readonly string[];
  /** Resolves when the file itself holds everything. */
  flush(): Promise<void>;
  /** Flushes and lets go of the file. */
  close(): Promise<void>;
}
