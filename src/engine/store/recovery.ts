import type { Logger } from '../base/logger.js';
import { SparkError } from '../../shared/errors.js';
import type { Backup, Backups } from './backups.js';
import type { Database, Sqlite } from './database.js';
import type { Disk } from './disk.js';
import { setAside, type StoreFiles } from './files.js';
import { migrate } from './migrations.js';
import { openImage, refuseNewer } from './openImage.js';
import { databaseUnwritable, fileProblem } from './storeErrors.js';
import { toSqlTime } from './time.js';

export interface RecoveryParts {
  readonly sqlite: Sqlite;
  readonly disk: Disk;
  readonly files: StoreFiles;
  readonly backups: Backups;
  readonly log: Logger;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** A database in memory and where it came from. */
export interface Recovered {
  readonly database: Database;
  /** The file's own bytes, where the file holds exactly this database and is good. */
  readonly goodImage: Uint8Array | undefined;
  /** For the user, in plain sentences. */
  readonly notices: readonly string[];
}

/**
 * Opens the database file, or what can be had in its place: the newest good backup, else an empty database. A file that
 * cannot be opened keeps its bytes under another name. Throws `databaseNewer`, and `databaseUnwritable` where a good file cannot
 * be read or an older one not be backed up before it is changed.
 */
export async function recoverDatabase(parts: RecoveryParts): Promise<Recovered> {
  const { disk, files, sqlite } = parts;
  const image = await readOrExplain(disk, files.database);
  if (image === undefined) return restoreMissing(parts);
  refuseNewer(files.database, image);
  try {
    const { database, migrated } = await openImage(sqlite, image, version =>
      backUpBeforeMigration(parts, image, version),
    );
    return { database, goodImage: migrated ? undefined : image, notices: [] };
  } catch (error) {
    if (SparkError.is(error)) throw error;
    return await replaceDamaged(parts, fileProblem(error));
  }
}

async function readOrExplain(disk: Disk, path: string): Promise<Uint8Array | undefined> {
  try {
    return await disk.read(path);
  } catch (error) {
    throw new SparkError(
      {
        code: 'databaseUnwritable',
        message: `The database ${path} cannot be read: ${fileProblem(error)}.`,
        hint: 'Check who owns the file and its permissions, then reload the window.',
      },
      { cause: error },
    );
  }
}

async function backUpBeforeMigration(parts: RecoveryParts, image: Uint8Array, version: number): Promise<void> {
  try {
    await parts.backups.keep(image, parts.now, version);
  } catch (error) {
    throw databaseUnwritable(parts.files.folder, error);
  }
}

async function replaceDamaged(parts: RecoveryParts, problem: string): Promise<Recovered> {
  const { disk, files, log, now } = parts;
  const aside = await setAside(disk, files.database, files.folder, now, 'sqlite').catch((error: unknown) => {
    throw databaseUnwritable(files.folder, error);
  });
  const what = `The database of DGX Spark could not be opened (${problem}). The file was kept as ${aside}.`;
  log.error(what);
  const restored = await restoreNewest(parts);
  return {
    database: restored?.database ?? emptyDatabase(parts.sqlite),
    goodImage: undefined,
    notices: [
      `${what} ${restored === undefined ? 'There was no usable backup, so an empty database was made.' : restoredFrom(restored.backup, now)}`,
    ],
  };
}

async function restoreMissing(parts: RecoveryParts): Promise<Recovered> {
  const restored = await restoreNewest(parts);
  if (restored === undefined) return { database: emptyDatabase(parts.sqlite), goodImage: undefined, notices: [] };
  const notice = `The database ${parts.files.database} was missing. ${restoredFrom(restored.backup, parts.now)}`;
  parts.log.error(notice);
  return { database: restored.database, goodImage: undefined, notices: [notice] };
}

interface Restored {
  readonly database: Database;
  readonly backup: Backup;
}

async function restoreNewest(parts: RecoveryParts): Promise<Restored | undefined> {
  for (const backup of await parts.backups.list()) {
    try {
      const image = await parts.disk.read(backup.path);
      if (image === undefined) continue;
      refuseNewer(backup.path, image);
      // it stays a backup itself, so an older one can be brought up to date without a further copy
      const { database } = await openImage(parts.sqlite, image, () => Promise.resolve());
      return { database, backup };
    } catch (error) {
      parts.log.warn(`The backup ${backup.path} cannot be used: ${fileProblem(error)}.`);
    }
  }
  return undefined;
}

function emptyDatabase(sqlite: Sqlite): Database {
  const database = sqlite.open();
  migrate(database);
  return database;
}

function restoredFrom(backup: Backup, now: number): string {
  return `The backup of ${toSqlTime(backup.at)} UTC (${age(now - backup.at)} old) was restored; later changes may be missing.`;
}

function age(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000));
  if (minutes < 90) return counted(minutes, 'minute');
  const hours = Math.round(minutes / 60);
  return hours < 36 ? counted(hours, 'hour') : counted(Math.round(hours / 24), 'day');
}

function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
