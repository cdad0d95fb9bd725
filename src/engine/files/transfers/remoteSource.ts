import { SparkError } from '../../../shared/errors.js';
import { printable } from '../../base/remoteText.js';
import type { RemoteStats, Sftp } from '../../ssh/sftpTypes.js';
import { inParallel } from '../../base/parallel.js';
import { absolute, nameOf } from '../remotePath.js';
import { kindOf, modeOf } from '../stats.js';
import { walk } from '../walk.js';
import type { Source, SourceFile, SourceFolder } from './source.js';

const LOOKS = 32;

/** What files and folders of a machine hold, with the same rules for links as on this computer. */
export async function readRemote(sftp: Sftp, paths: readonly string[], signal: AbortSignal): Promise<Source> {
  const source: Source = { files: [], folders: [], problems: [] };
  for (const given of paths) {
    const path = await absolute(sftp, given);
    const stats = await sftp.stat(path);
    const name = path === '/' ? 'root' : nameOf(path);
    const kind = kindOf(stats);
    if (kind === 'file') source.files.push(asFile(name, path, stats));
    else if (kind === 'folder') source.folders.push(await readTree(sftp, name, path, stats, source.problems, signal));
    else source.problems.push(`${printable(path, 300)} is no ordinary file.`);
  }
  return source;
}

async function readTree(
  sftp: Sftp,
  name: string,
  path: string,
  stats: RemoteStats,
  problems: string[],
  signal: AbortSignal,
): Promise<SourceFolder> {
  const top = emptyFolder(name, stats);
  // a link that was chosen is followed; below it none is
  const { found, unusable } = await walk(sftp, await sftp.realPath(path), signal);
  problems.push(...unusable);
  const folders = new Map<string, SourceFolder>([['', top]]);
  const parentOf = (names: readonly string[]) => folders.get(names.slice(0, -1).join('/'));
  for (const entry of found) {
    const own = entry.names.at(-1);
    const parent = parentOf(entry.names);
    if (own === undefined || !parent) continue;
    if (entry.kind === 'folder') {
      const folder = emptyFolder(own, entry.stats);
      folders.set(entry.names.join('/'), folder);
      parent.folders.push(folder);
    } else if (entry.kind === 'file') parent.files.push(asFile(own, entry.path, entry.stats));
    else if (entry.kind === 'other') problems.push(`${printable(entry.path, 300)} is no ordinary file.`);
  }
  await inParallel(
    found.filter(({ kind }) => kind === 'link'),
    LOOKS,
    async ({ path: link, names }) => {
      const end = await sftp.stat(link).catch((error: unknown) => {
        if (SparkError.is(error, 'connectionLost')) throw error;
        return undefined;
      });
      const own = names.at(-1);
      if (end && own !== undefined && kindOf(end) === 'file') parentOf(names)?.files.push(asFile(own, link, end));
      else
        problems.push(
          `${printable(link, 300)} is a link ${end ? 'to a folder, which is not followed' : 'to nothing'}.`,
        );
    },
  );
  return top;
}

function emptyFolder(name: string, stats: RemoteStats): SourceFolder {
  return { name, mode: modeOf(stats), mtime: stats.mtime ?? 0, files: [], folders: [] };
}

function asFile(name: string, path: string, stats: RemoteStats): SourceFile {
  return { name, path, size: stats.size ?? 0, mode: modeOf(stats), mtime: stats.mtime ?? 0 };
}
