import assert from 'node:assert/strict';
import { Ollama } from 'ollama';
import { type Spark, type SparkOptions, startSpark } from '../spark/spark.js';

const CHAT = { model: 'llama3.1:8b', messages: [{ role: 'user', content: 'Hello' }] };

let spark: Spark;

async function start(options: SparkOptions = {}): Promise<void> {
  spark = await startSpark(options);
}

describe('simulated Spark: Ollama', () => {
  afterEach(() => spark.close());

  it('lists and shows its models to the official client', async () => {
    await start();
    const ollama = new Ollama({ host: spark.ollamaUrl });
    const { models } = await ollama.list();
    assert.deepEqual(
      models.map(model => model.name),
      spark.ollama.installed,
    );
    const shown = await ollama.show({ model: 'llama3.1:8b' });
    assert.deepEqual(shown.capabilities, ['completion', 'tools']);
    await assert.rejects(ollama.show({ model: 'nothing' }), {
      message: "model 'nothing' not found",
      status_code: 404,
    });
  });

  it('streams a chat, and shows the model as loaded afterwards', async () => {
    await start({ chunks: 5 });
    const ollama = new Ollama({ host: spark.ollamaUrl });
    assert.deepEqual((await ollama.ps()).models, []);
    const parts = [];
    for await (const part of await ollama.chat({ ...CHAT, stream: true })) parts.push(part);
    assert.equal(parts.length, 6);
    assert.deepEqual(
      parts.map(part => part.done),
      [false, false, false, false, false, true],
    );
    assert.equal(parts[5]!.eval_count, 5);
    const whole = await ollama.chat({ ...CHAT, stream: false });
    assert.equal(whole.message.content, parts.map(part => part.message.content).join(''));
    assert.deepEqual(
      (await ollama.ps()).models.map(model => model.name),
      ['llama3.1:8b'],
    );
  });

  it('holds a stream until it is released, and notices when the reader goes away', async () => {
    await start({ chunks: 4 });
    spark.ollama.holdAfter(2);
    const ollama = new Ollama({ host: spark.ollamaUrl });
    const stream = await ollama.generate({ model: 'llama3.1:8b', prompt: 'Hello', stream: true });
    const reader = stream[Symbol.asyncIterator]();
    await reader.next();
    await reader.next();
    await spark.ollama.untilHeld();
    spark.ollama.release();
    assert.equal((await reader.next()).done, false);
    assert.equal(((await reader.next()).value as { done: boolean }).done, false);
    assert.equal(((await reader.next()).value as { done: boolean }).done, true);

    spark.ollama.holdAfter(1);
    const second = await ollama.generate({ model: 'llama3.1:8b', prompt: 'Hello', stream: true });
    await spark.ollama.untilHeld();
    second.abort();
    await spark.ollama.untilAborted();
    assert.equal(spark.ollama.streaming, 0);
  });

  it('pulls what is in the library, embeds and deletes', async () => {
    await start();
    const ollama = new Ollama({ host: spark.ollamaUrl });
    const states = [];
    for await (const state of await ollama.pull({ model: 'qwen3:0.6b', stream: true })) states.push(state);
    assert.equal(states[0]!.status, 'pulling manifest');
    assert.equal(states.at(-1)!.status, 'success');
    assert.ok(states.some(state => state.total > 0 && state.completed === state.total));
    assert.ok(spark.ollama.installed.includes('qwen3:0.6b'));
    await ollama.delete({ model: 'qwen3:0.6b' });
    assert.ok(!spark.ollama.installed.includes('qwen3:0.6b'));
    const { embeddings } = await ollama.embed({ model: 'nomic-embed-text', input: ['a', 'b'] });
    assert.deepEqual(
      embeddings.map(vector => vector.length),
      [768, 768],
    );
    const missing = await ollama.pull({ model: 'nothing', stream: true });
    await assert.rejects(async () => {
      for await (const state of missing) assert.equal(state.status, 'pulling manifest');
    }, /pull model manifest: file does not exist/);
  });

  it("answers in the form of OpenAI's API", async () => {
    await start({ chunks: 3 });
    const ask = (body: object): Promise<Response> =>
      fetch(`${spark.ollamaUrl}/v1/chat/completions`, { method: 'POST', body: JSON.stringify(body) });
    const streamed = await ask({ ...CHAT, stream: true });
    assert.equal(streamed.headers.get('content-type'), 'text/event-stream');
    const events = (await streamed.text()).split('\n\n').filter(event => event !== '');
    assert.equal(events.at(-1), 'data: [DONE]');
    const contents = events.slice(0, -1).map(event => {
      const chunk = JSON.parse(event.slice('data: '.length)) as { choices: { delta: { content: string } }[] };
      return chunk.choices[0]!.delta.content;
    });
    const whole = (await (await ask(CHAT)).json()) as { choices: { message: { content: string } }[] };
    assert.equal(whole.choices[0]!.message.content, contents.join(''));
    const missing = await ask({ ...CHAT, model: 'nothing' });
    assert.equal(missing.status, 404);
    assert.deepEqual(await missing.json(), {
      error: { message: "model 'nothing' not found", type: 'not_found_error', param: null, code: null },
    });
  });
});
