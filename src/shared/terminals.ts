import * as v from 'valibot';
import { errorInfoSchema } from './connection.js';

export const terminalIdSchema = v.pipe(v.string(), v.nonEmpty(), v.maxLength(100));

const cells = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(5000));
export const terminalSizeSchema = v.strictObject({ columns: cells, rows: cells });

/** Characters that are sent before the window has to say that it has shown them. */
export const TERMINAL_WINDOW = 256 * 1024;

export const terminalOutputSchema = v.strictObject({
  terminalId: terminalIdSchema,
  /** What the program printed, decoded; a character is never cut in two. */
  text: v.string(),
});

export const terminalEndSchema = v.strictObject({
  terminalId: terminalIdSchema,
  /** Of the shell; null where it did not say. */
  code: v.nullable(v.number()),
  /** Name of the signal that ended it. */
  signal: v.nullable(v.string()),
  /** The link went away: the shell may have had no chance to end. */
  error: v.optional(errorInfoSchema),
});
/** How a terminal ended. */
export type TerminalEnd = v.InferOutput<typeof terminalEndSchema>;
