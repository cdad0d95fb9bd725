import type { Sftp } from '../ssh/sftpTypes.js';
import { inParallel } from '../base/parallel.js';
import { walk } from './walk.js';

/** Requests to delete that are under way at a time. */
const WIDTH = 32;

/** Deletes a folder and all that is in it, where it is. */
export async function removeTree(sftp: Sftp, path: string): Promise<void> {
  const { found } = await walk(sftp, path);
  await inParallel(
    found.filter(({ kind }) => kind !== 'folder'),
    WIDTH,
    async file => await sftp.removeFile(file.path),
  );
  // the deepest first
  const folders = found.filter(({ kind }) => kind === 'folder');
  const byDepth = new Map<number, string[]>();
  for (const { names, path: folder } of folders)
    byDepth.set(names.length, [...(byDepth.get(names.length) ?? []), folder]);
  for (const [, level] of [...byDepth].sort(([one], [other]) => other - one))
    await inParallel(level, WIDTH, async folder => await sftp.removeFolder(folder));
  await sftp.removeFolder(path);
}
