import { randomUUID } from 'node:crypto';
import type { Logger } from '../base/logger.js';
import { applyRecord } from './applyRecord.js';
import type { Database } from './database.js';
import { type Disk, replaceFile } from './disk.js';
import { freeDamagedPath, setAside, type StoreFiles } from './files.js';
import { decodeJournal, Journal } from './journal.js';
import { fileProblem } from './storeErrors.js';
import { readState, writeState } from './storeState.js';

/** The database's place in its history after the journal was replayed into it. */
export interface Replayed {
  readonly journal: Journal;
  readonly generation: string;
  /** Number of the last change that the database holds. */
  readonly sequence: number;
  /** Whether memory now holds more than the image did. */
  readonly changed: boolean;
  readonly notices: readonly string[];
}

/**
 * Adds to the database what its journal holds and the image does not. Entries are taken in order and by number, so
 * replaying twice adds nothing; a journal of another database is set aside.
 * @param now epoch milliseconds
 */
export async function replayJournal(
  database: Database,
  disk: Disk,
  files: StoreFiles,
  log: Logger,
  now: number,
): Promise<Replayed> {
  const notices: string[] = [];
  const bytes = await readOrSetAside(disk, files, now, notices);
  const { entries, damagedLines, length } = decodeJournal(bytes ?? new Uint8Array());
  const saved = readState(database, 'generation');
  // a database that was just made in place of a lost one takes over the journal that is left
  const generation = typeof saved === 'string' ? saved : (entries[0]?.generation ?? randomUUID());
  if (typeof saved !== 'string') writeState(database, 'generation', generation);

  const own = entries.filter(entry => entry.generation === generation);
  const before = Number(readState(database, 'sequence') ?? 0);
  let sequence = before;
  for (const entry of own) {
    if (entry.sequence <= sequence) continue;
    try {
      applyRecord(database, entry.record);
    } catch (error) {
      log.error(`A journal entry does not fit the database: ${fileProblem(error)}.`);
    }
    sequence = entry.sequence;
  }

  const foreign = entries.length - own.length;
  if (foreign > 0) notices.push(`${foreign} changes in the journal belong to another database and were not used.`);
  if (damagedLines > 0) notices.push(`${damagedLines} damaged changes in the journal could not be used.`);
  if (bytes !== undefined && notices.length > 0) notices.push(await keepCopy(disk, files, now, bytes));
  for (const notice of notices) log.warn(notice);
  return {
    journal: new Journal(disk, files.journal, length),
    generation,
    sequence,
    changed: sequence > before || typeof saved !== 'string' || notices.length > 0,
    notices,
  };
}

async function readOrSetAside(
  disk: Disk,
  files: StoreFiles,
  now: number,
  notices: string[],
): Promise<Uint8Array | undefined> {
  try {
    return await disk.read(files.journal);
  } catch (error) {
    const what = `The journal of the database could not be read (${fileProblem(error)})`;
    notices.push(
      await setAside(disk, files.journal, files.folder, now, 'journal').then(
        aside => `${what}. It was kept as ${aside}.`,
        (problem: unknown) => `${what} nor set aside (${fileProblem(problem)}).`,
      ),
    );
    return undefined;
  }
}

/** A copy, because the journal itself must stay until an image holds what could be used of it. */
async function keepCopy(disk: Disk, files: StoreFiles, now: number, bytes: Uint8Array): Promise<string> {
  try {
    const path = await freeDamagedPath(disk, files.folder, now, 'journal');
    await replaceFile(disk, path, bytes);
    return `The journal was kept as ${path}.`;
  } catch (error) {
    return `The journal could not be kept: ${fileProblem(error)}.`;
  }
}
