import * as v from 'valibot';
import { epochMsSchema } from './connection.js';

/** Names of files that are chains. */
export const CHAIN_FILE = /\.chain\.(ya?ml|json)$/i;

const pathSchema = v.pipe(v.string(), v.minLength(1), v.maxLength(4096));
export const chainPathSchema = v.pipe(
  pathSchema,
  v.regex(CHAIN_FILE, 'A chain is a file whose name ends with .chain.yaml or .chain.json.'),
);
export const runIdSchema = v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/, 'This is no id of a run.'));
export const endpointChoiceSchema = v.pipe(
  v.string(),
  v.maxLength(2048),
  v.regex(
    /^(auto|local|dgx|https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?)$/,
    'An endpoint is "auto", "local", "dgx" or an address such as http://spark.local:11434.',
  ),
);
const countSchema = v.pipe(v.number(), v.integer(), v.minValue(0));

export const RUN_STATES = ['starting', 'running', 'paused', 'done', 'cancelled', 'stopped', 'interrupted'] as const;
/**
 * What a run is doing. `paused`: it waits for its Ollama and goes on by itself. `done`, `cancelled` and `stopped` (by
 * something that no waiting mends) are its ends; `interrupted`: its engine went away. All but `done` can be continued.
 */
export type RunState = (typeof RUN_STATES)[number];

export const runViewSchema = v.object({
  runId: runIdSchema,
  path: v.string(),
  /** Name of the chain. */
  chain: v.string(),
  state: v.picklist(RUN_STATES),
  /** Why it is paused or has stopped, in one sentence. */
  reason: v.nullable(v.string()),
  /** `auto`, `local`, `dgx` or an address: as it was chosen. */
  endpoint: v.string(),
  /** Where its requests went last; empty before the first. */
  url: v.string(),
  /** Name of the connection that they went over. */
  connectionName: v.nullable(v.string()),
  model: v.string(),
  startedAt: epochMsSchema,
  endedAt: v.nullable(epochMsSchema),
  steps: v.array(v.string()),
  outputs: v.array(v.string()),
  /** Only the first so many inputs. */
  first: v.nullable(v.number()),
  /** Only this step, and what it needs. */
  step: v.nullable(v.string()),
  rows: v.object({ total: v.number(), passed: v.number(), failed: v.number() }),
  /** Steps of all rows: how many there are and how many are over. */
  cells: v.object({ total: v.number(), over: v.number() }),
  /** Tokens that were read and written, retries and judges included. */
  tokens: v.object({ prompt: v.number(), answer: v.number() }),
  /** Seconds that it was at work, pauses aside. */
  seconds: v.number(),
  /** Grows with each change of a cell. */
  revision: v.number(),
});
/** A run as a whole. Sent whole at each change. */
export type RunView = v.InferOutput<typeof runViewSchema>;

export const CELL_STATES = ['waiting', 'running', 'passed', 'failed', 'error', 'skipped'] as const;
/** `failed`: its answer failed a check. `error`: there was no answer. `skipped`: a step that it needs has none. */
export type CellState = (typeof CELL_STATES)[number];

export const cellViewSchema = v.object({
  state: v.picklist(CELL_STATES),
  /** Beginning of the answer; while it comes in, its end. */
  text: v.string(),
  /** Why it failed. */
  reason: v.nullable(v.string()),
  /** How often the model was asked. */
  attempts: v.number(),
  /** Tokens of the answer. */
  tokens: v.number(),
  tokensPerSecond: v.nullable(v.number()),
  milliseconds: v.nullable(v.number()),
});
/** One step of one row, in short. */
export type CellView = v.InferOutput<typeof cellViewSchema>;

export const rowViewSchema = v.object({
  /** From 0. */
  row: v.number(),
  /** Beginning of the input. */
  input: v.string(),
  state: v.picklist(['waiting', 'running', 'passed', 'failed']),
  cells: v.array(cellViewSchema),
  /** Beginnings of the outputs, in the order of the run's. */
  outputs: v.array(v.string()),
});
export type RowView = v.InferOutput<typeof rowViewSchema>;

export const checkResultSchema = v.object({
  /** The check in words, `length, at most 200 words`. */
  check: v.string(),
  passed: v.boolean(),
  /** Why it did not pass, or by how much it did. */
  detail: v.string(),
});
export type CheckResult = v.InferOutput<typeof checkResultSchema>;

export const messageSchema = v.object({ role: v.picklist(['system', 'user', 'assistant']), content: v.string() });
/** A message as it is sent to Ollama. */
export type Message = v.InferOutput<typeof messageSchema>;

