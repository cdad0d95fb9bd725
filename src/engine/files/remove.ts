import { randomBytes } from 'node:crypto';
import { SparkError } from '../../shared/errors.js';
import { printable } from '../base/remoteText.js';
import type { Sftp } from '../ssh/sftpTypes.js';
import { folderOf, pathIn, temporaryName } from './remotePath.js';
import { removeTree } from './removeTree.js';
import { kindOf } from './stats.js';
import { walk } from './walk.js';

/**
 * Deletes a file or a folder; a link goes, and what it leads to stays. A folder first gets out of sight in one step, so that it is there or not and
 * never in parts.
 * @param out told where a folder is put out of sight: before, and when it is there
 */
export async function remove(
  sftp: Sftp,
  path: string,
  recursive: boolean,
  out: { planned(path: string): void; done(): void },
): Promise<void> {
  const kind = kindOf(await sftp.lstat(path));
  if (kind !== 'folder') {
    await sftp.removeFile(path);
    return;
  }
  if (!recursive) {
    await removeEmpty(sftp, path);
    return;
  }
  const { unusable } = await walk(sftp, path);
  const [first] = unusable;
  if (first !== undefined)
    throw new SparkError({
      code: 'fileName',
      message: `"${printable(path, 200)}" is not deleted. ${first}`,
      hint: 'Delete it in a terminal on the Spark.',
    });
  const away = pathIn(folderOf(path), temporaryName(randomBytes(8).toString('hex')));
  out.planned(away);
  try {
    await sftp.rename(path, away);
  } catch (error) {
    // where its place cannot be changed (another disk is mounted there) it is emptied where it is
    if (!SparkError.is(error, 'fileFailed')) throw error;
    await removeTree(sftp, path);
    return;
  }
  out.done();
  try {
    await removeTree(sftp, away);
  } catch (error) {
    if (SparkError.is(error, 'connectionLost')) throw error;
    // what could not be deleted must not stay out of sight
    await sftp.rename(away, path).catch(() => undefined);
    throw error;
  }
}

async function removeEmpty(sftp: Sftp, path: string): Promise<void> {
  try {
    await sftp.removeFolder(path);
  } catch (error) {
    if (!SparkError.is(error, 'fileFailed')) throw error;
    throw new SparkError(
      { code: 'fileFailed', message: `The folder "${printable(path, 300)}" is not empty.` },
      { cause: error },
    );
  }
}
