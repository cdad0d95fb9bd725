import { SparkError } from '../../shared/errors.js';
import type { Logger } from '../base/logger.js';
import type { Sftp } from '../ssh/sftpTypes.js';
import { isLost } from './channels.js';
import { removeTree } from './removeTree.js';
import { exists, kindOf } from './stats.js';

/** What an operation that the link was lost under has left on a machine: removed when there is a link again. */
export class Leftovers {
  /** By connection and path: the place of something that has stepped aside for something new, or nothing for what is of no use. */
  private readonly paths = new Map<string, Map<string, string | undefined>>();

  constructor(private readonly log: Logger) {}

  /** @param place where it belongs when nothing new is there */
  add(connectionId: string, path: string, place?: string): void {
    const known = this.paths.get(connectionId) ?? new Map<string, string | undefined>();
    this.paths.set(connectionId, known.set(path, place));
  }

  /** It is gone, or has become what was wanted. */
  drop(connectionId: string, path: string): void {
    this.paths.get(connectionId)?.delete(path);
  }

  /** Removes what is left. Never rejects. */
  async sweep(connectionId: string, sftp: Sftp): Promise<void> {
    for (const [path, place] of [...(this.paths.get(connectionId) ?? [])]) {
      try {
        if (place !== undefined && !(await exists(sftp, place))) await sftp.rename(path, place);
        else if (kindOf(await sftp.lstat(path)) === 'folder') await removeTree(sftp, path);
        else await sftp.removeFile(path);
        this.log.info(`Put ${path} in order, which was left when the link was lost.`);
      } catch (error) {
        if (isLost(error)) return;
        if (!SparkError.is(error, 'fileNotFound'))
          this.log.warn(`${path} was left when the link was lost: ${SparkError.toInfo(error).message}`);
      }
      this.drop(connectionId, path);
    }
  }
}
