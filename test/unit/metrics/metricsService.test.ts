import assert from 'node:assert/strict';
import { createLogger } from '../../../src/engine/base/logger.js';
import { MetricsService } from '../../../src/engine/metrics/metricsService.js';
import type { MetricsRepository } from '../../../src/engine/store/types.js';
import { RECENT_SAMPLES, type Sample } from '../../../src/shared/metrics.js';
import { document, FakeSession, settled } from './fakeSession.js';
import { ManualClock } from './manualClock.js';

class FakeRepository implements MetricsRepository {
  readonly saved: Sample[] = [];
  full = false;

  save(sample: Sample): void {
    if (this.full) throw new Error('The disk is full.');
    this.saved.push(sample);
  }

  history(connectionId: string, hours: number) {
    const row = { gpuIndex: 0, utilization: hours, memoryUsedMb: null, memoryTotalMb: null, temperatureC: null };
    return [{ connectionId, at: 1, powerW: null, ...row }];
  }

  cleanUp(days: number): number {
    return days;
  }
}

describe('the metrics service', () => {
  let repository: FakeRepository;
  let clock: ManualClock;
  let session: FakeSession;
  let service: MetricsService;
  let heard: Sample[];
  let log: string[];

  beforeEach(() => {
    repository = new FakeRepository();
    clock = new ManualClock();
    session = new FakeSession();
    heard = [];
    log = [];
    service = new MetricsService({
      repository,
      clock,
      log: createLogger((_level, _scope, message) => log.push(message)),
    });
    service.onDidSample(sample => heard.push(sample));
  });

  afterEach(() => {
    service.dispose();
    assert.equal(clock.pending, 0, 'no timer is left');
  });

  /** Answers what was asked and goes on to the next question. */
  async function answer(utilization: number | string, ms = 2000): Promise<void> {
    await settled();
    await session.channel.answer(utilization);
    clock.advance(ms);
  }

  it('tells of every sample, and knows the last one and the last two minutes', async () => {
    service.attach('c1', session);
    assert.equal(service.latest('c1'), null);
    for (let i = 0; i <= RECENT_SAMPLES + 5; i++) await answer(i);
    assert.equal(heard.length, RECENT_SAMPLES + 6);
    assert.equal(service.latest('c1'), heard.at(-1));
    assert.deepEqual(service.recent('c1'), heard.slice(-RECENT_SAMPLES));
    assert.deepEqual(service.recent('c2'), []);
  });

  it('saves the first sample and then one every 20 s', async () => {
    service.attach('c1', session);
    for (let i = 0; i <= 20; i++) await answer(i);
    assert.deepEqual(
      repository.saved.map(sample => sample.gpus[0]?.utilization),
      [0, 10, 20],
    );
  });

  it('saves no more often over a link that is lost again and again', async () => {
    for (let i = 0; i < 5; i++) {
      const attached = service.attach('c1', session);
      await answer(i);
      attached.dispose();
    }
    assert.equal(repository.saved.length, 1);
  });

  it('goes on saving after the clock was set back', async () => {
    service.attach('c1', session);
    await answer(1);
    clock.setBack(3_600_000);
    await answer(2);
    assert.equal(repository.saved.length, 2);
  });

  it('saves only GPUs that were read, and nothing for a machine without any', async () => {
    service.attach('c1', session);
    await settled();
    await session.channel.memory();
    await session.channel.say('n');
    clock.advance(2000);
    await settled();
    await session.channel.memory();
    const blank = '<gpu><product_name>NVIDIA H100</product_name></gpu>';
    await session.channel.output(document(5).replace('</nvidia_smi_log>', `${blank}</nvidia_smi_log>`));
    assert.equal(heard.length, 2);
    assert.deepEqual(
      repository.saved.map(sample => sample.gpus.map(gpu => gpu.index)),
      [[0]],
    );
    assert.equal(heard[1]?.gpus.length, 2);
  });

  it('goes on when a row cannot be saved, and says so', async () => {
    repository.full = true;
    service.attach('c1', session);
    await answer(1);
    assert.equal(heard.length, 1);
    assert.match(log.join(), /could not be saved: The disk is full\./);
  });

  it('knows nothing latest after a disconnect, but keeps the last two minutes until it is told to forget', async () => {
    const attached = service.attach('c1', session);
    await answer(1);
    attached.dispose();
    attached.dispose();
    assert.equal(service.latest('c1'), null);
    assert.equal(service.recent('c1').length, 1);
    assert.ok(session.channel.disposed);
    service.forget('c1');
    assert.deepEqual(service.recent('c1'), []);
  });

  it('replaces what was attached before, and the old end does not end the new one', async () => {
    const old = service.attach('c1', session);
    await answer(1);
    const [oldChannel] = session.channels;
    const next = new FakeSession();
    service.attach('c1', next);
    assert.ok(oldChannel?.disposed);
    await settled();
    old.dispose();
    await next.channel.answer(2);
    assert.equal(service.latest('c1')?.gpus[0]?.utilization, 2);
  });

  it('follows new settings at once', async () => {
    service.attach('c1', session);
    await answer(1, 0);
    service.configure({ pollIntervalMs: 500, persistIntervalMs: 1000 });
    clock.advance(500);
    assert.equal(session.channel.asked.length, 2);
    await answer(2, 500);
    await answer(3, 0);
    assert.deepEqual(
      repository.saved.map(sample => sample.gpus[0]?.utilization),
      [1, 3],
    );
  });

  it('hands history and cleaning up to the repository', () => {
    assert.equal(service.history('c1', 24)[0]?.utilization, 24);
    assert.equal(service.cleanUp(7), 7);
  });
});
