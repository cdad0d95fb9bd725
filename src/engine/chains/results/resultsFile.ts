import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { SparkError } from '../../../shared/errors.js';
import { Slots } from '../slots.js';
import { readRecord, type ResultRecord } from './records.js';
import { type Placement, RunIndex } from './runIndex.js';

/** A line longer than this was not written by us; an answer has at most 4 MiB, and there may be eleven. */
const LONGEST_LINE = 128 * 1024 * 1024;
const PIECE = 256 * 1024;
const NEWLINE = 0x0a;

/** Name of the file with the results of a chain. */
export function resultsPath(chain: string): string {
  return `${chain}.results.jsonl`;
}

interface Waiting {
  readonly bytes: Buffer;
  readonly records: readonly ResultRecord[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The results of one chain: its runs, and appending to them so that nothing counts before it is on the disk. */
export class ResultsFile {
  readonly runs = new Map<string, RunIndex>();
  /** Reading and writing take turns: both move on where the file is known to. */
  private readonly turn = new Slots(1);
  private waiting: Waiting[] = [];
  private writing: Promise<void> | undefined;
  /** Bytes of it that were read or written by us. */
  private known = 0;
  /** The last line has no end: what a killed engine was writing. */
  private isTorn = false;
  private handle: FileHandle | undefined;

  private constructor(private readonly path: string) {}

  /** Reads the results that are there. Rejects with `resultsUnwritable` where they cannot be read. */
  static async read(path: string): Promise<ResultsFile> {
    const file = new ResultsFile(path);
    await file.refresh();
    return file;
  }

  /** Reads what has been added by others since. */
  async refresh(): Promise<void> {
    await this.turn.run(async () => {
      await this.readNew();
    });
  }

  private async readNew(): Promise<void> {
    let handle: FileHandle;
    try {
      handle = await openRegular(this.path, constants.O_RDONLY);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw problem(this.path, error);
      this.forget();
      return;
    }
    try {
      const { size } = await handle.stat();
      // somebody has emptied it, or put another in its place
      if (size < this.known) this.forget();
      await this.scan(handle, size);
    } finally {
      await handle.close();
    }
  }

  /** Resolves when the records are on the disk. Many that come together cost one sync. Rejects with `resultsUnwritable`. */
  async append(records: readonly ResultRecord[]): Promise<void> {
    const bytes = Buffer.from(records.map(record => `${JSON.stringify(record)}\n`).join(''));
    await new Promise<void>((resolve, reject) => {
      this.waiting.push({ bytes, records, resolve, reject });
      this.writing ??= this.write().finally(() => {
        this.writing = undefined;
      });
    });
  }

  /** A record from where it stands. Rejects with `notFound` when something else stands there now. */
  async load<K extends ResultRecord['kind']>(
    kind: K,
    { at, length }: Placement,
  ): Promise<Extract<ResultRecord, { kind: K }>> {
    const handle = await openRegular(this.path, constants.O_RDONLY).catch((error: unknown) => {
      throw problem(this.path, error);
    });
    try {
      const bytes = Buffer.alloc(length);
      await handle.read(bytes, 0, length, at);
      const record = readRecord(bytes.toString('utf8'));
      if (record?.kind === kind) return record as Extract<ResultRecord, { kind: K }>;
    } finally {
      await handle.close();
    }
    throw new SparkError({ code: 'notFound', message: `${this.path} was changed; open the results again.` });
  }

  /** Lets go of the file after what waits has been written. */
  async close(): Promise<void> {
    await this.writing;
    await this.handle?.close();
    this.handle = undefined;
  }

  private async write(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0);
      try {
        await this.turn.run(async () => {
          await this.writeBatch(batch);
        });
        for (const { resolve } of batch) resolve();
      } catch (error) {
        const told = problem(this.path, error);
        for (const { reject } of batch) reject(told);
      }
    }
  }

  private async writeBatch(batch: readonly Waiting[]): Promise<void> {
    this.handle ??= await openRegular(this.path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT);
    const { handle } = this;
    if (this.isTorn) {
      await handle.appendFile('\n');
      this.isTorn = false;
      this.known += 1;
    }
    const bytes = Buffer.concat(batch.map(each => each.bytes));
    await handle.appendFile(bytes);
    await handle.datasync();
    const { size } = await handle.stat();
    if (size === this.known + bytes.length) this.takeBatch(batch);
    // another editor's engine writes here too: where our lines are shows only when they are read
    else await this.scan(handle, size);
  }

  private takeBatch(batch: readonly Waiting[]): void {
    for (const { records } of batch)
      for (const record of records) {
        const length = Buffer.byteLength(JSON.stringify(record));
        this.take(record, { at: this.known, length });
        this.known += length + 1;
      }
  }

  /** Reads lines from where the last reading ended. */
  private async scan(handle: FileHandle, size: number): Promise<void> {
    let rest: Buffer[] = [];
    let restLength = 0;
    let lineAt = this.known;
    let at = this.known;
    while (at < size) {
      const piece = Buffer.alloc(Math.min(PIECE, size - at));
      const { bytesRead } = await handle.read(piece, 0, piece.length, at);
      if (bytesRead === 0) break;
      let from = 0;
      for (let end = piece.indexOf(NEWLINE); end >= 0 && end < bytesRead; end = piece.indexOf(NEWLINE, from)) {
        const line = Buffer.concat([...rest, piece.subarray(from, end)]);
        if (restLength <= LONGEST_LINE) this.takeLine(line, lineAt);
        rest = [];
        restLength = 0;
        from = end + 1;
        lineAt = at + from;
      }
      restLength += bytesRead - from;
      if (restLength <= LONGEST_LINE) rest.push(Buffer.from(piece.subarray(from, bytesRead)));
      else rest = [];
      at += bytesRead;
    }
    this.isTorn = restLength > 0;
    this.known = at;
  }

  private takeLine(line: Buffer, at: number): void {
    const record = readRecord(line.toString('utf8'));
    if (record) this.take(record, { at, length: line.length });
  }

  private take(record: ResultRecord, placement: Placement): void {
    const known = this.runs.get(record.run);
    if (known) known.take(record, placement);
    else if (record.kind === 'run') this.runs.set(record.run, new RunIndex(record));
  }

  private forget(): void {
    this.runs.clear();
    this.known = 0;
    this.isTorn = false;
  }
}

/** Opens a file that is one: in a workspace the name may be a link to somewhere else, a pipe or a device. */
async function openRegular(path: string, flags: number): Promise<FileHandle> {
  // neither is known on Windows, where both are undefined
  const careful =
    ((constants.O_NOFOLLOW as number | undefined) ?? 0) | ((constants.O_NONBLOCK as number | undefined) ?? 0);
  const handle = await open(path, flags | careful, 0o644);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new Error('it is no ordinary file');
}

function problem(path: string, error: unknown): SparkError {
  const { code } = error as NodeJS.ErrnoException;
  const reason =
    code === 'ELOOP' ? 'it is a link to another file' : error instanceof Error ? error.message : String(error);
  return new SparkError({
    code: 'resultsUnwritable',
    message: `The results in ${path} cannot be read or written: ${reason}.`,
    hint: 'Each answer is kept there before it counts, so the run needs this file.',
  });
}
