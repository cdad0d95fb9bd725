import * as v from 'valibot';
import { connectionIdSchema, epochMsSchema, errorInfoSchema } from './connection.js';
import { localPathSchema, remotePathSchema } from './files.js';

export const transferIdSchema = v.pipe(v.string(), v.nonEmpty(), v.maxLength(100));

/** What is done about a file whose name is taken. */
export const conflictChoiceSchema = v.picklist(['overwrite', 'keepBoth', 'skip']);
export type ConflictChoice = v.InferOutput<typeof conflictChoiceSchema>;

export const directionSchema = v.picklist(['upload', 'download']);
export type Direction = v.InferOutput<typeof directionSchema>;

const entries = {
  connectionId: connectionIdSchema,
  /** `ask` puts each to the user, who may answer for all. */
  onConflict: v.optional(v.picklist(['ask', ...conflictChoiceSchema.options]), 'ask'),
};
const MOST_SOURCES = 10_000;

export const transferRequestSchema = v.variant('direction', [
  v.strictObject({
    direction: v.literal('upload'),
    ...entries,
    /** Files and folders of this computer, absolute. */
    sources: v.pipe(v.array(localPathSchema), v.minLength(1), v.maxLength(MOST_SOURCES)),
    /** A folder of the Spark that is there. */
    destination: remotePathSchema,
  }),
  v.strictObject({
    direction: v.literal('download'),
    ...entries,
    sources: v.pipe(v.array(remotePathSchema), v.minLength(1), v.maxLength(MOST_SOURCES)),
    /** A folder of this computer that is there, absolute. */
    destination: localPathSchema,
  }),
]);
export type TransferRequest = v.InferOutput<typeof transferRequestSchema>;

const count = v.object({ done: v.number(), total: v.number() });

export const transferSchema = v.object({
  id: transferIdSchema,
  connectionId: connectionIdSchema,
  direction: directionSchema,
  /** What is transferred, in words: "data", "data and 3 more". */
  title: v.string(),
  /**
   * `preparing`: it is found out what there is to do. `waiting`: the link is down and may come back. `stopped`: it is not, and what was done so far
   * can be gone on from.
   */
  state: v.picklist(['preparing', 'running', 'waiting', 'stopped', 'done', 'cancelled']),
  files: count,
  bytes: count,
  /** Bytes a second, lately. */
  rate: v.number(),
  secondsLeft: v.nullable(v.number()),
  /** Why it is `waiting` or `stopped`. */
  error: v.optional(errorInfoSchema),
  /** The window that started it has gone. */
  isOrphan: v.boolean(),
  startedAt: epochMsSchema,
});
/** Files on their way. */
export type Transfer = v.InferOutput<typeof transferSchema>;

export const transferResultSchema = v.object({
  files: v.number(),
  folders: v.number(),
  bytes: v.number(),
  /** Left out because the user said so. */
  skipped: v.number(),
  /** What could not be transferred and why, in sentences; at most {@link MOST_PROBLEMS}. */
  problems: v.array(v.string()),
  /** How many problems there were. */
  problemCount: v.number(),
});
/** What came of a transfer. */
export type TransferResult = v.InferOutput<typeof transferResultSchema>;

export const MOST_PROBLEMS = 100;
