import initSqlJs, { type Database as SqlDatabase, type SqlJsStatic, type SqlValue, type Statement } from 'sql.js';
import wasm from 'sql.js/dist/sql-wasm.wasm';

export type { SqlValue };
export type SqlRow = readonly SqlValue[];

/** Makes databases. */
export interface Sqlite {
  /** An empty database, or the one whose file image is given. Throws where SQLite cannot open it. */
  open(image?: Uint8Array): Database;
}

/** Starts SQLite; its program is part of the bundle. */
export async function loadSqlite(): Promise<Sqlite> {
  const binary = wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength) as ArrayBuffer;
  const sqlite: SqlJsStatic = await initSqlJs({ wasmBinary: binary });
  return { open: image => new Database(new sqlite.Database(image === undefined ? null : withRollbackJournal(image))) };
}

/** A database in memory. Every statement is prepared once. */
export class Database {
  private readonly statements = new Map<string, Statement>();

  constructor(private readonly sql: SqlDatabase) {
    this.configure();
  }

  /** Runs any number of statements without parameters. */
  execute(script: string): void {
    this.sql.exec(script);
  }

  /** Runs one statement; returns how many rows it changed. */
  run(statement: string, parameters: SqlValue[] = []): number {
    const prepared = this.prepare(statement);
    try {
      prepared.run(parameters);
    } finally {
      prepared.reset(); // one that failed would stay in the middle of its work
    }
    return this.sql.getRowsModified();
  }

  /** All rows of a query, each as an array of its columns. */
  all(query: string, parameters: SqlValue[] = []): SqlRow[] {
    const statement = this.prepare(query);
    const rows: SqlRow[] = [];
    try {
      statement.bind(parameters);
      while (statement.step()) rows.push(statement.get());
    } finally {
      statement.reset();
    }
    return rows;
  }

  /** First column of the first row; null where there is no row. */
  value(query: string, parameters: SqlValue[] = []): SqlValue {
    return this.all(query, parameters)[0]?.[0] ?? null;
  }

  /** All of `work` or, when it throws, none of it. Does not nest. */
  transaction<T>(work: () => T): T {
    this.execute('BEGIN');
    try {
      const result = work();
      this.execute('COMMIT');
      return result;
    } catch (error) {
      this.execute('ROLLBACK');
      throw error;
    }
  }

  /** The database as the bytes of an SQLite file. */
  image(): Uint8Array {
    // sql.js closes the database for this and opens it again: statements and pragmas are gone afterwards
    this.statements.clear();
    try {
      return this.sql.export();
    } finally {
      this.configure();
    }
  }

  close(): void {
    this.statements.clear();
    this.sql.close();
  }

  private prepare(text: string): Statement {
    const known = this.statements.get(text);
    if (known !== undefined) return known;
    const statement = this.sql.prepare(text);
    this.statements.set(text, statement);
    return statement;
  }

  private configure(): void {
    // the "file" is memory: its own rollback journal and syncs would only cost time
    this.sql.exec('PRAGMA foreign_keys = ON; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;');
  }
}

/**
 * The same image in rollback-journal mode. A tool that opened the file may have switched it to write-ahead logging,
 * which SQLite cannot open without shared memory. Bytes 18 and 19 of the header: https://sqlite.org/fileformat.html#file_format_version_numbers
 */
function withRollbackJournal(image: Uint8Array): Uint8Array {
  if (image[18] !== 2 && image[19] !== 2) return image;
  const copy = Uint8Array.from(image);
  copy[18] = 1;
  copy[19] = 1;
  return copy;
}
