import * as v from 'valibot';
import { connectionIdSchema, epochMsSchema, errorInfoSchema } from './connection.js';

/** Which Ollama tools use: the active Spark's while its tunnel is up, always this computer's, or the Spark's. */
export const targetSchema = v.picklist(['auto', 'local', 'dgx'], 'The target is "auto", "local" or "dgx".');
export type OllamaTarget = v.InferOutput<typeof targetSchema>;

/** As Ollama names models: `llama3.1:8b`, `hf.co/someone/something-GGUF:Q4_K_M`. It may not begin like an option. */
export const modelNameSchema = v.pipe(
  v.string(),
  v.trim(),
  v.nonEmpty('Enter the name of a model.'),
  v.maxLength(255, 'The name of a model has at most 255 characters.'),
  v.regex(/^[A-Za-z0-9_][\w.\-/:@]*$/, 'Use the name of a model, such as llama3.1:8b.'),
);

const bytes = v.number();
const text = v.nullable(v.string());

/** A model that is in memory now. */
export const loadedModelSchema = v.object({
  name: v.string(),
  /** Memory that it holds, its context included. */
  bytes,
  /** Tokens; what it was loaded for. */
  contextLength: v.nullable(v.number()),
  /** When Ollama will unload it, by this computer's clock; null for never. */
  expiresAt: v.nullable(epochMsSchema),
});
export type LoadedModel = v.InferOutput<typeof loadedModelSchema>;

/** How an Ollama does. */
export const ollamaHealthSchema = v.object({
  /** Where it is, as tools on this computer see it; null while there is no way to it. */
  url: text,
  /** `off`: there is no connection to ask over. */
  state: v.picklist(['up', 'down', 'off']),
  version: text,
  /** Of one small request. */
  latencyMs: v.nullable(v.number()),
  loaded: v.array(loadedModelSchema),
  /** What is wrong, in a sentence. */
  problem: v.optional(v.string()),
});
export type OllamaHealth = v.InferOutput<typeof ollamaHealthSchema>;

/** Both Ollamas that tools can be led to. */
export const endpointHealthSchema = v.object({
  local: ollamaHealthSchema,
  /** The active Spark's; null where no connection is active. */
  dgx: v.nullable(
    v.object({ ...ollamaHealthSchema.entries, connectionId: connectionIdSchema, connectionName: v.string() }),
  ),
});
export type EndpointHealth = v.InferOutput<typeof endpointHealthSchema>;

/** Whether a model can be loaded now: `loaded` already, `yes`, `afterUnloading` others, `no`, or nobody knows. */
export const fitSchema = v.picklist(['loaded', 'yes', 'afterUnloading', 'no', 'unknown']);
export type Fit = v.InferOutput<typeof fitSchema>;

/** What a model takes when it is loaded. */
export const memoryNeedsSchema = v.object({
  /** The model itself. */
  weightsBytes: bytes,
  /** What the context takes; null where the model does not say enough to compute it. */
  contextBytes: v.nullable(bytes),
  /** The context that is counted, in tokens. */
  contextTokens: v.nullable(v.number()),
  totalBytes: bytes,
  /** Where the numbers come from, in a sentence. */
  source: v.string(),
});
export type MemoryNeeds = v.InferOutput<typeof memoryNeedsSchema>;

/** A model that is installed. */
export const installedModelSchema = v.object({
  name: v.string(),
  digest: v.string(),
  /** On disk. */
  bytes,
  /** As Ollama says it: "8.0B". */
  parameters: text,
  quantization: text,
  family: text,
  /** Tokens; the most that it can take. */
  contextLength: v.nullable(v.number()),
  /** "completion", "tools", "vision", "thinking", "embedding", ... */
  capabilities: v.array(v.string()),
  changedAt: v.nullable(epochMsSchema),
  needs: memoryNeedsSchema,
  fit: fitSchema,
});
export type InstalledModel = v.InferOutput<typeof installedModelSchema>;

/** Ollama on one machine, and its models. */
export const modelListSchema = v.object({
  connectionId: connectionIdSchema,
  /** `stopped`: installed, but it does not answer. `unreachable`: nobody can tell. */
  state: v.picklist(['up', 'missing', 'stopped', 'unreachable']),
  version: text,
  installed: v.array(installedModelSchema),
  loaded: v.array(loadedModelSchema),
  /** Why it is not `up`. */
  error: v.optional(errorInfoSchema),
  /** What starts or installs it, to be run on the machine by its user. Never run by itself. */
  remedy: v.optional(v.string()),
});
export type ModelList = v.InferOutput<typeof modelListSchema>;

