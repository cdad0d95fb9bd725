import type { Database, SqlValue } from './database.js';

/**
 * What the store keeps about itself, in `dgx_store_state`:
 * - `generation`: names this database; a journal of another one is not replayed into it;
 * - `sequence`: number of the last journal entry that this image holds;
 * - `rolled_up_to`: raw rows before this time are in the roll-up tables already.
 */
export type StateName = 'generation' | 'sequence' | 'rolled_up_to';

/** Null where it was never written. */
export function readState(database: Database, name: StateName): SqlValue {
  return database.value('SELECT value FROM dgx_store_state WHERE name = ?', [name]);
}

export function writeState(database: Database, name: StateName, value: string | number): void {
  database.run('INSERT OR REPLACE INTO dgx_store_state (name, value) VALUES (?, ?)', [name, value]);
}
