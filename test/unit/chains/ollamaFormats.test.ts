import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Ollama } from 'ollama';
import { OllamaClient } from '../../../src/engine/chains/ollama/client.js';

/** Serves a recorded answer to every request while `work` runs. */
async function serving<T>(fixture: string, work: (base: string) => Promise<T>): Promise<T> {
  const body = readFileSync(join('test', 'fixtures', 'ollama', fixture));
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/x-ndjson' }).end(body));
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
});
