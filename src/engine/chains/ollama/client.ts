import * as v from 'valibot';
import type { Json, JsonObject } from '../../../chainFile/json.js';
import type { Message } from '../../../shared/chains.js';
import { LinkLost, Refused } from './errors.js';
import { readJson, readLines, send } from './http.js';

/** A list of a thousand models, or a model card with its licence. */
const LONGEST_ANSWER = 32 * 1024 * 1024;
const LONGEST_LINE = 8 * 1024 * 1024;
/** A model that does not stop by itself is stopped here. */
const LONGEST_TEXT = 4 * 1024 * 1024;

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly Message[];
  readonly options?: JsonObject | undefined;
  readonly format?: 'json' | JsonObject | undefined;
  readonly think?: boolean | string | undefined;
  readonly keepAlive?: string | number | undefined;
}

export interface ChatAnswer {
  readonly text: string;
  readonly promptTokens: number;
  readonly tokens: number;
  /** Of the writing alone; null where Ollama does not say. */
  readonly tokensPerSecond: number | null;
  /** Share of its time that it waited for others, 0 to 1; null where Ollama does not say. */
  readonly queued: number | null;
  /** It had more to say, but no room. */
  readonly wasCut: boolean;
}

export interface ModelFacts {
  /** Longest context of the model itself. */
  readonly contextLength: number | undefined;
  /** `completion`, `embedding`, `thinking`; undefined where an old Ollama does not tell. */
  readonly capabilities: readonly string[] | undefined;
}

export interface PullProgress {
  readonly status: string;
  readonly completed: number | null;
  readonly total: number | null;
}

const count = v.fallback(v.pipe(v.number(), v.finite(), v.minValue(0)), 0);
const versionSchema = v.object({ version: v.pipe(v.string(), v.maxLength(100)) });
const tagsSchema = v.object({ models: v.array(v.object({ name: v.string() })) });
const showSchema = v.object({
  model_info: v.optional(v.nullable(v.record(v.string(), v.unknown()))),
  capabilities: v.optional(v.nullable(v.array(v.string()))),
});
const pieceSchema = v.object({
  error: v.optional(v.string()),
  message: v.optional(v.object({ content: v.optional(v.string(), '') })),
  done: v.optional(v.boolean(), false),
  done_reason: v.optional(v.string()),
  prompt_eval_count: v.optional(count, 0),
  eval_count: v.optional(count, 0),
  eval_duration: v.optional(count, 0),
  total_duration: v.optional(count, 0),
  load_duration: v.optional(count, 0),
  prompt_eval_duration: v.optional(count, 0),
});
const embedSchema = v.object({ embeddings: v.array(v.array(v.number())) });
const pullSchema = v.object({
  error: v.optional(v.string()),
  status: v.optional(v.string(), ''),
  completed: v.optional(v.number()),
  total: v.optional(v.number()),
});

/** The part of Ollama's API that chains need, at one address. Errors are those of {@link send}. */
export class OllamaClient {
  constructor(private readonly base: string) {}

  async version(signal: AbortSignal): Promise<string> {
    return (await this.get('api/version', versionSchema, signal)).version;
  }

  /** Names of the models that it has. */
  async models(signal: AbortSignal): Promise<string[]> {
    return (await this.get('api/tags', tagsSchema, signal)).models.map(({ name }) => name);
  }

  async show(model: string, signal: AbortSignal): Promise<ModelFacts> {
    const facts = await this.post('api/show', { model }, showSchema, signal);
    const [, length] = Object.entries(facts.model_info ?? {}).find(([key]) => key.endsWith('.context_length')) ?? [];
    return {
      contextLength: typeof length === 'number' && length > 0 ? length : undefined,
      capabilities: facts.capabilities ?? undefined,
    };
  }

