import assert from 'node:assert/strict';
import { createLogger } from '../../../src/engine/base/logger.js';
import { MetricsService } from '../../../src/engine/metrics/metricsService.js';
import type { MetricsRepository } from '../../../src/engine/store/types.js';
import { RECENT_SAMPLES, type Sample } from '../../../src/shared/metrics.js';
import { document, FakeSession, row, settled } from './fakeSession.js';
import { ManualClock } from './manualClock.js';

class FakeRepository implements MetricsRepository {
  readonly saved: Sample[] = [];
  readonly filled: Sample[] = [];
  full = false;

  save(sample: Sample): void {
    if (this.full) throw new Error('The disk is full.');
    this.saved.push(sample);
  }

  fill(samples: readonly Sample[]): number {
    if (this.full) throw new Error('The disk is full.');
    this.filled.push(...samples);
    return samples.length;
  }

  history() {
    return [];
  }

  series(): never {
    throw new Error('not asked here');
  }

  exportRows(): never {
    throw new Error('not asked here');
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

  it('adds what was recorded while nobody was connected, once a sample has told what GPUs there are', async () => {
    const recorded = {
      offsetMs: 0,
      usage: [
        {
          ...{ at: clock.now() - 60_000, memAvailableKiB: null, logBytes: null },
          gpus: [{ utilization: 77, memoryUsedMiB: null, temperature: 60, power: 40 }],
        },
      ],
    };
    service.addRecorded('c1', recorded);
    service.attach('c1', session);
    assert.equal(repository.filled.length, 0);
    await answer(5);
    assert.deepEqual(
      repository.filled.map(({ at, gpus: [first] }) => [at, first?.utilization]),
      [[recorded.usage[0]?.at, 77]],
    );
    service.addRecorded('c1', recorded);
    assert.equal(repository.filled.length, 2, 'at once where it is known');
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

  it('saves only GPUs that were read, and of a machine without any what it says of itself', async () => {
    service.attach('c1', session);
    await settled();
    const { channel } = session;
    await channel.say('a');
    await channel.say('a');
    await channel.system();
    assert.equal(heard[0]?.error?.code, 'nvidiaSmiMissing');
    for (let second = 0; second < 16; second += 2) {
      clock.advance(2000);
      await channel.say('a');
      await channel.system();
    }
    clock.advance(4000);
    await channel.block('xml', document(5));
    await channel.system(400, { looped: true });
    await channel.say(`g ${row(0, 2, 5)}`);
    await channel.say(
      'g 1, [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], [N/A], 2, [N/A], NVIDIA H100',
    );
    assert.equal(heard.at(-1)?.gpus.length, 2);
    assert.deepEqual(
      repository.saved.map(sample => sample.gpus.map(gpu => gpu.index)),
      [[], [0]],
    );
    assert.ok(repository.saved.every(sample => sample.system !== null));
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
    assert.match(session.channel.questions('loop').at(-1)!, /^loop 2 500 /);
    clock.advance(500);
    await answer(2, 500);
    await answer(3, 0);
    assert.deepEqual(
      repository.saved.map(sample => sample.gpus[0]?.utilization),
      [1, 3],
    );
  });

  describe('reads less often while nobody looks', () => {
    const paces = () => session.channel.questions('loop').map(line => Number(line.split(' ')[2]));
    /** So many milliseconds of a machine in order. */
    const pass = async (ms: number) => {
      for (let gone = 0; gone < ms; gone += 1000) {
        await session.channel.answer(1);
        clock.advance(1000);
      }
    };

    it('after a minute without a window that shows metrics', async () => {
      service.attach('c1', session);
      await settled();
      service.setWatched(true);
      await pass(200_000);
      service.setWatched(false);
      await pass(59_000);
      assert.deepEqual(new Set(paces()), new Set([2000]));
      await pass(1000);
      assert.equal(paces().at(-1), 10_000);
      service.setWatched(true);
      assert.equal(paces().at(-1), 2000);
    });

    it('and at full pace for a minute after somebody has asked', async () => {
      service.attach('c1', session);
      await settled();
      await pass(60_000);
      assert.equal(paces().at(-1), 10_000);
      service.latest('c1');
      assert.equal(paces().at(-1), 2000);
      await pass(30_000);
      service.recent('c1');
      await pass(59_000);
      assert.equal(paces().at(-1), 2000);
      await pass(1000);
      assert.equal(paces().at(-1), 10_000);
    });

    it('but never more often than the setting says', async () => {
      service.configure({ pollIntervalMs: 30_000, persistIntervalMs: 20_000 });
      service.attach('c1', session);
      await settled();
      await pass(60_000);
      assert.deepEqual(new Set(paces()), new Set([30_000]));
    });
  });

  it('finds the troubles of each machine', async () => {
    service.attach('c1', session);
    await settled();
    const { channel } = session;
    await channel.block('xml', document(96));
    for (let second = 0; second <= 32; second += 2) {
      await channel.system(400, { looped: true });
      await channel.say(
        'g 0, 96, [N/A], [N/A], 60, 22.10, [N/A], 611, [N/A], [N/A], P0, 1, 0x0000000000000000, NVIDIA GB10',
      );
      clock.advance(2000);
    }
    assert.deepEqual(heard[0]?.troubles, []);
    const [trouble] = heard.at(-1)!.troubles;
    assert.equal(trouble?.id, 'stuckLowPower');
    assert.equal(trouble.since, heard[0].at);
  });

  it('keeps what changes slowly, and reads it again when asked', async () => {
    service.attach('c1', session);
    await settled();
    assert.equal(service.details('c1'), null);
    await session.channel.block('xml', document(1));
    await session.channel.block('disks', '');
    assert.deepEqual(service.details('c1')?.gpus, [{ index: 0, ecc: null, mig: [] }]);
    service.refreshDetails('c1');
    assert.equal(session.channel.questions('xml').length, 2);
  });
});
