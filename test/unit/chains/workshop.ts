import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/engine/base/clock.js';
import { Emitter } from '../../../src/engine/base/emitter.js';
import { nullLogger } from '../../../src/engine/base/logger.js';
import { ChainService } from '../../../src/engine/chains/chainService.js';
import type { RunSummary } from '../../../src/shared/chains.js';

export interface Asked {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly format?: unknown;
}

/** What an Ollama says when a test decides it: the frames are Ollama's own, the words are the test's. */
export interface Script {
  chat?(asked: Asked): string;
  embed?(text: string): number[];
  readonly contextLength?: number;
}

/** A folder with chains, a service that runs them, and an Ollama that follows a script. */
export class Workshop {
  script: Script = {};
  readonly chats: Asked[] = [];
  readonly embedded: string[] = [];
  private readonly changes = new Emitter<undefined>();
  private readonly service = newService(this.changes);

  private constructor(
    readonly folder: string,
    private readonly server: Server,
  ) {}

  static async open(): Promise<Workshop> {
    const server = createServer();
    const workshop = new Workshop(mkdtempSync(join(tmpdir(), 'dgxs-workshop-')), server);
    server.on('request', (request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const text = Buffer.concat(pieces).toString('utf8');
        response.end(workshop.answer(request.url ?? '', JSON.parse(text === '' ? '{}' : text) as Asked));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return workshop;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Writes a chain for this Ollama; answers its path. */
  write(name: string, text: string): string {
    const path = join(this.folder, `${name}.chain.yaml`);
    writeFileSync(path, `model: writer\nendpoint: ${this.endpoint}\nconcurrency: 1\n${text}`);
    return path;
  }

  /** Runs a chain to its end. */
  async run(path: string): Promise<RunSummary> {
    const params = { path, folder: this.folder, mayAsk: false, how: 'restart', askFailedAgain: false } as const;
    const started = await this.service.start(params, nobody, new AbortController().signal);
    if (started.kind !== 'started') throw new Error(`It did not start: ${started.kind}.`);
    return await this.service.wait(started.run.runId);
  }

  async rows(path: string, runId: string) {
    return (await this.service.rows({ path, runId, from: 0, count: 200 })).rows;
  }

  async cell(path: string, runId: string, row: number, step: string) {
    return await this.service.cell({ path, runId, row, step });
  }

  /** What is exported of a run. */
  async csv(path: string, runId: string): Promise<string> {
    const file = join(this.folder, 'exported.csv');
    await this.service.export({ path, runId, file });
    return readFileSync(file, 'utf8');
  }

  async close(): Promise<void> {
    await this.service.close();
    this.service.dispose();
    this.changes.dispose();
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
    rmSync(this.folder, { recursive: true, force: true });
  }

  private answer(url: string, body: Asked): string {
    const { script } = this;
    switch (url) {
      case '/api/tags':
        return JSON.stringify({
          models: ['writer:latest', 'judge:latest', 'embedder:latest'].map(name => ({ name, model: name })),
        });
      case '/api/show':
        return JSON.stringify({
          model_info: { 'general.architecture': 'llama', 'llama.context_length': script.contextLength ?? 8192 },
        });
      case '/api/embed': {
        const { input } = body as unknown as { input: string[] };
        this.embedded.push(...input);
        return JSON.stringify({ model: body.model, embeddings: input.map(text => script.embed?.(text) ?? [1]) });
      }
      case '/api/chat': {
        this.chats.push(body);
        const content = script.chat?.(body) ?? 'An answer.';
        const frame = { model: body.model, created_at: '2026-03-14T08:26:53.589Z' };
        const last = {
          done: true,
          done_reason: 'stop',
          prompt_eval_count: 10,
          eval_count: 5,
          eval_duration: 1_000_000,
        };
        return [
          { ...frame, message: { role: 'assistant', content }, done: false },
          { ...frame, message: { role: 'assistant', content: '' }, ...last },
        ]
          .map(line => `${JSON.stringify(line)}\n`)
          .join('');
      }
      default:
        return JSON.stringify({ version: '0.12.6' });
    }
  }
}

/** A service on a machine without connections. */
export function newService(changes: Emitter<undefined>): ChainService {
  return new ChainService({
    around: {
      snapshot: () => ({
        connections: [],
        endpoint: { url: 'http://localhost:1', source: 'local', connectionId: null },
      }),
      onDidChange: changes.event,
      target: () => 'auto',
    },
    ...{ clock: systemClock, log: nullLogger },
  });
}

/** Nobody is there to be asked anything. */
export async function nobody(): Promise<never> {
  return await Promise.reject(new Error('Nobody is there to be asked.'));
}