export const attemptSchema = v.object({
  /** What was really sent. */
  messages: v.array(messageSchema),
  /** What came back. */
  output: v.string(),
  checks: v.array(checkResultSchema),
  promptTokens: v.number(),
  tokens: v.number(),
  tokensPerSecond: v.nullable(v.number()),
  milliseconds: v.number(),
});
/** One time that the model was asked. */
export type Attempt = v.InferOutput<typeof attemptSchema>;

export const cellDetailSchema = v.object({
  row: v.number(),
  step: v.string(),
  input: v.string(),
  state: v.picklist(CELL_STATES),
  reason: v.nullable(v.string()),
  model: v.string(),
  url: v.string(),
  attempts: v.array(attemptSchema),
  /** The answer that counts; while it comes in, what is there of it. */
  output: v.string(),
});
/** Everything about one step of one row. */
export type CellDetail = v.InferOutput<typeof cellDetailSchema>;

export const runSummarySchema = v.object({
  runId: runIdSchema,
  /** Rows of which every step passed, and the others. */
  passed: v.number(),
  failed: v.number(),
  /** Tokens that models wrote. */
  tokens: v.number(),
  promptTokens: v.number(),
  seconds: v.number(),
});
export type RunSummary = v.InferOutput<typeof runSummarySchema>;

const aboutRun = v.strictObject({ path: chainPathSchema, runId: runIdSchema });

/** Requests about chains, from a window to the engine. */
export const chainRequests = {
  /**
   * Starts a run, or goes on with one that did not end. Answers when everything was looked at that can be wrong before
   * the first input, and the run is on its way. A run of the same chain and endpoint that is under way is answered as it is.
   */
  'chains/start': {
    params: v.strictObject({
      path: chainPathSchema,
      /** The workspace folder that the chain belongs to: what lies outside of it is asked about. */
      folder: pathSchema,
      /** Whether the user may be asked; else what would be asked about is refused. */
      mayAsk: v.boolean(),
      /** Instead of the endpoint that the chain names. */
      endpoint: v.optional(endpointChoiceSchema),
      first: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
      step: v.optional(v.pipe(v.string(), v.maxLength(64))),
      /** `continue`: go on with the last run of this kind if it did not end, else begin. `restart`: begin anyway. */
      how: v.optional(v.picklist(['continue', 'restart']), 'continue'),
      /** Goes on with this one. */
      runId: v.optional(runIdSchema),
      /** Of a run that is gone on with: ask again also what failed its checks. */
      askFailedAgain: v.optional(v.boolean(), false),
    }),
    result: v.variant('kind', [
      v.object({ kind: v.literal('started'), run: runViewSchema, continued: v.boolean() }),
      v.object({
        kind: v.literal('modelsMissing'),
        models: v.array(v.string()),
        endpoint: v.string(),
        url: v.string(),
      }),
    ]),
  },
  /** Resolves when a run has ended. Rejects with `cancelled`, or with what stopped it. Withdrawing it stops nothing. */
  'chains/wait': { params: v.strictObject({ runId: runIdSchema }), result: runSummarySchema },
  /** Ends a run at once. What is done is kept, and can be gone on with. */
  'chains/cancel': { params: v.strictObject({ runId: runIdSchema }), result: v.null() },
  /** The runs that are under way. */
  'chains/live': { params: v.strictObject({}), result: v.array(runViewSchema) },
  /** The runs in the results file of a chain, newest first. */
  'chains/runs': { params: v.strictObject({ path: chainPathSchema }), result: v.array(runViewSchema) },
  'chains/rows': {
    params: v.strictObject({
      ...aboutRun.entries,
      from: countSchema,
      count: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(200)),
    }),
    result: v.object({ total: v.number(), rows: v.array(rowViewSchema) }),
  },
  'chains/cell': {
    params: v.strictObject({ ...aboutRun.entries, row: countSchema, step: v.string() }),
    result: cellDetailSchema,
  },
  /** Writes the results of a run as CSV; answers how many rows were written. */
  'chains/export': {
    params: v.strictObject({ ...aboutRun.entries, file: pathSchema }),
    result: v.object({ rows: v.number() }),
  },
  /** The models that an endpoint has, for completion. */
  'chains/models': {
    params: v.strictObject({ endpoint: endpointChoiceSchema }),
    result: v.object({ url: v.string(), models: v.array(v.string()) }),
  },
  /** Pulls a model; `chains/pulling` tells how far it is. */
  'chains/pull': {
    params: v.strictObject({ endpoint: endpointChoiceSchema, model: v.pipe(v.string(), v.maxLength(512)) }),
    result: v.null(),
  },
} as const;

/** Notifications about chains, from the engine to its windows. */
export const chainNotifications = {
  'chains/changed': runViewSchema,
  'chains/pulling': v.object({
    model: v.string(),
    status: v.string(),
    /** Bytes, while they are known. */
    completed: v.nullable(v.number()),
    total: v.nullable(v.number()),
  }),
} as const;
