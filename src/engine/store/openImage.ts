import { DATABASE_VERSION } from '../../shared/contract.js';
import { SparkError } from '../../shared/errors.js';
import type { Database, Sqlite } from './database.js';
import { checkSchema, migrate, schemaVersion } from './migrations.js';

const MAGIC = 'SQLite format 3\0';
/** Where the header holds `PRAGMA user_version`: https://sqlite.org/fileformat.html#the_database_header */
const USER_VERSION_OFFSET = 60;
const HEADER_LENGTH = 100;
/** A version above this is not from the future but damage. */
const PLAUSIBLE_VERSION = 10_000;

/** The database in a file image, usable by this build. */
export interface OpenImage {
  readonly database: Database;
  /** Whether the file is of an older version than the database is now. */
  readonly migrated: boolean;
}

/**
 * Throws `databaseNewer` for an image that a newer build wrote. It is read from the header alone, before SQLite sees the
 * file: what a newer build made may look like damage to this one.
 */
export function refuseNewer(path: string, image: Uint8Array): void {
  const header = Buffer.from(image.subarray(0, HEADER_LENGTH));
  if (header.length < HEADER_LENGTH || header.toString('latin1', 0, MAGIC.length) !== MAGIC) return;
  const version = header.readInt32BE(USER_VERSION_OFFSET);
  if (version > DATABASE_VERSION && version <= PLAUSIBLE_VERSION)
    throw new SparkError({
      code: 'databaseNewer',
      message: `The database ${path} was written by a newer version of DGX Spark (${version}, this one knows ${DATABASE_VERSION}).`,
      hint: 'Update the DGX Spark extension in this editor; the file was not changed.',
    });
}

/**
 * Opens an image, checks all of it and brings it to this build's version. Throws (an Error that says why) for one that is damaged.
 * @param beforeMigration runs, with the image's version, before an older image is changed; what it throws is passed on
 */
export async function openImage(
  sqlite: Sqlite,
  image: Uint8Array,
  beforeMigration: (version: number) => Promise<void>,
): Promise<OpenImage> {
  if (image.length === 0) throw new Error('the file is empty');
  const database = sqlite.open(image);
  try {
    const verdict = database.value('PRAGMA integrity_check(1)');
    if (verdict !== 'ok') throw new Error(String(verdict));
    const version = schemaVersion(database);
    const migrated = version < DATABASE_VERSION;
    if (migrated) {
      await beforeMigration(version);
      migrate(database);
    }
    checkSchema(database);
    return { database, migrated };
  } catch (error) {
    database.close();
    throw error;
  }
}
