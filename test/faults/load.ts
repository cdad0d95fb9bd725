import { Agent, type ClientRequest, type IncomingMessage, request as send } from 'node:http';
import type { Socket } from 'node:net';
import { embedding, words } from '../spark/ollama/completions.js';
import type { Ledger, RequestKind } from './ledger.js';

/** Milliseconds between the beginnings of two requests of a kind, however those before fare. */
const EVERY_MS: Record<RequestKind, number> = { fresh: 150, kept: 200, stream: 1000 };

const CHAT_MODEL = 'llama3.1:8b';
const EMBEDDING_MODEL = 'nomic-embed-text';

/** What is asked of the Spark, and how an answer is checked: it says what is wrong with it. */
interface Question {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: object;
  readonly check: (answer: string) => string | undefined;
}

export interface LoadOptions {
  readonly port: number;
  readonly ledger: Ledger;
  readonly version: string;
  /** Pieces in a streamed answer. */
  readonly chunks: number;
  readonly embeddingLength: number;
}

/** A steady load of requests to the local end of the tunnel. */
export class Load {
  readonly #agents: Record<'fresh' | 'kept', Agent> = {
    fresh: new Agent({ keepAlive: false }),
    kept: new Agent({ keepAlive: true, maxFreeSockets: 4 }),
  };
  /** Sockets whose other end has said that it is through. */
  readonly #ended = new WeakSet<Socket>();
  readonly #known = new WeakSet<Socket>();
  readonly #timers: NodeJS.Timeout[] = [];
  #count = 0;

  constructor(private readonly options: LoadOptions) {}

  start(): void {
    const { ledger } = this.options;
    this.#timers.push(setInterval(() => this.#ask('fresh', this.#small()), EVERY_MS.fresh));
    this.#timers.push(setInterval(() => this.#ask('kept', this.#small()), EVERY_MS.kept));
    this.#timers.push(setInterval(() => this.#ask('stream', this.#chat()), EVERY_MS.stream));
    this.#timers.push(setInterval(() => ledger.look(), 500));
  }

  /** Begins nothing any more, and waits until what is under way has come to an end, good or bad. */
  async stop(): Promise<void> {
    for (const timer of this.#timers.slice(0, -1)) clearInterval(timer);
    while (this.options.ledger.open > 0) await new Promise(resolve => setTimeout(resolve, 100));
    for (const timer of this.#timers) clearInterval(timer);
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  #small(): Question {
    this.#count += 1;
    if (this.#count % 3 === 0) return this.#embed();
    const { version } = this.options;
    return {
      method: 'GET',
      path: '/api/version',
      check: answer => (answer === JSON.stringify({ version }) ? undefined : answer.slice(0, 100)),
    };
  }

  /** Its answer follows from what was asked, so an answer to another request is seen to be one. */
  #embed(): Question {
    const { embeddingLength } = this.options;
    const text = `request ${this.#count}`;
    return {
      method: 'POST',
      path: '/api/embed',
      body: { model: EMBEDDING_MODEL, input: text },
      check: answer => {
        const { embeddings } = JSON.parse(answer) as { embeddings?: unknown };
        const right = JSON.stringify(embeddings) === JSON.stringify([embedding(text, embeddingLength)]);
        return right ? undefined : `another vector than that of "${text}"`;
      },
    };
  }

  #chat(): Question {
    const expected = words(this.options.chunks).join('');
    return {
      method: 'POST',
      path: '/api/chat',
      body: { model: CHAT_MODEL, messages: [{ role: 'user', content: 'Go on.' }] },
      check: answer => {
        const lines = answer.trim().split('\n');
        const pieces = lines.map(line => JSON.parse(line) as { message: { content: string }; done: boolean });
        const said = pieces.map(({ message }) => message.content).join('');
        if (pieces.at(-1)?.done !== true) return `it ends after ${lines.length} pieces`;
        return said === expected ? undefined : said;
      },
    };
  }

  #ask(kind: RequestKind, { method, path, body, check }: Question): void {
    const { ledger, port } = this.options;
    const entry = ledger.begin(kind, () => request.destroy());
    const request: ClientRequest = send({
      ...{ host: '127.0.0.1', port, method, path },
      agent: kind === 'kept' ? this.#agents.kept : this.#agents.fresh,
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
    });
    const broke = (error: Error) => {
      const { socket } = request;
      ledger.broke(entry, error, socket !== null && this.#ended.has(socket));
    };
    request.on('socket', socket => {
      if (this.#known.has(socket)) return;
      this.#known.add(socket);
      socket.once('end', () => this.#ended.add(socket));
    });
    request.on('error', broke);
    request.on('response', (response: IncomingMessage) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', broke);
      response.on('end', () => {
        if (!response.complete) return;
        const answer = Buffer.concat(pieces).toString('utf8');
        const fault = response.statusCode === 200 ? complaint(check, answer) : `status ${response.statusCode}`;
        if (fault === undefined) ledger.completed(entry);
        else ledger.wrong(entry, fault);
      });
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
  }
}

function complaint(check: Question['check'], answer: string): string | undefined {
  try {
    return check(answer);
  } catch {
    return `not JSON: ${answer.slice(0, 100)}`;
  }
}
