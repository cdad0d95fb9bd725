import { type Clock, systemClock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import { DEFAULT_ENGINE_SETTINGS } from '../../shared/settings.js';
import { SparkError } from '../../shared/errors.js';
import { Backups } from './backups.js';
import { createAlertRepository } from './alertRepository.js';
import { createConnectionRepository } from './connectionRepository.js';
import { loadSqlite } from './database.js';
import { type Disk, nodeDisk } from './disk.js';
import { storeFiles } from './files.js';
import { createForwardRepository } from './forwardRepository.js';
import { createJobRepository } from './jobRepository.js';
import { createMetricsRepository } from './metricsRepository.js';
import { createProjectRepository } from './projectRepository.js';
import { recoverDatabase } from './recovery.js';
import { replayJournal } from './replay.js';
import { rollUp } from './rollUp.js';
import { fileProblem } from './storeErrors.js';
import type { Store } from './types.js';
import { Writer } from './writer.js';

export interface StoreOptions {
  /** Where `dgx-spark.sqlite` and its journal and backups are; made if missing. */
  readonly folder: string;
  readonly clock?: Clock;
  readonly log: Logger;
  /** How long the coarsest measurements are kept, in days; asked again at every roll-up. */
  readonly retentionDays?: () => number;
  /** The real one, unless a test brings its own. */
  readonly disk?: Disk;
}

/**
 * Opens the database, makes it if there is none, and repairs what a crash or damage left behind ({@link Store.notices} says
 * what the user must know of that). Throws `databaseNewer` for a file of a newer build, which it leaves as it is, and
 * `databaseUnwritable` for one that cannot be read, or not be backed up before it is changed to a newer version. The folder is
 * the caller's alone: one process at a time.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { folder, log, clock = systemClock, disk = nodeDisk() } = options;
  const retentionDays = options.retentionDays ?? (() => DEFAULT_ENGINE_SETTINGS.retentionDays);
  const files = storeFiles(folder);
  const now = clock.now();
  await disk.makeFolder(folder).catch((error: unknown) => {
    log.warn(`The folder ${folder} cannot be made private: ${fileProblem(error)}.`);
  });

  const backups = new Backups(disk, folder, log);
  const recovered = await recoverDatabase({ sqlite: await loadSqlite(), disk, files, backups, log, now });
  const { database, goodImage } = recovered;
  const replayed = await replayJournal(database, disk, files, log, now);
  rollUp(database, now, retentionDays());

  const { journal, generation, sequence } = replayed;
  const writer = new Writer({ database, disk, files, journal, backups, clock, log, generation, sequence });
  const notices = [...recovered.notices, ...replayed.notices];
  if (goodImage !== undefined && !replayed.changed) {
    writer.fileIsCurrent();
    if (await backups.isDue(now))
      await backups.keep(goodImage, now).catch((error: unknown) => {
        log.warn(`The database could not be backed up: ${fileProblem(error)}.`);
      });
  } else {
    // not a reason to fail: connections can be used, and every later change tries again
    await writer.flush().catch((error: unknown) => {
      const { message, hint } = SparkError.toInfo(error);
      notices.push(hint === undefined ? message : `${message} ${hint}`);
    });
  }

  return {
    alerts: createAlertRepository(database, writer),
    connections: createConnectionRepository(database, writer, clock),
    forwards: createForwardRepository(database, writer),
    jobs: createJobRepository(database, writer),
    metrics: createMetricsRepository(database, writer, clock, retentionDays),
    projects: createProjectRepository(database, writer, clock),
    notices,
    flush: () => writer.flush(),
    close: () => writer.close(),
  };
}