  /** @param onText told each piece of the answer as it comes in */
  async chat(request: ChatRequest, onText: (piece: string) => void, signal: AbortSignal): Promise<ChatAnswer> {
    const { model, messages, options, format, think, keepAlive } = request;
    const body = {
      ...{ model, messages, stream: true },
      ...(options && { options }),
      ...(format !== undefined && { format }),
      ...(think !== undefined && { think }),
      ...(keepAlive !== undefined && { keep_alive: keepAlive }),
    };
    const response = await send({ method: 'POST', base: this.base, path: 'api/chat', body, signal });
    const pieces: string[] = [];
    let length = 0;
    for await (const line of readLines(response, LONGEST_LINE, signal)) {
      const piece = checked(pieceSchema, line);
      if (piece.error !== undefined) throw new Refused(500, piece.error.slice(0, 400));
      const text = piece.message?.content ?? '';
      if (text !== '') {
        pieces.push(text);
        onText(text);
        length += text.length;
        if (length > LONGEST_TEXT) throw new Refused(200, 'The answer does not end; set num_predict in the options.');
      }
      if (!piece.done) continue;
      return {
        text: pieces.join(''),
        promptTokens: piece.prompt_eval_count,
        tokens: piece.eval_count,
        tokensPerSecond: piece.eval_duration > 0 ? piece.eval_count / (piece.eval_duration / 1e9) : null,
        queued: queuedShare(piece),
        wasCut: piece.done_reason === 'length',
      };
    }
    throw new LinkLost('the answer broke off');
  }

  async embed(model: string, texts: readonly string[], signal: AbortSignal): Promise<number[][]> {
    const { embeddings } = await this.post('api/embed', { model, input: texts }, embedSchema, signal);
    if (embeddings.length !== texts.length)
      throw new Refused(200, 'It gave another number of embeddings than were asked for.');
    return embeddings;
  }

  async pull(model: string, onProgress: (progress: PullProgress) => void, signal: AbortSignal): Promise<void> {
    const response = await send({
      method: 'POST',
      base: this.base,
      path: 'api/pull',
      body: { model, stream: true },
      signal,
    });
    for await (const line of readLines(response, LONGEST_LINE, signal)) {
      const { error, status, completed = null, total = null } = checked(pullSchema, line);
      if (error !== undefined) throw new Refused(500, error.slice(0, 400));
      if (status === 'success') return;
      onProgress({ status: status.slice(0, 200), completed, total });
    }
    throw new LinkLost('the pull broke off');
  }

  private async get<T extends v.GenericSchema>(
    path: string,
    schema: T,
    signal: AbortSignal,
  ): Promise<v.InferOutput<T>> {
    const response = await send({ method: 'GET', base: this.base, path, signal });
    return checked(schema, await readJson(response, LONGEST_ANSWER, signal));
  }

  private async post<T extends v.GenericSchema>(
    path: string,
    body: Readonly<Record<string, Json>>,
    schema: T,
    signal: AbortSignal,
  ): Promise<v.InferOutput<T>> {
    const response = await send({ method: 'POST', base: this.base, path, body, signal });
    return checked(schema, await readJson(response, LONGEST_ANSWER, signal));
  }
}

/** What is left of the whole time (nanoseconds, as `docs/api.md` of Ollama tells them) beside loading, reading and writing. */
function queuedShare(piece: v.InferOutput<typeof pieceSchema>): number | null {
  const { total_duration: total, load_duration: load, prompt_eval_duration: read, eval_duration: written } = piece;
  // what loaded the model first says nothing about a queue, nor what waited until another model made room: both count as loading
  return total <= 2 * load || written === 0 ? null : Math.max(0, (total - load - read - written) / (total - load));
}

/** Whether two names mean the same model: without a tag it is the latest. */
export function isSameModel(a: string, b: string): boolean {
  return withTag(a) === withTag(b);
}

function withTag(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1).includes(':') ? name : `${name}:latest`;
}

function checked<T extends v.GenericSchema>(schema: T, value: unknown): v.InferOutput<T> {
  const result = v.safeParse(schema, value);
  if (!result.success) throw new Refused(200, 'What answers there does not speak like Ollama.');
  return result.output;
}
