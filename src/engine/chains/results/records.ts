import * as v from 'valibot';
import type { Json } from '../../../chainFile/json.js';
import { attemptSchema, runIdSchema } from '../../../shared/chains.js';

/*
 * The lines of a results file: `<chain>.results.jsonl`, one JSON object a line, only ever appended to. It may hold
 * several runs. A file in a workspace may have been written by anybody, so each line is checked when it is read.
 */

const number = v.pipe(v.number(), v.finite());
const text = v.string();
const jsonSchema: v.GenericSchema<Json> = v.any();
const ofRun = { run: runIdSchema };

export const runRecordSchema = v.object({
  kind: v.literal('run'),
  ...ofRun,
  at: number,
  /** Name of the chain, and where its run goes. */
  chain: text,
  endpoint: text,
  url: text,
  connection: v.nullable(v.object({ id: text, name: text })),
  model: text,
  steps: v.pipe(v.array(text), v.maxLength(50)),
  outputs: v.pipe(v.array(text), v.maxLength(1000)),
  first: v.nullable(number),
  step: v.nullable(text),
  /** How many there are; null while a prompt has yet to come up with them. */
  rows: v.nullable(v.pipe(number, v.integer(), v.minValue(0), v.maxValue(100_000))),
  /** It went on with a run that had not ended. */
  continued: v.boolean(),
});
/** A run begins, or goes on. */
export type RunRecord = v.InferOutput<typeof runRecordSchema>;

export const inputsRecordSchema = v.object({
  kind: v.literal('inputs'),
  ...ofRun,
  key: text,
  inputs: v.pipe(v.array(jsonSchema), v.maxLength(100_000)),
  promptTokens: number,
  tokens: number,
});
/** A prompt came up with the inputs. */
export type InputsRecord = v.InferOutput<typeof inputsRecordSchema>;

const row = v.pipe(number, v.integer(), v.minValue(0), v.maxValue(99_999));
export const rowRecordSchema = v.object({ kind: v.literal('row'), ...ofRun, row, input: jsonSchema });
/** A row begins. */
export type RowRecord = v.InferOutput<typeof rowRecordSchema>;

export const stepRecordSchema = v.object({
  kind: v.literal('step'),
  ...ofRun,
  row,
  step: text,
  at: number,
  /** What was asked and how it was judged: the answer stands for the same key only. */
  key: text,
  state: v.picklist(['passed', 'failed', 'error', 'skipped']),
  reason: v.nullable(text),
  model: text,
  url: text,
  output: text,
  attempts: v.array(attemptSchema),
  promptTokens: number,
  tokens: number,
  milliseconds: number,
});
/** A step of a row is over. */
export type StepRecord = v.InferOutput<typeof stepRecordSchema>;

export const outputsRecordSchema = v.object({
  kind: v.literal('outputs'),
  ...ofRun,
  row,
  passed: v.boolean(),
  values: v.record(text, text),
});
/** A row is over. */
export type OutputsRecord = v.InferOutput<typeof outputsRecordSchema>;

export const endRecordSchema = v.object({
  kind: v.literal('end'),
  ...ofRun,
  at: number,
  state: v.picklist(['done', 'cancelled', 'stopped']),
  reason: v.nullable(text),
  /** At work since it began or went on. */
  seconds: number,
});
export type EndRecord = v.InferOutput<typeof endRecordSchema>;

export const recordSchema = v.variant('kind', [
  runRecordSchema,
  inputsRecordSchema,
  rowRecordSchema,
  stepRecordSchema,
  outputsRecordSchema,
  endRecordSchema,
]);
export type ResultRecord = v.InferOutput<typeof recordSchema>;

/** A line as a record; undefined where it is none, as what was being written when the engine was killed. */
export function readRecord(line: string): ResultRecord | undefined {
  try {
    const read = v.safeParse(recordSchema, JSON.parse(line));
    return read.success ? read.output : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a step that came out so has an answer that others can use. */
export function hasAnswer(state: StepRecord['state']): boolean {
  return state === 'passed' || state === 'failed';
}
