import * as v from 'valibot';
import { epochMsSchema } from './connection.js';

/** Bytes of a file that cross the socket in one message. */
export const CHUNK_BYTES = 256 * 1024;
/** An editor asks before it opens more than this. */
export const BIG_FILE_BYTES = 10 * 1024 * 1024;
/** Entries of one folder that are listed; more are cut off, and that is told. */
export const MOST_ENTRIES = 100_000;

/** What a name that is no UTF-8 looks like after decoding; what is sent back would name another file, or none. */
const UNREADABLE = /[\uFFFD\p{Cs}]/u;

/** Why a name from a server cannot be worked with. */
export const nameProblemSchema = v.picklist(['encoding', 'separator', 'empty']);
export type NameProblem = v.InferOutput<typeof nameProblemSchema>;

/** Whether a file of this name can be told from all others by a path. Undefined where it can. */
export function nameProblem(name: string): NameProblem | undefined {
  if (UNREADABLE.test(name)) return 'encoding';
  if (name.includes('/') || name.includes('\0')) return 'separator';
  return name === '' || name === '.' || name === '..' ? 'empty' : undefined;
}

/** A path on a Spark: absolute, or in the home folder of its user (`~`, `~/x`). */
export const remotePathSchema = v.pipe(
  v.string(),
  v.nonEmpty('Enter a path on the Spark.'),
  v.maxLength(4096, 'The path is too long.'),
  v.regex(/^(?:\/|~(?:\/|$))/, 'Use an absolute path, or one that begins with "~/".'),
  v.check(path => !path.includes('\0') && !UNREADABLE.test(path), 'The path contains an unusable character.'),
);

/** A path on this computer. */
export const localPathSchema = v.pipe(
  v.string(),
  v.nonEmpty('Enter a path on this computer.'),
  v.maxLength(32_768, 'The path is too long.'),
  v.check(path => !path.includes('\0'), 'The path contains an unusable character.'),
);

export const fileKindSchema = v.picklist(['file', 'folder', 'link', 'other']);
/** `other`: a device, a socket, a pipe. */
export type FileKind = v.InferOutput<typeof fileKindSchema>;

export const fileEntrySchema = v.object({
  /** As the server said it. Where there is a problem it names nothing that could be asked for. */
  name: v.string(),
  problem: v.optional(nameProblemSchema),
  kind: fileKindSchema,
  /** Of a link: what it leads to in the end; null for nothing. */
  target: v.optional(v.nullable(fileKindSchema)),
  /** Bytes; of a link those of what it leads to. */
  size: v.number(),
  mtime: epochMsSchema,
  /** Permission bits. */
  mode: v.number(),
});
/** What a folder holds. */
export type FileEntry = v.InferOutput<typeof fileEntrySchema>;

export const fileStatSchema = v.object({
  /** What it is in the end, links followed. */
  kind: fileKindSchema,
  isLink: v.boolean(),
  size: v.number(),
  mtime: epochMsSchema,
  mode: v.number(),
});
export type FileStat = v.InferOutput<typeof fileStatSchema>;

export const folderSchema = v.object({
  /** Absolute, without links. */
  path: v.string(),
  entries: v.array(fileEntrySchema),
  /** False where there are more than {@link MOST_ENTRIES}. */
  complete: v.boolean(),
});
export type Folder = v.InferOutput<typeof folderSchema>;

/** Bytes as base64. */
export const bytesSchema = v.pipe(v.string(), v.maxLength(Math.ceil(CHUNK_BYTES / 3) * 4));
