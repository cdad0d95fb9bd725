import { createHash, randomBytes } from 'node:crypto';
import { temporaryName } from '../remotePath.js';

/** A file that is smaller is sent again rather than gone on with. */
export const WORTH_RESUMING = 8 * 1024 * 1024;

/** Names of what is not yet complete. */
export class PartialNames {
  private readonly prefix = randomBytes(8).toString('hex');
  private count = 0;
  private readonly inUse = new Set<string>();

  /**
   * A name in a folder for the time of a transfer. That of a big file says whose it is, so that another attempt finds it, unless it is in use.
   * @param path of the name
   * @param identity what makes a file this version of this file
   */
  choose(
    path: (name: string) => string,
    size: number,
    identity: readonly unknown[],
  ): { path: string; isNamed: boolean } {
    if (size >= WORTH_RESUMING) {
      const digest = createHash('sha256').update(JSON.stringify(identity)).digest('hex');
      const named = path(temporaryName(digest.slice(0, 24)));
      if (!this.inUse.has(named)) {
        this.inUse.add(named);
        return { path: named, isNamed: true };
      }
    }
    this.count += 1;
    return { path: path(temporaryName(`${this.prefix}${this.count.toString(16)}`)), isNamed: false };
  }

  /** It is not worked with any more. */
  release(path: string): void {
    this.inUse.delete(path);
  }
}
