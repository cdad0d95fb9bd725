import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import * as v from 'valibot';
import type { Disk, DiskFile } from './disk.js';
import { type ChangeRecord, changeRecordSchema } from './records.js';

const entrySchema = v.object({
  /** Which database it belongs to. */
  generation: v.string(),
  /** Grows by at least one an entry; an image knows the number of the last one it holds. */
  sequence: v.number(),
  record: changeRecordSchema,
});
/** A change with its place in the history of one database. */
export interface JournalEntry {
  readonly generation: string;
  readonly sequence: number;
  readonly record: ChangeRecord;
}

/** What could be read of a journal. */
export interface JournalContent {
  readonly entries: readonly JournalEntry[];
  /** Unreadable lines but the last of the file, which a crash may have torn. */
  readonly damagedLines: number;
  /** Bytes up to the end of the last readable line. */
  readonly length: number;
}

const CHECKSUM_LENGTH = 16;
const NEWLINE = 0x0a;

/** One line: the first 16 hex digits of the SHA-256 of the JSON that follows after a space. */
export function encodeEntry(entry: JournalEntry): string {
  const json = JSON.stringify(entry);
  return `${checksum(json)} ${json}\n`;
}

/** Reads every line whose checksum is right. Never throws: what is torn or damaged is left out. */
export function decodeJournal(bytes: Uint8Array): JournalContent {
  const entries: JournalEntry[] = [];
  let damagedLines = 0;
  let unreadable = 0;
  let length = 0;
  for (let start = 0, end = bytes.indexOf(NEWLINE); end >= 0; start = end + 1, end = bytes.indexOf(NEWLINE, start)) {
    const entry = decodeLine(Buffer.from(bytes.subarray(start, end)).toString('utf8'));
    if (entry === undefined) {
      unreadable += 1;
      continue;
    }
    entries.push(entry);
    damagedLines += unreadable;
    unreadable = 0;
    length = end + 1;
  }
  return { entries, damagedLines: damagedLines + Math.max(0, unreadable - 1), length };
}

/** The file that makes changes durable between two images. Its methods are called one at a time. */
export class Journal {
  private file: DiskFile | undefined;
  private clean = false;

  /** @param length bytes of the file that are worth keeping; what is behind them goes with the next write */
  constructor(
    private readonly disk: Disk,
    private readonly path: string,
    private length: number,
  ) {}

  /** Resolves when the entries survive a loss of power. When it rejects (Node's own error) they are not in the journal. */
  async append(entries: readonly JournalEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const bytes = Buffer.from(entries.map(encodeEntry).join(''), 'utf8');
    await this.write(async file => {
      await file.write(bytes, this.length);
      await file.sync();
      this.length += bytes.length;
    });
  }

  /** Drops all entries, which an image now holds. */
  async reset(): Promise<void> {
    this.length = 0;
    this.clean = false;
    await this.write(() => Promise.resolve());
  }

  async close(): Promise<void> {
    const file = this.file;
    this.file = undefined;
    await file?.close();
  }

  /** Runs `action` on a file that ends at `length`, also after an earlier write that went wrong half way. */
  private async write(action: (file: DiskFile) => Promise<void>): Promise<void> {
    try {
      const file = (this.file ??= await this.open());
      if (!this.clean) await file.truncate(this.length);
      this.clean = false;
      await action(file);
      this.clean = true;
    } catch (error) {
      await this.close().catch(() => undefined); // the next write begins with a fresh handle
      throw error;
    }
  }

  private async open(): Promise<DiskFile> {
    const file = await this.disk.openOrCreate(this.path);
    try {
      await this.disk.syncFolder(dirname(this.path)); // it may be new
      return file;
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
  }
}

function checksum(json: string): string {
  return createHash('sha256').update(json).digest('hex').slice(0, CHECKSUM_LENGTH);
}

function decodeLine(line: string): JournalEntry | undefined {
  const json = line.slice(CHECKSUM_LENGTH + 1);
  if (line[CHECKSUM_LENGTH] !== ' ' || line.slice(0, CHECKSUM_LENGTH) !== checksum(json)) return undefined;
  try {
    const parsed = v.safeParse(entrySchema, JSON.parse(json));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
