/**
 * A batch of prompts against an Ollama of fixed latency and so many slots, in the same process: how much of what the slots allow is used, and
 * whether memory stays flat; by a concurrency that is written in the file, and by what a chain without one finds out by itself. Exits with 1 below
 * 95 % or above 64 MiB of growth. `--inputs N` (1000), `--slots N` (4), `--latency MS` (50).
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { systemClock } from '../../src/engine/base/clock.js';
import { Emitter } from '../../src/engine/base/emitter.js';
import { nullLogger } from '../../src/engine/base/logger.js';
import { ChainService } from '../../src/engine/chains/chainService.js';

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000' },
    slots: { type: 'string', default: '4' },
    latency: { type: 'string', default: '50' },
  },
});
const INPUTS = Number(values.inputs);
const SLOTS = Number(values.slots);
const LATENCY_MS = Number(values.latency);
const STEPS = 3;
const ENOUGH = 0.95;
const MOST_GROWTH_MIB = 64;
const MODEL = 'llama3.1:8b';
const ANSWER = 'The Spark hums along and answers. '.repeat(30);

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Answers after a fixed time, so many requests at once; the others wait in order, as they do at Ollama. */
function startOllama(onAnswer: () => void) {
  const waiting: (() => void)[] = [];
  let free = SLOTS;
  const next = () => {
    while (free > 0 && waiting.length > 0) {
      free -= 1;
      waiting.shift()?.();
    }
  };
  const answer = (response: ServerResponse) => {
    const cameAt = performance.now();
    waiting.push(() => {
      setTimeout(() => {
        free += 1;
        const total_duration = Math.round((performance.now() - cameAt) * 1e6);
        response.end(`${JSON.stringify({ ...LAST, total_duration })}\n`);
        onAnswer();
        next();
      }, LATENCY_MS);
    });
    next();
  };
  return createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      if (request.url === '/api/tags') response.end(JSON.stringify({ models: [{ name: MODEL, model: MODEL }] }));
      else if (request.url === '/api/chat') answer(response);
      else response.end(JSON.stringify({ version: '0.12.6', model_info: {} }));
    });
  });
}

const LAST = {
  ...{ model: MODEL, created_at: '2026-03-14T08:26:53.589Z', message: { role: 'assistant', content: ANSWER } },
  ...{ done: true, done_reason: 'stop', load_duration: 0, prompt_eval_count: 30, eval_count: 180 },
  ...{ prompt_eval_duration: LATENCY_MS * 0.2e6, eval_duration: LATENCY_MS * 0.8e6 },
};

function heapMib(): number {
  collect();
  return process.memoryUsage().heapUsed / 1024 / 1024;
}

interface Measured {
  /** Of what the slots allow. */
  readonly share: number;
  readonly passed: number;
  readonly growthMib: number;
}

/** Runs the batch once. @param concurrency a line of the file, or none */
async function measure(concurrency: string[]): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-chains-'));
  const requests = INPUTS * STEPS;
  let answers = 0;
  let firstAt = 0;
  let lastAt = 0;
  let early = 0;
  const ollama = startOllama(() => {
    answers += 1;
    lastAt = performance.now();
    if (answers === 1) firstAt = lastAt - LATENCY_MS;
    // everything that is made once is there by then
    if (answers === Math.floor(requests / 10)) early = heapMib();
  });
  await new Promise<void>(resolve => ollama.listen(0, '127.0.0.1', resolve));
  const { port } = ollama.address() as AddressInfo;
  const path = join(folder, 'bench.chain.yaml');
  const steps = ['one: Write about {{input}}.', 'two: "Shorten: {{steps.one}}"', 'three: "Name: {{steps.two}}"'];
  writeFileSync(
    path,
    [
      ...[`model: "${MODEL}"`, `endpoint: http://127.0.0.1:${port}`, ...concurrency],
      `inputs: ${JSON.stringify(Array.from({ length: INPUTS }, (_, index) => `topic ${index}`))}`,
      'steps:',
      ...steps.map(step => `  - name: ${step.replace(': ', '\n    prompt: ')}`),
    ].join('\n'),
  );
  const changes = new Emitter<undefined>();
  const service = new ChainService({
    around: {
      snapshot: () => ({ connections: [], endpoint: { url: '', source: 'local', connectionId: null } }),
      onDidChange: changes.event,
      target: () => 'auto',
    },
    ...{ clock: systemClock, log: nullLogger },
  });
  const nobody = () => Promise.reject(new Error('Nothing is asked here.'));
  const params = { path, folder, mayAsk: false, how: 'restart', askFailedAgain: false } as const;
  const started = await service.start(params, nobody, new AbortController().signal);
  if (started.kind !== 'started') throw new Error('It did not start.');
  const { passed } = await service.wait(started.run.runId);
  const growth = heapMib() - early;
  await service.close();
  service.dispose();
  changes.dispose();
  ollama.close();
  ollama.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });

  const possible = (Math.ceil(requests / SLOTS) * LATENCY_MS) / 1000;
  const taken = (lastAt - firstAt) / 1000;
  console.log(`${passed} of ${INPUTS} rows passed, ${answers} answers in ${taken.toFixed(1)} s`);
  return { share: possible / taken, passed, growthMib: growth };
}

async function main(): Promise<void> {
  console.log(`${SLOTS} slots of ${LATENCY_MS} ms`);
  const ways: [string, string[]][] = [
    [`concurrency: ${SLOTS + 1}`, [`concurrency: ${SLOTS + 1}`]],
    ['found out by itself', []],
  ];
  for (const [name, lines] of ways) {
    const { share, passed, growthMib } = await measure(lines);
    const percent = `${(100 * share).toFixed(1)} % of what the slots allow`;
    console.log(`${name}: ${percent}, ${growthMib.toFixed(1)} MiB more at the end than after a tenth`);
    if (passed !== INPUTS || share < ENOUGH || growthMib > MOST_GROWTH_MIB) process.exitCode = 1;
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
