import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Ollama } from 'ollama';
import { OllamaClient } from '../../../src/engine/chains/ollama/client.js';
import { LinkLost, Refused } from '../../../src/engine/chains/ollama/errors.js';
import { Ollama as SimulatedOllama } from '../../spark/ollama/server.js';

function fixtureText(name: string): string {
  return readFileSync(join('test', 'fixtures', 'ollama', name), 'utf8');
}

/** Serves a recorded answer to every request while `work` runs. */
async function serving<T>(fixture: string, work: (base: string) => Promise<T>, status = 200): Promise<T> {
  return await servingText(fixtureText(fixture), work, status);
}

async function servingText<T>(body: string, work: (base: string) => Promise<T>, status = 200): Promise<T> {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(status, { 'content-type': 'application/x-ndjson' }).end(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

const MESSAGES = [{ role: 'user' as const, content: 'why is the sky blue?' }];

describe('answers of Ollama as its documentation gives them', () => {
  for (const [fixture, text] of [
    ['chat-stream.ndjson', 'The'],
    ['chat-structured.ndjson', '{"age": 22, "available": false}'],
  ] as const)
    it(`are read as the official client reads them: ${fixture}`, async () => {
      const [ours, theirs] = await serving(fixture, async base => {
        const { signal } = new AbortController();
        const answer = await new OllamaClient(base).chat({ model: 'm', messages: MESSAGES }, () => undefined, signal);
        let written = '';
        let last: { prompt_eval_count: number; eval_count: number; eval_duration: number } | undefined;
        for await (const part of await new Ollama({ host: base }).chat({
          ...{ model: 'm', messages: MESSAGES },
          stream: true,
        })) {
          // the last frame of a stream needs no message, whatever the type says
          written += (part.message as { content: string } | undefined)?.content ?? '';
          last = part;
        }
        return [answer, { written, last }] as const;
      });
      assert.equal(ours.text, text);
      assert.equal(ours.text, theirs.written);
      assert.ok(theirs.last);
      assert.equal(ours.promptTokens, theirs.last.prompt_eval_count);
      assert.equal(ours.tokens, theirs.last.eval_count);
      assert.equal(ours.tokensPerSecond, theirs.last.eval_count / (theirs.last.eval_duration / 1e9));
      assert.ok(ours.queued !== null && ours.queued < 0.01, 'nothing waited there');
    });

  const { signal } = new AbortController();

  it('tell how long they waited, unless the model was loaded for them', async () => {
    const queuedOf = async (times: object) =>
      await servingText(
        JSON.stringify({ ...(JSON.parse(fixtureText('chat-structured.ndjson')) as object), ...times }),
        async base => {
          const { queued } = await new OllamaClient(base).chat(
            { model: 'm', messages: MESSAGES },
            () => undefined,
            signal,
          );
          return queued;
        },
      );
    const read = { prompt_eval_duration: 100, eval_duration: 400 };
    assert.equal(await queuedOf({ ...read, total_duration: 1050, load_duration: 50 }), 0.5);
    assert.equal(await queuedOf({ ...read, total_duration: 550, load_duration: 50 }), 0);
    assert.equal(await queuedOf({ ...read, total_duration: 3000, load_duration: 2000 }), null);
    assert.equal(await queuedOf({ ...read, total_duration: undefined, load_duration: undefined }), null);
  });

  it('are embeddings, of one text or of several', async () => {
    const one = await serving('embed.json', async base => {
      const theirs = await new Ollama({ host: base }).embed({ model: 'm', input: 'a' });
      const ours = await new OllamaClient(base).embed('m', ['a'], signal);
      assert.deepEqual(ours, theirs.embeddings);
      return ours;
    });
    assert.deepEqual(
      one.map(vector => vector.length),
      [10],
    );
    await serving('embed-several.json', async base => {
      const client = new OllamaClient(base);
      assert.equal((await client.embed('m', ['a', 'b'], signal)).length, 2);
      await assert.rejects(client.embed('m', ['a'], signal), /another number of embeddings/);
    });
  });

  it('are lists of models, and what one of them is', async () => {
    const models = await serving('tags.json', async base => await new OllamaClient(base).models(signal));
    assert.deepEqual(models, ['codellama:13b', 'llama3:latest']);
    const facts = await serving('show.json', async base => await new OllamaClient(base).show('m', signal));
    assert.deepEqual(facts, { contextLength: 8192, capabilities: undefined });
  });

  it('are the stages of a pull', async () => {
    const stages: string[] = [];
    await serving('pull.ndjson', async base => {
      await new OllamaClient(base).pull(
        'm',
        ({ status, completed, total }) => stages.push(`${status} ${completed}/${total}`),
        signal,
      );
    });
    assert.deepEqual(stages, [
      'pulling manifest null/null',
      'downloading digestname 241970/2142590208',
      ...['verifying sha256 digest', 'writing manifest', 'removing any unused layers'].map(
        status => `${status} null/null`,
      ),
    ]);
  });

  for (const status of [400, 404, 429, 500])
    it(`are errors with the reason, and the status ${status}`, async () => {
      const asked = serving(
        'error.json',
        async base => await new OllamaClient(base).chat({ model: 'm', messages: MESSAGES }, () => undefined, signal),
        status,
      );
      await assert.rejects(asked, (error: unknown) => {
        assert.ok(error instanceof Refused);
        assert.equal(error.message, 'the model failed to generate a response');
        assert.equal(error.status, status);
        assert.equal(error.isBusy, status === 429);
        return true;
      });
    });

  it('do not come where nothing listens, and that is said in plain words', async () => {
    const closed = await serving('tags.json', async base => await Promise.resolve(base));
    await assert.rejects(new OllamaClient(closed).models(signal), (error: unknown) => {
      assert.ok(error instanceof LinkLost);
      assert.equal(error.message, 'nothing listens at that port');
      return true;
    });
  });

  it('are errors in the middle of an answer', async () => {
    const asked = serving(
      'error-in-stream.ndjson',
      async base => await new OllamaClient(base).chat({ model: 'm', messages: MESSAGES }, () => undefined, signal),
    );
    await assert.rejects(asked, (error: unknown) => {
      assert.ok(error instanceof Refused);
      assert.equal(error.message, 'an error was encountered while running the model');
      return true;
    });
  });
});

/** Paths of all fields of an answer, with the kinds of their values; of a list those of its first. */
function fieldsOf(value: unknown, path = ''): string[] {
  if (value === null || typeof value !== 'object') return [`${path}: ${value === null ? 'null' : typeof value}`];
  if (Array.isArray(value)) return value.length === 0 ? [`${path}[]`] : fieldsOf(value[0], `${path}[]`);
  return Object.entries(value).flatMap(([name, field]) => fieldsOf(field, `${path}.${name}`));
}

describe('the Ollama of the simulated Spark', () => {
  let ollama: SimulatedOllama;
  before(async () => {
    ollama = new SimulatedOllama(2);
    await ollama.listen(0);
  });
  after(async () => {
    await ollama.close();
  });

  /** Fields that the documentation gives and the simulated answer does not have. */
  async function lackingOf(fixture: string, path: string, body?: unknown): Promise<string[]> {
    const response = await fetch(`http://127.0.0.1:${ollama.port}${path}`, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    const read = (text: string) =>
      text
        .trim()
        .split('\n')
        .map(line => JSON.parse(line) as unknown);
    const has = new Set(read(await response.text()).flatMap(answer => fieldsOf(answer)));
    return [...new Set(read(fixtureText(fixture)).flatMap(answer => fieldsOf(answer)))].filter(
      field => !has.has(field),
    );
  }

  it('answers with the fields that the documentation gives', async () => {
    const chat = { model: 'llama3.1:8b', messages: MESSAGES };
    // an empty list of pictures is left out by now
    assert.deepEqual(await lackingOf('chat-stream.ndjson', '/api/chat', chat), ['.message.images: null']);
    assert.deepEqual(await lackingOf('chat-structured.ndjson', '/api/chat', { ...chat, stream: false }), []);
    const embed = { model: 'nomic-embed-text', input: ['a', 'b'] };
    assert.deepEqual(await lackingOf('embed.json', '/api/embed', embed), []);
    assert.deepEqual(await lackingOf('embed-several.json', '/api/embed', embed), []);
    // a list there today
    assert.deepEqual(await lackingOf('tags.json', '/api/tags'), ['.models[].details.families: null']);
    assert.deepEqual(await lackingOf('pull.ndjson', '/api/pull', { model: 'qwen3:0.6b' }), []);
    assert.deepEqual(await lackingOf('error.json', '/api/chat', { ...chat, model: 'none' }), []);
    const lacking = await lackingOf('show.json', '/api/show', { model: 'llama3.1:8b' });
    assert.deepEqual(
      lacking.filter(field => !/tokenizer|rope|rms_epsilon|vocab_size|feed_forward/.test(field)),
      [],
    );
  });
});
