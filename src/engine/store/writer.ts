import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import { applyRecord } from './applyRecord.js';
import type { Backups } from './backups.js';
import type { Database } from './database.js';
import { type Disk, replaceFile } from './disk.js';
import type { StoreFiles } from './files.js';
import type { Journal, JournalEntry } from './journal.js';
import type { ChangeRecord } from './records.js';
import { SerialQueue } from './serialQueue.js';
import { databaseUnwritable, fileProblem } from './storeErrors.js';
import { writeState } from './storeState.js';
import { WriteBudget } from './writeBudget.js';

/** Entries that wait for a disk that refuses to be written; beyond these, the image alone brings them to the disk. */
const MOST_WAITING = 50_000;

export interface WriterParts {
  readonly database: Database;
  readonly disk: Disk;
  readonly files: StoreFiles;
  readonly journal: Journal;
  readonly backups: Backups;
  readonly clock: Clock;
  readonly log: Logger;
  /** Of the database; written into every journal entry. */
  readonly generation: string;
  /** Number of the last change that the database in memory holds. */
  readonly sequence: number;
}

/** How a change is treated. */
export interface ChangeOptions {
  /** Applied in memory even when it cannot be written: for what describes the running session. */
  readonly applyAnyway?: boolean;
  /** The image is written right after it instead of when the budget allows. */
  readonly imageNow?: boolean;
  /** The next image is also kept as a backup. */
  readonly backUp?: boolean;
}

/**
 * Applies changes to the database in memory and brings them to the disk: each goes to the journal first; whole images
 * follow at a user's action, at a flush, and else within the budget. An image says which journal entries it holds, so a crash
 * between the two repeats nothing. All file work is in one queue, so an image never shows half of a change.
 */
export class Writer {
  private readonly queue = new SerialQueue();
  private readonly budget = new WriteBudget();
  /** Applied in memory, not yet in a file. */
  private waiting: JournalEntry[] = [];
  private sequence: number;
  /** Number of the last change in the file; nothing yet where undefined. */
  private imageSequence: number | undefined;
  private saveQueued = false;
  private imageQueued = false;
  private backUpNext = false;
  private failing = false;
  private closed = false;

