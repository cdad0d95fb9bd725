import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { readBody, sendJson, sendText, StreamPlan } from './answers.js';
import { argumentsFor, type Aside, embedding, nativeAnswer, openAiAnswer, pullSteps, words } from './completions.js';
import { detailsOf, IN_LIBRARY, INSTALLED, loadedSize, type Model, sameModel, showModel } from './models.js';

export const OLLAMA_VERSION = '0.12.6';
const MODIFIED_AT = '2026-03-14T09:26:53.589793238+01:00';
const KEEP_ALIVE_MS = 5 * 60_000;
/** What a request that says nothing of it gets. */
const USUAL_CONTEXT = 4096;

type Body = Record<string, unknown>;

/** The API of Ollama, on loopback. What `StreamPlan` has is here too: `chunks`, `holdAfter`, `untilHeld`, `release`, ... */
export class Ollama extends StreamPlan {
  /** Requests since the start, as `POST /api/chat`. */
  readonly requests: string[] = [];
  readonly #server: Server;
  #installed: Model[] = [...INSTALLED];
  /** By name: until when, and with how much context. */
  readonly #loaded = new Map<string, { until: Date; context: number }>();
  /** Bytes of a layer that are there, by its model. */
  readonly #partial = new Map<string, number>();
  /** What was asked of `/api/chat`, in order. */
  readonly chats: Body[] = [];

  constructor(chunks = 12, chunkDelayMs = 0) {
    super(chunks, chunkDelayMs);
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        if (!response.headersSent)
          sendJson(response, 400, { error: error instanceof Error ? error.message : 'failed' });
        else response.destroy();
      });
    });
    // Go's server, which Ollama is, closes no connection for being idle
    this.#server.keepAliveTimeout = 0;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Names of the models it has. */
  get installed(): string[] {
    return this.#installed.map(model => model.name);
  }

  /** Names of the models that are in memory. */
  get loaded(): string[] {
    return [...this.#loaded.keys()];
  }

  /** How much of a model an interrupted pull has left, in bytes. */
  pulledOf(name: string): number {
    return this.#partial.get(name) ?? 0;
  }

  /** Rejects when the port is taken. */
  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** Ends every answer that is being streamed. */
  async close(): Promise<void> {
    this.release();
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? 'GET';
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    this.requests.push(`${method} ${pathname}`);
    const route = `${method === 'HEAD' ? 'GET' : method} ${pathname}`;
    switch (route) {
      case 'GET /': {
        sendText(response, 200, 'Ollama is running');
        return;
      }
      case 'GET /api/version': {
        sendJson(response, 200, { version: OLLAMA_VERSION });
        return;
      }
      case 'GET /api/tags': {
        sendJson(response, 200, { models: this.#installed.map(listed) });
        return;
      }
      case 'GET /api/ps': {
        sendJson(response, 200, { models: this.#running() });
        return;
      }
      case 'GET /v1/models': {
        sendJson(response, 200, { object: 'list', data: this.#installed.map(openAiModel) });
        return;
      }
      case 'POST /api/show':
      case 'POST /api/chat':
      case 'POST /api/generate':
      case 'POST /api/embed':
      case 'POST /api/pull':
      case 'DELETE /api/delete':
      case 'POST /v1/chat/completions':
        return this.#answerAboutModel(route, await readBody(request), response);
      default: {
        sendText(response, 404, '404 page not found');
        return;
      }
    }
  }

  async #answerAboutModel(route: string, body: Body | undefined, response: ServerResponse): Promise<void> {
    const openAi = route.includes(' /v1/');
    if (body === undefined) {
      refuse(response, 400, 'missing request body', openAi);
      return;
    }
    const name = textOf(body['model']) ?? textOf(body['name']) ?? '';
    if (name === '') {
      refuse(response, 400, 'model is required', openAi);
      return;
    }
    if (route === 'POST /api/pull') return this.#pull(name, body, response);
    const model = this.#installed.find(candidate => sameModel(candidate, name));
    if (model === undefined) {
      refuse(response, 404, `model '${name}' not found`, openAi);
      return;
    }
    switch (route) {
      case 'POST /api/show': {
        sendJson(response, 200, showModel(model, MODIFIED_AT));
        return;
      }
      case 'DELETE /api/delete':
        this.#installed = this.#installed.filter(other => other !== model);
        this.#loaded.delete(model.name);
        response.writeHead(200).end();
        return;
      case 'POST /api/embed': {
        this.#embed(model, name, body, response);
        return;
      }
      default:
        return this.#complete(route, model, name, body, response);
    }
  }

  async #complete(route: string, model: Model, name: string, body: Body, response: ServerResponse): Promise<void> {
    const openAi = route.includes(' /v1/');
    const kind = route === 'POST /api/generate' ? 'generate' : 'chat';
    const isUnload = body['keep_alive'] === 0 && isEmpty(kind === 'chat' ? body['messages'] : body['prompt']);
    // also one that only embeds can be unloaded like this
    if (!isUnload && !model.capabilities.includes('completion')) {
      refuse(response, 400, `"${name}" does not support ${kind}`, openAi);
      return;
    }
    if (!isEmpty(body['tools']) && !model.capabilities.includes('tools')) {
      refuse(response, 400, `registry.ollama.ai/library/${name} does not support tools`, openAi);
      return;
    }
    if (!openAi && isEmpty(kind === 'chat' ? body['messages'] : body['prompt'])) {
      this.#load(kind, model, body, response);
      return;
    }
    this.#keep(model, body);
    const pieces = words(this.chunks);
    if (openAi) {
      const stream = body['stream'] === true;
      const usage = (body['stream_options'] as Body | undefined)?.['include_usage'] === true;
      const answer = openAiAnswer(name, pieces, { stream, usage });
      await this.stream(response, answer, stream ? 'text/event-stream' : 'application/json');
      return;
    }
    const stream = body['stream'] !== false;
    if (kind === 'generate') {
      await this.stream(response, nativeAnswer(kind, name, pieces, stream), contentType(stream));
      return;
    }
    this.chats.push(body);
    const { said, ...aside } = answerTo(model, body, pieces);
    await this.stream(response, nativeAnswer(kind, name, said, stream, aside), contentType(stream));
  }

  #keep(model: Model, body: Body): void {
    const { num_ctx: context = USUAL_CONTEXT } = (body['options'] ?? {}) as { num_ctx?: number };
    this.#loaded.set(model.name, { until: new Date(Date.now() + KEEP_ALIVE_MS), context });
  }

  /** A request without a prompt only loads the model, or unloads it with `keep_alive: 0`. */
  #load(kind: 'chat' | 'generate', model: Model, body: Body, response: ServerResponse): void {
    const unload = body['keep_alive'] === 0 || body['keep_alive'] === '0';
    if (unload) this.#loaded.delete(model.name);
    else this.#keep(model, body);
    sendJson(response, 200, {
      model: textOf(body['model']),
      created_at: new Date().toISOString(),
      ...(kind === 'chat' ? { message: { role: 'assistant', content: '' } } : { response: '' }),
      done: true,
      done_reason: unload ? 'unload' : 'load',
    });
  }

  async #pull(name: string, body: Body, response: ServerResponse): Promise<void> {
    const stream = body['stream'] !== false;
    const model = [...this.#installed, ...IN_LIBRARY].find(candidate => sameModel(candidate, name));
    if (model === undefined) {
      const error = { error: 'pull model manifest: file does not exist' };
      if (!stream) {
        sendJson(response, 500, error);
        return;
      }
      // the answer has begun when it finds out, so the error is a line of it
      const lines = [{ status: 'pulling manifest' }, error].map(line => `${JSON.stringify(line)}\n`);
      await this.stream(response, lines, contentType(true));
      return;
    }
    const steps = pullSteps(model, this.chunks, this.pulledOf(model.name));
    const lines = stream ? steps.map(step => `${JSON.stringify(step)}\n`) : [JSON.stringify({ status: 'success' })];
    const whole = await this.stream(response, lines, contentType(stream), sent => {
      const { digest, completed } = steps[sent] ?? {};
      if (completed !== undefined && digest?.endsWith(model.digest)) this.#partial.set(model.name, completed);
    });
    if (!whole) return;
    this.#partial.delete(model.name);
    if (!this.#installed.includes(model)) this.#installed.push(model);
  }

  #embed(model: Model, name: string, body: Body, response: ServerResponse): void {
    const { input } = body;
    const texts = Array.isArray(input) ? input.map(String) : [String(input)];
    this.#keep(model, body);
    sendJson(response, 200, {
      model: name,
      embeddings: texts.map(text => embedding(text, model.embeddingLength)),
      total_duration: 14_143_917,
      load_duration: 1_019_500,
      prompt_eval_count: texts.join(' ').split(/\s+/).length,
    });
  }

  #running(): unknown[] {
    return this.#installed.flatMap(model => {
      const loaded = this.#loaded.get(model.name);
      if (!loaded) return [];
      const size = loadedSize(model, loaded.context);
      return {
        name: model.name,
        model: model.name,
        size,
        digest: model.digest,
        details: detailsOf(model),
        expires_at: loaded.until.toISOString(),
        size_vram: size,
        context_length: loaded.context,
      };
    });
  }
}

