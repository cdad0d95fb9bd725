import { join } from 'node:path';
import type { Disk } from './disk.js';
import { fromFileTime, toFileTime } from './time.js';

/** Every file of the store, by its meaning. */
export interface StoreFiles {
  readonly folder: string;
  readonly database: string;
  readonly journal: string;
}

export function storeFiles(folder: string): StoreFiles {
  return { folder, database: join(folder, 'dgx-spark.sqlite'), journal: join(folder, 'dgx-spark.journal') };
}

const BACKUP_NAME = /^dgx-spark\.backup-(?:(v\d+)-)?(\d{8}-\d{6})\.sqlite$/;

/** What the name of a backup says. */
export interface BackupName {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Made because the file was about to be brought to a newer version. */
  readonly beforeMigration: boolean;
}

/**
 * @param at epoch milliseconds
 * @param version of the file, for one that is about to be migrated
 */
export function backupName(at: number, version?: number): string {
  return `dgx-spark.backup-${version === undefined ? '' : `v${version}-`}${toFileTime(at)}.sqlite`;
}

/** Null where the name is not a backup's. */
export function parseBackupName(name: string): BackupName | null {
  const parts = BACKUP_NAME.exec(name);
  const at = fromFileTime(parts?.[2] ?? '');
  return at === null ? null : { at, beforeMigration: parts?.[1] !== undefined };
}

/** A path of the form `dgx-spark.damaged-<UTC time>.<ending>` that no file has yet. `now` is epoch milliseconds. */
export async function freeDamagedPath(disk: Disk, folder: string, now: number, ending: string): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    const number = attempt === 1 ? '' : `-${attempt}`;
    const path = join(folder, `dgx-spark.damaged-${toFileTime(now)}${number}.${ending}`);
    if (!(await disk.exists(path))) return path;
  }
}

/** Gives a file a name under which nothing will touch it; returns its new path. Errors are Node's own. */
export async function setAside(disk: Disk, path: string, folder: string, now: number, ending: string): Promise<string> {
  const target = await freeDamagedPath(disk, folder, now, ending);
  await disk.rename(path, target);
  await disk.syncFolder(folder);
  return target;
}
