import { SparkError } from '../../../shared/errors.js';
import { nameProblem } from '../../../shared/files.js';
import type { RemoteStats, Sftp } from '../../ssh/sftpTypes.js';
import { isLost } from '../channels.js';
import { readEntries } from '../listing.js';
import { inParallel } from '../../base/parallel.js';
import { pathIn } from '../remotePath.js';
import { kindOf, modeOf, mtimeOf } from '../stats.js';
import { MOST_FILES } from '../walk.js';
import { REMOTE_NAMES } from './names.js';
import type { Target, Version } from './plan.js';

const LOOKS = 32;

/**
 * The side of the Spark.
 * @param line does something with a channel, again where the link is lost under it
 */
export function remoteTarget(line: { surely<T>(work: (sftp: Sftp) => Promise<T>): Promise<T> }): Target {
  return {
    ...REMOTE_NAMES,
    join: pathIn,
    list: async path => await line.surely(async sftp => await versionsIn(sftp, path)),
  };
}

async function versionsIn(sftp: Sftp, path: string): Promise<Map<string, Version>> {
  const { entries } = await readEntries(sftp, path, MOST_FILES);
  const versions = new Map<string, Version>(entries.map(({ name, stats }) => [name, versionOf(stats)]));
  const links = entries.filter(({ stats }) => kindOf(stats) === 'link');
  await inParallel(links, LOOKS, async ({ name }) => {
    const end = nameProblem(name) === undefined ? await sftp.stat(pathIn(path, name)).catch(ifLost) : undefined;
    // the user's own links lead where the user wants them to
    if (end && kindOf(end) === 'folder') versions.set(name, versionOf(end));
  });
  return versions;
}

function ifLost(error: unknown): undefined {
  if (isLost(error)) throw error;
}

function versionOf(stats: RemoteStats): Version {
  return { kind: kindOf(stats), size: stats.size ?? 0, mtime: mtimeOf(stats) };
}

/** Makes a folder; it being there already is as good. */
export async function makeRemoteFolder(sftp: Sftp, path: string): Promise<void> {
  try {
    await sftp.makeFolder(path);
  } catch (error) {
    if (!SparkError.is(error, 'fileFailed')) throw error;
    const found = await sftp.stat(path).catch(ifLost);
    if (!found || kindOf(found) !== 'folder') throw error;
  }
}

/** Sets what a folder could not have while it was being filled. */
export async function finishRemoteFolder(sftp: Sftp, path: string, mode: number, mtime: number): Promise<void> {
  const seconds = Math.max(0, Math.floor(mtime));
  await sftp.setstat(path, {
    atime: seconds,
    mtime: seconds,
    ...(process.platform === 'win32' ? {} : { mode: modeOf({ mode } as RemoteStats) }),
  });
}
