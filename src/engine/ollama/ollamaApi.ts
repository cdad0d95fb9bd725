import * as v from 'valibot';
import { SparkError } from '../../shared/errors.js';
import type { Clock } from '../base/clock.js';
import { printable } from '../base/remoteText.js';
import {
  type ChatLine,
  chatLineSchema,
  failureSchema,
  type PullLine,
  pullLineSchema,
  readRunning,
  readTag,
  type Running,
  type Show,
  showSchema,
  type Tag,
  tagsSchema,
  versionSchema,
} from './answers.js';
import { type HttpAnswer, type HttpRequest, type Open, sendRequest } from './http.js';

const SMALL_WITHIN_MS = 8_000;
/** A disk may be slow to forget a hundred gigabytes. */
const DELETE_WITHIN_MS = 60_000;
const MAX_SMALL_BYTES = 16 * 1024;
const MAX_LIST_BYTES = 8 * 1024 * 1024;
/** Licences, templates and the names of all tensors are in it. */
const MAX_SHOW_BYTES = 16 * 1024 * 1024;
const MAX_LINE_BYTES = 8 * 1024 * 1024;
/** More than anybody has. */
const MAX_MODELS = 1000;

/** Ollama's own API over streams that the caller opens. Rejects with `modelNotFound`, `ollamaFailed` and what the streams break with. */
export class OllamaApi {
  constructor(
    private readonly open: Open,
    private readonly clock: Clock,
  ) {}

  async version(signal?: AbortSignal, withinMs = SMALL_WITHIN_MS): Promise<string> {
    const answer = await this.send({ method: 'GET', path: '/api/version', signal, withinMs });
    return (await readJson(answer, MAX_SMALL_BYTES, versionSchema)).version;
  }

  async tags(signal?: AbortSignal): Promise<Tag[]> {
    const answer = await this.send({ method: 'GET', path: '/api/tags', signal, withinMs: SMALL_WITHIN_MS });
    const { models } = await readJson(answer, MAX_LIST_BYTES, tagsSchema);
    return models
      .slice(0, MAX_MODELS)
      .map(readTag)
      .filter(tag => tag !== null);
  }

  async running(signal?: AbortSignal, withinMs = SMALL_WITHIN_MS): Promise<Running[]> {
    const answer = await this.send({ method: 'GET', path: '/api/ps', signal, withinMs });
    const { models } = await readJson(answer, MAX_LIST_BYTES, tagsSchema);
    return models
      .slice(0, MAX_MODELS)
      .map(readRunning)
      .filter(model => model !== null);
  }

  async show(model: string, signal?: AbortSignal): Promise<Show> {
    const answer = await this.send(
      { method: 'POST', path: '/api/show', body: { model }, signal, withinMs: SMALL_WITHIN_MS },
      model,
    );
    return await readJson(answer, MAX_SHOW_BYTES, showSchema);
  }

  /** A request without a prompt that keeps the model for no time unloads it, also one that only embeds. */
  async unload(model: string, signal?: AbortSignal): Promise<void> {
    const body = { model, keep_alive: 0, stream: false };
    const answer = await this.send(
      { method: 'POST', path: '/api/generate', body, signal, withinMs: DELETE_WITHIN_MS },
      model,
    );
    await answer.text(MAX_LIST_BYTES);
  }

  async delete(model: string, signal?: AbortSignal): Promise<void> {
    const answer = await this.send(
      { method: 'DELETE', path: '/api/delete', body: { model }, signal, withinMs: DELETE_WITHIN_MS },
      model,
    );
    await answer.text(MAX_SMALL_BYTES);
  }

  /** Tells what is being done until it is done. */
  async *pull(model: string, signal?: AbortSignal): AsyncGenerator<PullLine> {
    const answer = await this.send({ method: 'POST', path: '/api/pull', body: { model, stream: true }, signal }, model);
    let done = false;
    for await (const line of answer.lines(MAX_LINE_BYTES)) {
      const progress = readLine(line, pullLineSchema, model);
      done ||= progress.status === 'success';
      yield progress;
    }
    if (!done) throw unfinished();
  }

  /** Pieces of an answer; the last is `done`. */
  async *chat(body: Readonly<Record<string, unknown>>, model: string, signal?: AbortSignal): AsyncGenerator<ChatLine> {
    const answer = await this.send({ method: 'POST', path: '/api/chat', body, signal }, model);
    let done = false;
    for await (const line of answer.lines(MAX_LINE_BYTES)) {
      const piece = readLine(line, chatLineSchema, model);
      ({ done } = piece);
      yield piece;
    }
    if (!done) throw unfinished();
  }

  /** @param model whose request it is: a "not found" is about that */
  private async send(request: Omit<HttpRequest, 'clock'>, model?: string): Promise<HttpAnswer> {
    const answer = await sendRequest(this.open, { ...request, clock: this.clock });
    if (answer.status >= 200 && answer.status < 300) return answer;
    const said = await answer.text(MAX_LIST_BYTES).catch(() => '');
    throw refused(answer.status, messageIn(said) ?? said, model);
  }
}

async function readJson<T extends v.GenericSchema>(
  answer: HttpAnswer,
  maxBytes: number,
  schema: T,
): Promise<v.InferOutput<T>> {
  const checked = v.safeParse(schema, parse(await answer.text(maxBytes)));
  if (!checked.success) throw notOllama();
  return checked.output;
}

function readLine<T extends v.GenericSchema>(line: string, schema: T, model: string): v.InferOutput<T> {
  const parsed = parse(line);
  const failure = v.safeParse(failureSchema, parsed);
  if (failure.success) throw refused(undefined, failure.output.error, model);
  const checked = v.safeParse(schema, parsed);
  if (!checked.success) throw notOllama();
  return checked.output;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}

function messageIn(json: string): string | undefined {
  const failure = v.safeParse(failureSchema, parse(json));
  return failure.success ? failure.output.error : undefined;
}

/** Ollama says what is wrong in words that differ from version to version. */
function refused(status: number | undefined, said: string, model: string | undefined): SparkError {
  const words = printable(said, 300);
  if (model !== undefined && /not found|does not exist|no such model|invalid model name/i.test(said))
    return new SparkError({
      code: 'modelNotFound',
      message: `Ollama has no model "${printable(model)}" (${words}).`,
      hint: 'Check its name at ollama.com/library, or pull it first.',
    });
  if (/more system memory|out of memory|cudamalloc|insufficient memory|unable to allocate/i.test(said))
    return new SparkError({
      code: 'notEnoughMemory',
      message: `The model does not fit into memory now (${words}).`,
      hint: 'Unload another model, or end a program that holds memory.',
    });
  if (/does not support tools/i.test(said))
    return new SparkError({
      code: 'ollamaFailed',
      message: `Ollama says: ${words}.`,
      hint: 'Choose a model that can call tools.',
    });
  return new SparkError({
    code: 'ollamaFailed',
    message: words === '' ? `Ollama refused the request (HTTP ${status ?? 'error'}).` : `Ollama says: ${words}`,
    ...(status !== undefined && status >= 500
      ? { hint: 'Its log on the Spark says more (journalctl -u ollama).' }
      : {}),
  });
}

function notOllama(): SparkError {
  return new SparkError({
    code: 'ollamaFailed',
    message: 'What answers there is not Ollama, or a version that is not understood.',
    hint: 'Check its port in the connection or in the settings.',
  });
}

function unfinished(): SparkError {
  return new SparkError({
    code: 'ollamaFailed',
    message: 'Ollama ended its answer before it was whole.',
    hint: 'It may have crashed or been stopped; its log says more (journalctl -u ollama).',
  });
}
