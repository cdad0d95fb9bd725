import type { Disposable } from '../base/disposable.js';

/** What the server says of a file; what it leaves out is undefined. */
export interface RemoteStats {
  /** Bytes. */
  readonly size: number | undefined;
  /** Type and permission bits, as `st_mode`. */
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Seconds since 1970. */
  readonly atime: number | undefined;
  readonly mtime: number | undefined;
}

/** One entry of a folder. Its name is what the server said: it may be no name at all. */
export interface RemoteEntry {
  readonly name: string;
  readonly stats: RemoteStats;
}

/** Attributes to set; what is left out stays. */
export interface NewStats {
  readonly mode?: number;
  readonly gid?: number;
  readonly uid?: number;
  readonly atime?: number;
  readonly mtime?: number;
  readonly size?: number;
}

/** An open file or folder on the server. */
export type SftpHandle = Buffer & { readonly sftpHandle?: never };

/** How a file is opened; `create` fails where something of that name exists, a link included. */
export type OpenFlags = 'read' | 'create' | 'write';

/**
 * The files of a machine over one SFTP channel (version 3 of the protocol). Every request rejects with a {@link SparkError}: `fileNotFound`,
 * `fileDenied`, `fileFailed` where the server only says that it did not work, `fileUnsupported`, and `connectionLost` when the channel has ended
 * before it answered, in which case nobody knows whether it was done.
 */
export interface Sftp extends Disposable {
  readonly isEnded: boolean;
  /** Most bytes that one request may carry. */
  readonly maxRead: number;
  readonly maxWrite: number;
  /** Whether the server has an extension of this name. */
  has(extension: 'posix-rename@openssh.com' | 'fsync@openssh.com' | 'copy-data' | 'statvfs@openssh.com'): boolean;

  /** @param mode of a file that is made; the server's umask is taken from it */
  open(path: string, flags: OpenFlags, mode?: number): Promise<SftpHandle>;
  /** Reads into `buffer`; resolves with how many bytes came, which may be fewer than asked for, and 0 at the end of the file. */
  read(handle: SftpHandle, buffer: Buffer, offset: number, length: number, position: number): Promise<number>;
  write(handle: SftpHandle, buffer: Buffer, offset: number, length: number, position: number): Promise<void>;
  /** Never rejects: there is nothing that a caller could do. */
  close(handle: SftpHandle): Promise<void>;
  fstat(handle: SftpHandle): Promise<RemoteStats>;
  fsetstat(handle: SftpHandle, stats: NewStats): Promise<void>;
  /** Brings a file to the disk; only where the server {@link has} it. */
  fsync(handle: SftpHandle): Promise<void>;
  /** Copies `length` bytes between two open files on the server; only where the server {@link has} it. */
  copyData(from: SftpHandle, to: SftpHandle, length: number): Promise<void>;

  /** Follows links. */
  stat(path: string): Promise<RemoteStats>;
  lstat(path: string): Promise<RemoteStats>;
  setstat(path: string, stats: NewStats): Promise<void>;
  openFolder(path: string): Promise<SftpHandle>;
  /** The next entries, `.` and `..` among them; undefined after the last. */
  readFolder(handle: SftpHandle): Promise<RemoteEntry[] | undefined>;
  makeFolder(path: string, mode?: number): Promise<void>;
  removeFolder(path: string): Promise<void>;
  removeFile(path: string): Promise<void>;
  /** Fails where the new name is taken. */
  rename(from: string, to: string): Promise<void>;
  /** Takes the place of what is there; only where the server {@link has} it. */
  replace(from: string, to: string): Promise<void>;
  /** The absolute path without links; relative paths begin in the home folder. */
  realPath(path: string): Promise<string>;
  readLink(path: string): Promise<string>;
  makeLink(path: string, target: string): Promise<void>;
  /** Bytes that an ordinary user may still write there; only where the server {@link has} it. */
  freeSpace(path: string): Promise<number>;
}
