import { SparkError } from '../../shared/errors.js';
import { type FileEntry, type Folder, MOST_ENTRIES, nameProblem } from '../../shared/files.js';
import type { RemoteEntry, Sftp } from '../ssh/sftpTypes.js';
import { inParallel } from '../base/parallel.js';
import { pathIn } from './remotePath.js';
import { ifThere, kindOf, modeOf, mtimeOf } from './stats.js';

/** Requests for more of a list that are under way at a time: a server far away answers them together. */
const READS_AHEAD = 4;
/** Links that are looked into at a time. */
const LOOKS = 32;
/** Answers without a new entry: a server that goes on like this says nothing any more. */
const MOST_EMPTY = 100;

/** What is in a folder, links looked into, in the order in which the server says it. */
export async function listFolder(sftp: Sftp, path: string): Promise<Folder> {
  const { entries: raw, complete } = await readEntries(sftp, path, MOST_ENTRIES);
  const entries = raw.map(asEntry);
  const links = entries.filter(({ kind, problem }) => kind === 'link' && problem === undefined);
  await inParallel(links, LOOKS, async link => {
    // one that may not be looked into leads nowhere that is of use
    const end = await ifAllowed(sftp.stat(pathIn(path, link.name)));
    link.target = end ? kindOf(end) : null;
    if (!end) return;
    link.size = end.size ?? 0;
    link.mtime = mtimeOf(end);
    link.mode = modeOf(end);
  });
  return { path, entries, complete };
}

/** The entries of a folder as the server says them, without the folder itself and the one above, and no more than `most`. */
export async function readEntries(
  sftp: Sftp,
  path: string,
  most: number,
): Promise<{ entries: RemoteEntry[]; complete: boolean }> {
  const handle = await sftp.openFolder(path);
  try {
    const entries: RemoteEntry[] = [];
    // two entries of one name would be one path: the second can only be a lie, or a name that is no UTF-8
    const seen = new Set<string>();
    let complete = true;
    let ended = false;
    let empty = 0;
    const read = async () => {
      while (!ended) {
        const some = await sftp.readFolder(handle);
        if (!some) {
          ended = true;
          return;
        }
        const before = entries.length;
        for (const entry of some) {
          if (entry.name === '.' || entry.name === '..') continue;
          if (seen.has(entry.name) && nameProblem(entry.name) === undefined) continue;
          if (entries.length === most) {
            complete = false;
            ended = true;
            return;
          }
          seen.add(entry.name);
          entries.push(entry);
        }
        if (entries.length === before && ++empty > MOST_EMPTY) throw endless(path);
      }
    };
    await Promise.all(Array.from({ length: READS_AHEAD }, read));
    return { entries, complete };
  } finally {
    await sftp.close(handle);
  }
}

function asEntry({ name, stats }: RemoteEntry): FileEntry {
  const problem = nameProblem(name);
  const kind = kindOf(stats);
  return {
    name,
    ...(problem === undefined ? {} : { problem }),
    kind,
    ...(kind === 'link' ? { target: null } : {}),
    size: stats.size ?? 0,
    mtime: mtimeOf(stats),
    mode: modeOf(stats),
  };
}

async function ifAllowed<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await ifThere(work);
  } catch (error) {
    if (SparkError.is(error, 'fileDenied')) return undefined;
    throw error;
  }
}

function endless(path: string): SparkError {
  return new SparkError({ code: 'fileFailed', message: `The Spark does not say what is in "${path}".` });
}