/** What Ollama knows of one model. The texts are the model's maker's. */
export const modelCardSchema = v.object({
  name: v.string(),
  family: text,
  parameters: text,
  quantization: text,
  contextLength: v.nullable(v.number()),
  capabilities: v.array(v.string()),
  /** Settings of the model, one a line. */
  settings: text,
  system: text,
  template: text,
  license: text,
});
export type ModelCard = v.InferOutput<typeof modelCardSchema>;

/** Somebody who holds memory. */
export const memoryHolderSchema = v.object({
  kind: v.picklist(['model', 'process', 'container', 'cache', 'other']),
  /** Of a model its name, by which it can be unloaded; of a container its name, of a process "name (pid)". */
  name: v.string(),
  bytes,
});
export type MemoryHolder = v.InferOutput<typeof memoryHolderSchema>;

const memoryState = {
  /** `unified`: one pool for CPU and GPU. `dedicated`: the memory of the GPUs. */
  pool: v.picklist(['unified', 'dedicated', 'unknown']),
  totalBytes: v.nullable(bytes),
  availableBytes: v.nullable(bytes),
  /** Who holds the rest, the biggest first. */
  holders: v.array(memoryHolderSchema),
};
export const memoryStateSchema = v.object(memoryState);
/** What there is of memory for models and jobs. */
export type MemoryState = v.InferOutput<typeof memoryStateSchema>;

export const memoryCheckSchema = v.object({
  model: v.string(),
  fit: fitSchema,
  needs: memoryNeedsSchema,
  ...memoryState,
});
/** What a model needs against what there is. */
export type MemoryCheck = v.InferOutput<typeof memoryCheckSchema>;

/** A model that is being pulled. */
export const pullSchema = v.object({
  connectionId: connectionIdSchema,
  model: v.string(),
  /** What is being done, in Ollama's words. */
  status: v.string(),
  /** Null until it is known how much there is. */
  completedBytes: v.nullable(bytes),
  totalBytes: v.nullable(bytes),
});
export type Pull = v.InferOutput<typeof pullSchema>;

const MAX_TEXT = 8 * 1024 * 1024;
const MAX_IMAGE = 32 * 1024 * 1024;
const MAX_MESSAGES = 4096;
const MAX_TOOLS = 1024;

export const toolCallSchema = v.object({
  id: v.string(),
  name: v.string(),
  arguments: v.record(v.string(), v.unknown()),
});
export type ToolCall = v.InferOutput<typeof toolCallSchema>;

export const chatMessageSchema = v.object({
  role: v.picklist(['system', 'user', 'assistant', 'tool']),
  content: v.pipe(v.string(), v.maxLength(MAX_TEXT)),
  /** Base64. */
  images: v.optional(v.array(v.pipe(v.string(), v.maxLength(MAX_IMAGE)))),
  /** What the assistant wanted to be called. */
  toolCalls: v.optional(v.array(toolCallSchema)),
  /** Whose answer this is, when `role` is `tool`. */
  toolName: v.optional(v.string()),
});
export type ChatMessage = v.InferOutput<typeof chatMessageSchema>;

export const chatToolSchema = v.object({
  name: v.string(),
  description: v.string(),
  /** JSON schema. */
  parameters: v.record(v.string(), v.unknown()),
});
export type ChatTool = v.InferOutput<typeof chatToolSchema>;

export const chatRequestSchema = v.strictObject({
  connectionId: connectionIdSchema,
  /** Chosen by the caller: the parts of the answer carry it. */
  streamId: v.pipe(v.string(), v.maxLength(100)),
  model: modelNameSchema,
  messages: v.pipe(v.array(chatMessageSchema), v.minLength(1), v.maxLength(MAX_MESSAGES)),
  tools: v.optional(v.pipe(v.array(chatToolSchema), v.maxLength(MAX_TOOLS)), []),
  /** Tokens that question and answer together are expected to take; the context is made to hold them. */
  contextTokens: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  /** Passed on to Ollama: temperature, top_p, num_predict, ... */
  options: v.optional(v.record(v.string(), v.union([v.number(), v.boolean(), v.string(), v.array(v.string())])), {}),
});
export type ChatRequest = v.InferInput<typeof chatRequestSchema>;

/** A piece of an answer. */
export const chatPartSchema = v.variant('kind', [
  v.object({ kind: v.literal('text'), text: v.string() }),
  /** What a model thinks before it answers. */
  v.object({ kind: v.literal('thinking'), text: v.string() }),
  v.object({ kind: v.literal('toolCall'), call: toolCallSchema }),
]);
export type ChatPart = v.InferOutput<typeof chatPartSchema>;

export const chatEndSchema = v.object({
  /** "stop", "length", ... */
  reason: v.string(),
  promptTokens: v.nullable(v.number()),
  answerTokens: v.nullable(v.number()),
});
export type ChatEnd = v.InferOutput<typeof chatEndSchema>;
