/** A file that is to be transferred, where it is now. */
export interface SourceFile {
  readonly name: string;
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly mode: number;
  /** Seconds since 1970, with parts where they are known. */
  readonly mtime: number;
}

/** A folder that is to be transferred, with what is in it. */
export interface SourceFolder {
  readonly name: string;
  readonly mode: number;
  readonly mtime: number;
  readonly files: SourceFile[];
  readonly folders: SourceFolder[];
}

/** What is to be transferred. */
export interface Source {
  readonly files: SourceFile[];
  readonly folders: SourceFolder[];
  /** What cannot be, in sentences. */
  readonly problems: string[];
}
