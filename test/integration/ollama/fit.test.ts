import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Sample } from '../../../src/shared/metrics.js';
import { OllamaService } from '../../../src/engine/ollama/ollamaService.js';
import type { SshSession } from '../../../src/engine/ssh/types.js';
import { Ollama } from '../../spark/ollama/server.js';
import { ManualClock } from '../../unit/metrics/manualClock.js';
import { gpuSample, sampleOf } from '../../unit/vscode/samples.js';

const TOTAL_MB = 122_570;

describe('whether the models of a machine fit into its memory', () => {
  let ollama: Ollama;
  let service: OllamaService;
  let clock: ManualClock;
  let sample: Sample | null;
  let changes: string[];

  beforeEach(async () => {
    ollama = new Ollama();
    await ollama.listen(0);
    clock = new ManualClock();
    sample = null;
    changes = [];
    const forward = async () => {
      const socket = connect(ollama.port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    };
    service = new OllamaService({
      place: () => ({ name: 'spark-1', host: '127.0.0.1', port: ollama.port }),
      session: () => ({ forward }) as unknown as SshSession,
      forward,
      used: () => undefined,
      sample: () => sample,
      run: () => Promise.reject(new Error('Nothing is run here.')),
      clock,
    });
    service.onDidChange(connectionId => changes.push(connectionId));
  });
  afterEach(async () => {
    service.dispose();
    await ollama.close();
  });

  /** The machine says that so much of its memory is in use. */
  const used = (usedMb: number) => {
    const pool = { usedMb, totalMb: TOTAL_MB };
    const unknown = { availableMb: null, freeMb: null, cacheMb: null, swapTotalMb: null, swapUsedMb: null };
    const gpu = gpuSample({ memory: { kind: 'unified', ...pool } });
    sample = sampleOf([gpu], { memory: { ...pool, ...unknown } });
    service.take(sample);
  };
  const fitOf = async (model: string) => (await service.models('c1')).installed.find(({ name }) => name === model)?.fit;

  it('is told anew as soon as the memory is known, and when it has changed, but not all the time', async () => {
    assert.equal(await fitOf('gpt-oss:120b'), 'unknown');
    used(10_000);
    assert.deepEqual(changes, ['c1']);
    assert.equal(await fitOf('gpt-oss:120b'), 'yes');
    assert.equal(await fitOf('qwen3:235b'), 'no');
    used(12_000);
    used(110_000);
    assert.deepEqual(changes, ['c1']);
    clock.advance(5_000);
    used(11_000);
    assert.deepEqual(changes, ['c1']);
    used(110_000);
    assert.deepEqual(changes, ['c1', 'c1']);
    assert.equal(await fitOf('gpt-oss:120b'), 'no');
  });
});
