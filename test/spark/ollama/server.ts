import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { readBody, sendJson, sendText, StreamPlan } from './answers.js';
import { embedding, nativeAnswer, openAiAnswer, pullProgress, words } from './completions.js';
import { detailsOf, IN_LIBRARY, INSTALLED, type Model, sameModel, showModel } from './models.js';

export const OLLAMA_VERSION = '0.12.6';
const MODIFIED_AT = '2026-03-14T09:26:53.589793238+01:00';
const KEEP_ALIVE_MS = 5 * 60_000;

type Body = Record<string, unknown>;

/** The API of Ollama, on loopback. What `StreamPlan` has is here too: `chunks`, `holdAfter`, `untilHeld`, `release`, ... */
export class Ollama extends StreamPlan {
  /** Requests since the start, as `POST /api/chat`. */
  readonly requests: string[] = [];
  readonly #server: Server;
  #installed: Model[] = [...INSTALLED];
  readonly #loaded = new Map<string, Date>();

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

  /** Rejects when the port is taken. */
  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** Ends every answer that is being streamed. */
  async close(): Promise<void> {
    this.release();
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
    if (!model.capabilities.includes('completion')) {
      const verb = route === 'POST /api/generate' ? 'generate' : 'chat';
      refuse(response, 400, `"${name}" does not support ${verb}`, openAi);
      return;
    }
    const kind = route === 'POST /api/generate' ? 'generate' : 'chat';
    if (!openAi && isEmpty(kind === 'chat' ? body['messages'] : body['prompt'])) {
      this.#load(kind, model, body, response);
      return;
    }
    this.#loaded.set(model.name, new Date(Date.now() + KEEP_ALIVE_MS));
    const pieces = words(this.chunks);
    if (openAi) {
      const stream = body['stream'] === true;
      const usage = (body['stream_options'] as Body | undefined)?.['include_usage'] === true;
      const answer = openAiAnswer(name, pieces, { stream, usage });
      await this.stream(response, answer, stream ? 'text/event-stream' : 'application/json');
      return;
    }
    const stream = body['stream'] !== false;
    await this.stream(response, nativeAnswer(kind, name, pieces, stream), contentType(stream));
  }

  /** A request without a prompt only loads the model, or unloads it with `keep_alive: 0`. */
  #load(kind: 'chat' | 'generate', model: Model, body: Body, response: ServerResponse): void {
    const unload = body['keep_alive'] === 0 || body['keep_alive'] === '0';
    if (unload) this.#loaded.delete(model.name);
    else this.#loaded.set(model.name, new Date(Date.now() + KEEP_ALIVE_MS));
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
    const whole = await this.stream(response, pullProgress(model, this.chunks, stream), contentType(stream));
    if (whole && !this.#installed.includes(model)) this.#installed.push(model);
  }

  #embed(model: Model, name: string, body: Body, response: ServerResponse): void {
    const { input } = body;
    const texts = Array.isArray(input) ? input.map(String) : [String(input)];
    this.#loaded.set(model.name, new Date(Date.now() + KEEP_ALIVE_MS));
    sendJson(response, 200, {
      model: name,
      embeddings: texts.map(text => embedding(text, model.embeddingLength)),
      total_duration: 14_143_917,
      load_duration: 1_019_500,
      prompt_eval_count: texts.join(' ').split(/\s+/).length,
    });
  }

  #running(): unknown[] {
    return this.#installed
      .filter(model => this.#loaded.has(model.name))
      .map(model => ({
        name: model.name,
        model: model.name,
        size: Math.round(model.size * 1.1),
        digest: model.digest,
        details: detailsOf(model),
        expires_at: this.#loaded.get(model.name)!.toISOString(),
        size_vram: Math.round(model.size * 1.1),
        context_length: 4096,
      }));
  }
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