  constructor(private readonly parts: WriterParts) {
    this.sequence = parts.sequence;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** Tells that the file holds everything that memory does, so that nothing needs to be written yet. */
  fileIsCurrent(): void {
    this.imageSequence = this.sequence;
  }

  /** Applies a change now; it is durable a moment later. Returns how many rows it wrote or deleted. */
  applySoonDurable(record: ChangeRecord): number {
    if (this.closed) return 0;
    const changed = applyRecord(this.parts.database, record);
    if (changed === 0) return 0;
    this.waiting.push(this.nextEntry(record));
    if (this.waiting.length > MOST_WAITING) this.waiting.shift();
    if (!this.saveQueued) {
      this.saveQueued = true;
      void this.queue.run(() => this.save());
    }
    return changed;
  }

  /**
   * Makes a change durable and applies it; when the promise resolves it is on the disk. When it rejects with
   * `databaseUnwritable` it has not happened, unless it was to be applied anyway.
   * @param prepare what is to change, by the state when its turn comes; what it throws is passed on
   */
  change(prepare: () => ChangeRecord, options: ChangeOptions = {}): Promise<void> {
    return this.queue.run(async () => {
      if (this.closed) throw new Error('The database is closed.');
      const record = prepare();
      try {
        await this.appendOrMakeRoom(record);
      } catch (error) {
        if (options.applyAnyway === true) {
          applyRecord(this.parts.database, record);
          this.waiting.push(this.nextEntry(record));
        }
        throw databaseUnwritable(this.parts.files.folder, error);
      }
      applyRecord(this.parts.database, record);
      this.backUpNext ||= options.backUp === true;
      if (options.imageNow === true) this.queueImage();
    });
  }

  /** Resolves when the file itself holds everything; rejects with `databaseUnwritable`. */
  flush(): Promise<void> {
    return this.queue.run(async () => {
      if (this.closed) return;
      try {
        await this.writeImageIfChanged();
      } catch (error) {
        this.noteFailure(error);
        throw databaseUnwritable(this.parts.files.database, error);
      }
    });
  }

  /** Writes what is not yet written and lets go of the files. Rejects with `databaseUnwritable` where something was lost. */
  close(): Promise<void> {
    return this.queue.run(async () => {
      if (this.closed) return;
      this.closed = true;
      try {
        await this.writeImageIfChanged().catch(async (error: unknown) => {
          this.noteFailure(error);
          await this.appendWaiting(); // then the next start finds it in the journal
        });
      } catch (error) {
        throw databaseUnwritable(this.parts.files.database, error);
      } finally {
        await this.parts.journal.close().catch(() => undefined); // every write was synced
        this.parts.database.close();
      }
    });
  }

  private nextEntry(record: ChangeRecord): JournalEntry {
    this.sequence += 1;
    return { generation: this.parts.generation, sequence: this.sequence, record };
  }

  private async save(): Promise<void> {
    this.saveQueued = false;
    if (this.closed) return;
    try {
      await this.appendWaiting();
      this.noteSuccess();
    } catch (error) {
      this.noteFailure(error);
    }
    if (this.budget.allows(this.parts.clock.now())) await this.tryImage();
  }

  private queueImage(): void {
    if (this.imageQueued) return;
    this.imageQueued = true;
    void this.queue.run(async () => {
      this.imageQueued = false;
      if (!this.closed) await this.tryImage();
    });
  }

  private async tryImage(): Promise<void> {
    try {
      await this.writeImageIfChanged();
    } catch (error) {
      this.noteFailure(error);
    }
  }

  /** Appends what waits, and behind it a change that is not applied yet. */
  private async appendWaiting(record?: ChangeRecord): Promise<void> {
    const entries = record === undefined ? [...this.waiting] : [...this.waiting, this.nextEntry(record)];
    const last = entries.at(-1)?.sequence;
    if (last === undefined) return;
    await this.parts.journal.append(entries);
    this.dropWaiting(last);
  }

  /** Forgets entries up to the one of this number; more may have come in while these were written. */
  private dropWaiting(sequence: number): void {
    this.waiting = this.waiting.filter(entry => entry.sequence > sequence);
  }

  /**
   * Where the journal cannot be written, an image may still fit and leaves an empty journal to begin again with. The change
   * gets a new number then: the image must not claim to hold it.
   */
  private async appendOrMakeRoom(record: ChangeRecord): Promise<void> {
    try {
      await this.appendWaiting(record);
    } catch (error) {
      this.noteFailure(error);
      await this.writeImage();
      await this.appendWaiting(record);
    }
    this.noteSuccess();
  }

  private async writeImageIfChanged(): Promise<void> {
    if (this.imageSequence !== this.sequence) await this.writeImage();
  }

  private async writeImage(): Promise<void> {
    const { database, disk, files, journal, log, clock } = this.parts;
    const sequence = this.sequence;
    writeState(database, 'sequence', sequence);
    const image = database.image();
    await replaceFile(disk, files.database, image);
    this.imageSequence = sequence;
    this.dropWaiting(sequence);
    this.budget.spend(image.length, clock.now());
    this.noteSuccess();
    await journal.reset().catch((error: unknown) => {
      // harmless: the image knows which entries it holds
      log.debug(`The journal could not be emptied: ${fileProblem(error)}.`);
    });
    await this.backUp(image);
  }

  private async backUp(image: Uint8Array): Promise<void> {
    const { backups, clock, log } = this.parts;
    const now = clock.now();
    if (!this.backUpNext && !(await backups.isDue(now))) return;
    try {
      await backups.keep(image, now);
      this.budget.spend(image.length, now);
      this.backUpNext = false;
    } catch (error) {
      log.warn(`The database could not be backed up: ${fileProblem(error)}.`);
    }
  }

  private noteFailure(error: unknown): void {
    if (!this.failing)
      this.parts.log.error(
        `The database cannot be written to ${this.parts.files.folder}: ${fileProblem(error)}. Everything is kept in memory and tried again with the next change.`,
      );
    this.failing = true;
  }

  private noteSuccess(): void {
    if (this.failing) this.parts.log.info('The database can be written again.');
    this.failing = false;
  }
}
