import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type ConfigLine, readLines } from './lexer.js';
import { isSafelyOwned } from './permissions.js';
import { ConfigFault } from './problem.js';

/** Far more than any configuration; what is bigger is some other file. */
const MAX_BYTES = 1024 * 1024;

/** The files as they were when they were first asked for; one object serves one question. */
export class ConfigFiles {
  private readonly texts = new Map<string, Promise<readonly ConfigLine[] | undefined>>();

  /** @param uid the user whose files these are; undefined where files have no such owners */
  constructor(private readonly uid: number | undefined) {}

  /**
   * The lines of a file; undefined when it does not exist. Rejects with {@link ConfigFault} when it cannot be read, or when others than the
   * user could have written it and that matters.
   */
  read(path: string, mustBeSafe: boolean): Promise<readonly ConfigLine[] | undefined> {
    const key = `${mustBeSafe ? 'safe' : 'any'}:${path}`;
    const known = this.texts.get(key);
    if (known !== undefined) return known;
    const text = this.load(path, mustBeSafe);
    this.texts.set(key, text);
    return text;
  }

  private async load(path: string, mustBeSafe: boolean): Promise<readonly ConfigLine[] | undefined> {
    let file: FileHandle | undefined;
    try {
      // not to wait for a writer of a named pipe; Windows has no such flag
      file = await open(path, constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0));
      const stats = await file.stat();
      if (mustBeSafe && this.uid !== undefined && !(await isSafelyOwned(stats, this.uid)))
        throw new ConfigFault(
          `Bad owner or permissions on ${path}: others than you can write it, so it is not read.`,
          `Run chmod 600 '${path}', and see that the file belongs to you.`,
        );
      return stats.isDirectory() ? [] : readLines(await readText(file, path));
    } catch (error) {
      if (error instanceof ConfigFault) throw error;
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      // Windows does not even open a folder
      if (code === 'EISDIR') return [];
      throw new UnreadableConfig(path, code ?? String(error));
    } finally {
      await file?.close();
    }
  }
}

/** A file that exists and cannot be read. */
export class UnreadableConfig extends ConfigFault {
  constructor(path: string, reason: string) {
    super(`The file ${path} cannot be read (${reason}).`, 'Repair the file or its permissions.');
  }
}

async function readText(file: FileHandle, path: string): Promise<string> {
  const buffer = Buffer.alloc(MAX_BYTES + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
    if (bytesRead === 0) return buffer.toString('utf8', 0, length);
    length += bytesRead;
    if (length > MAX_BYTES)
      throw new ConfigFault(`The file ${path} is larger than 1 MiB.`, 'Take it out, or split what is in it.');
  }
}
