import { join } from 'node:path';
import type { Logger } from '../base/logger.js';
import { type Disk, replaceFile } from './disk.js';
import { backupName, type BackupName, parseBackupName } from './files.js';
import { fileProblem } from './storeErrors.js';

const DAY_MS = 24 * 60 * 60 * 1000;
/** How many backups are kept: the newest one, and before it the newest of each day. Those before a migration stay. */
const KEPT = 3;

/** A copy of the database that was good when it was made. */
export interface Backup extends BackupName {
  readonly path: string;
}

/** The backups in the database's folder. */
export class Backups {
  /** Newest first; undefined until the folder was read. */
  private known: readonly Backup[] | undefined;

  constructor(
    private readonly disk: Disk,
    private readonly folder: string,
    private readonly log: Logger,
  ) {}

  /** Newest first; none where the folder cannot be read. */
  async list(): Promise<readonly Backup[]> {
    return (this.known ??= await this.read());
  }

  /** Whether the newest backup is a day old at `now` (epoch milliseconds), or was made in what is now the future. */
  async isDue(now: number): Promise<boolean> {
    const [newest] = await this.list();
    return newest === undefined || Math.abs(now - newest.at) >= DAY_MS;
  }

  /**
   * Keeps a good image, and lets go of backups that are no longer needed. Errors are Node's own.
   * @param now epoch milliseconds
   * @param version of the image, where it is about to be migrated
   */
  async keep(image: Uint8Array, now: number, version?: number): Promise<void> {
    await replaceFile(this.disk, join(this.folder, backupName(now, version)), image);
    const all = await this.read();
    const kept = worthKeeping(all);
    for (const backup of all) if (!kept.includes(backup)) await this.disk.remove(backup.path);
    this.known = kept;
  }

  private async read(): Promise<readonly Backup[]> {
    try {
      const backups = (await this.disk.list(this.folder)).flatMap(name => {
        const parsed = parseBackupName(name);
        return parsed === null ? [] : [{ ...parsed, path: join(this.folder, name) }];
      });
      return backups.sort((a, b) => b.at - a.at);
    } catch (error) {
      this.log.warn(`The backups of the database cannot be listed: ${fileProblem(error)}.`);
      return [];
    }
  }
}

/** The newest of all and the newest of earlier days. A day's many changes must not push out what was there before. */
function worthKeeping(newestFirst: readonly Backup[]): readonly Backup[] {
  const days = new Set<number>();
  const kept: Backup[] = [];
  for (const backup of newestFirst) {
    const day = Math.floor(backup.at / DAY_MS);
    if (!backup.beforeMigration) {
      if (days.has(day) || days.size === KEPT) continue;
      days.add(day);
    }
    kept.push(backup);
  }
  return kept;
}