/** A model that thinks does so first; one that is given tools calls the first of them, until it is told what that answered. */
function answerTo(model: Model, body: Body, pieces: readonly string[]): Aside & { said: readonly string[] } {
  const thinking = model.capabilities.includes('thinking') ? { thinking: 'The user wants an answer.' } : {};
  const messages = body['messages'] as { role: string; content: string }[];
  const last = messages.at(-1);
  if (last?.role === 'tool') return { ...thinking, said: ['The tool says: ', last.content] };
  const [tool] = (body['tools'] ?? []) as { function: { name: string; parameters: unknown } }[];
  if (!tool) return { ...thinking, said: pieces };
  const { name, parameters } = tool.function;
  return { ...thinking, said: [], toolCall: { name, arguments: argumentsFor(parameters, last?.content ?? '') } };
}

function listed(model: Model): unknown {
  return {
    name: model.name,
    model: model.name,
    modified_at: MODIFIED_AT,
    size: model.size,
    digest: model.digest,
    details: detailsOf(model),
  };
}

function openAiModel(model: Model): unknown {
  return { id: model.name, object: 'model', created: Math.floor(Date.parse(MODIFIED_AT) / 1000), owned_by: 'library' };
}

/** Ollama's own API says `{"error": text}`; the one that is like OpenAI's wraps it. */
function refuse(response: ServerResponse, status: number, message: string, openAi: boolean): void {
  const type = status === 404 ? 'not_found_error' : 'invalid_request_error';
  sendJson(response, status, { error: openAi ? { message, type, param: null, code: null } : message });
}

function contentType(stream: boolean): string {
  return stream ? 'application/x-ndjson' : 'application/json; charset=utf-8';
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
}
