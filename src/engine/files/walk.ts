import { SparkError } from '../../shared/errors.js';
import { type FileKind, nameProblem } from '../../shared/files.js';
import { printable } from '../base/remoteText.js';
import type { RemoteStats, Sftp } from '../ssh/sftpTypes.js';
import { readEntries } from './listing.js';
import { inParallel } from '../base/parallel.js';
import { pathIn } from './remotePath.js';
import { kindOf } from './stats.js';

/** Folders that are read at a time. */
const WIDTH = 8;
/** More than this in one go is more than anybody means. */
export const MOST_FILES = 1_000_000;
/** No file system that is in use goes deeper; a server that makes folders up may. */
const MOST_LEVELS = 200;

/** Something below a folder. */
export interface Found {
  readonly path: string;
  /** The names from the folder to it. */
  readonly names: readonly string[];
  readonly kind: FileKind;
  readonly stats: RemoteStats;
}

/** What is below a folder, each folder before what is in it; links are not followed. */
export interface Walk {
  readonly found: Found[];
  /** Entries that cannot be worked with, in sentences. */
  readonly unusable: string[];
}

export async function walk(sftp: Sftp, top: string, signal?: AbortSignal): Promise<Walk> {
  const found: Found[] = [];
  const unusable: string[] = [];
  let level: { path: string; names: readonly string[] }[] = [{ path: top, names: [] }];
  for (let depth = 0; level.length > 0; depth++) {
    const below: typeof level = [];
    await inParallel(level, WIDTH, async folder => {
      if (signal?.aborted) throw new SparkError({ code: 'cancelled', message: 'It was cancelled.' });
      const { entries, complete } = await readEntries(sftp, folder.path, MOST_FILES - found.length);
      if (!complete || depth > MOST_LEVELS) throw tooMany(top);
      for (const { name, stats } of entries) {
        if (nameProblem(name) !== undefined) {
          unusable.push(
            `"${printable(name, 100)}" in ${printable(folder.path, 200)} has a name that cannot be used here.`,
          );
          continue;
        }
        const kind = kindOf(stats);
        const entry = { path: pathIn(folder.path, name), names: [...folder.names, name], kind, stats };
        found.push(entry);
        if (kind === 'folder') below.push(entry);
      }
    });
    level = below;
  }
  return { found, unusable };
}

function tooMany(path: string): SparkError {
  return new SparkError({
    code: 'fileTooBig',
    message: `There is more in "${printable(path, 200)}" than can be worked with at once.`,
    hint: 'Take a smaller folder, or use a terminal.',
  });
}
