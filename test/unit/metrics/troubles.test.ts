import assert from 'node:assert/strict';
import { TROUBLE_RULES } from '../../../src/engine/metrics/troubleRules.js';
import { TroubleWatch } from '../../../src/engine/metrics/troubleWatch.js';
import { type GpuSample, type Sample, TROUBLE_IDS } from '../../../src/shared/metrics.js';
import { gb10, sampleAt, systemMemory, systemSample } from './readings.js';

const START = Date.UTC(2026, 3, 30, 16);

/** Percent, watts, MHz, degrees: a series of a GB10, a sample every two seconds, in the numbers of the reports. */
type Row = readonly [utilization: number, watts: number, megahertz: number, celsius: number];

function gpuSeries(rows: readonly Row[], more: Partial<GpuSample> = {}): Sample[] {
  return rows.map(([utilization, powerW, smClockMhz, temperatureC], index) =>
    sampleAt(START + index * 2000, { gpus: [gb10({ utilization, powerW, smClockMhz, temperatureC, ...more })] }),
  );
}

/** GiB available, percent of pressure over 10 and 60 seconds. */
function memorySeries(rows: readonly (readonly [available: number, some10: number, some60: number])[]): Sample[] {
  return rows.map(([available, some10, some60], index) => {
    const availableMb = Math.round(available * 1024);
    return sampleAt(START + index * 2000, {
      memory: systemMemory({ availableMb, usedMb: 124_610 - availableMb, freeMb: 900, cacheMb: 3000 }),
      system: systemSample({ pressure: { cpu: null, io: null, memory: { some10, some60, full10: some10 / 2 } } }),
    });
  });
}

/** The troubles at the end of a series. */
function found(series: readonly Sample[]): string[] {
  const watch = new TroubleWatch();
  let last: string[] = [];
  for (const sample of series) last = watch.look(sample).map(({ id }) => id);
  return last;
}

const repeated = <T>(row: T, count: number): T[] => Array.from({ length: count }, () => row);

describe('the rules of the known troubles', () => {
  it('are one for each trouble, each with its source', () => {
    assert.deepEqual(TROUBLE_RULES.map(({ id }) => id).sort(), [...TROUBLE_IDS].sort());
    for (const rule of TROUBLE_RULES) assert.ok(rule.source.length > 20, rule.id);
  });

  describe('stuck in a low-power state', () => {
    // 96 % busy, 15-30 W, 500-850 MHz
    const stuck: Row[] = [
      [96, 22.1, 611, 51],
      [96, 18.4, 507, 51],
      [95, 29.6, 843, 52],
      [97, 15.2, 520, 52],
    ];
    it('is a GPU that is busy at 15 to 30 W and 500 to 850 MHz for half a minute', () => {
      const series = gpuSeries([...stuck, ...stuck, ...stuck, ...stuck]);
      assert.deepEqual(found(series), ['stuckLowPower']);
      assert.deepEqual(found(series.slice(0, 15)), []);
    });
    it('is not one that the driver says it holds back, nor one of which it does not say', () => {
      const rows = repeated<Row>([96, 22, 611, 92], 40);
      assert.deepEqual(found(gpuSeries(rows, { throttle: ['swThermal'] })), ['thermalThrottling']);
      assert.deepEqual(found(gpuSeries(rows, { throttle: ['swPowerCap'] })), []);
      assert.deepEqual(found(gpuSeries(rows, { throttle: null })), []);
    });
    it('is not a GPU that is idle, healthy, or no GB10', () => {
      assert.deepEqual(found(gpuSeries(repeated<Row>([0, 4.2, 208, 36], 40))), []);
      assert.deepEqual(found(gpuSeries(repeated<Row>([96, 91, 2411, 68], 40))), []);
      // a program that waits for others shows as busy at little power, at full clocks
      assert.deepEqual(found(gpuSeries(repeated<Row>([96, 21, 2405, 55], 40))), []);
      assert.deepEqual(found(gpuSeries(repeated<Row>([96, 22, 611, 51], 40), { name: 'NVIDIA T400' })), []);
    });
    it('is not concluded from what is not reported', () => {
      const rows = repeated<Row>([96, 22, 611, 51], 40);
      for (const unknown of ['utilization', 'powerW', 'smClockMhz'] as const)
        assert.deepEqual(
          found(gpuSeries(rows, { [unknown]: null })).filter(id => id === 'stuckLowPower'),
          [],
          unknown,
        );
    });
  });

  it('slow under load is a GB10 below 1400 MHz at more power', () => {
    assert.deepEqual(found(gpuSeries(repeated<Row>([97, 41, 1190, 60], 40))), ['slowUnderLoad']);
    assert.deepEqual(found(gpuSeries(repeated<Row>([97, 70, 2000, 60], 40))), []);
  });

  it('thermal throttling is what the driver calls so', () => {
    const rows = repeated<Row>([98, 80, 1900, 94], 10);
    for (const reason of ['swThermal', 'hwThermal'] as const)
      assert.deepEqual(found(gpuSeries(rows, { throttle: [reason] })), ['thermalThrottling']);
    assert.deepEqual(found(gpuSeries(rows)), []);
    const watch = new TroubleWatch();
    const [trouble] = gpuSeries(rows, { throttle: ['hwThermal', 'hwSlowdown'] })
      .map(sample => watch.look(sample))
      .at(-1)!;
    assert.match(trouble!.message, /^GPU 0 is too hot \(94 °C\)/);
  });

  it('a power brake is a slowdown that is not thermal', () => {
    const rows = repeated<Row>([98, 80, 1900, 70], 10);
    assert.deepEqual(found(gpuSeries(rows, { throttle: ['hwPowerBrake', 'hwSlowdown'] })), ['powerBrake']);
    assert.deepEqual(found(gpuSeries(rows, { throttle: ['hwSlowdown'] })), ['powerBrake']);
    assert.deepEqual(found(gpuSeries(rows, { throttle: ['hwSlowdown', 'hwThermal'] })), ['thermalThrottling']);
  });

  describe('memory about to wedge', () => {
    it('is less than 8 GiB left while programs wait more and more', () => {
      const series = memorySeries([
        [30, 0, 0],
        [14, 0, 0],
        [7.5, 0.8, 0.1],
        [6.1, 3.4, 0.7],
        [5.2, 9.8, 2.4],
        [4.4, 17.5, 5.1],
        [3.9, 31.2, 9.9],
      ]);
      assert.deepEqual(found(series), ['memoryWedge']);
      assert.deepEqual(found(series.slice(0, 5)), []);
    });
    it('is not little memory that nobody waits for, nor waiting with memory left', () => {
      assert.deepEqual(found(memorySeries(repeated([5, 0, 0] as const, 20))), []);
      assert.deepEqual(found(memorySeries(repeated([40, 30, 10] as const, 20))), []);
      assert.deepEqual(found(memorySeries(repeated([6, 1.5, 4] as const, 20))), []);
    });
    it('is not concluded where the kernel has no PSI', () => {
      const blind = memorySeries(repeated([3, 30, 10] as const, 20)).map(sample => ({
        ...sample,
        system: systemSample({ pressure: { cpu: null, memory: null, io: null } }),
      }));
      assert.deepEqual(found(blind), []);
    });
    it('has a lower floor on a smaller machine', () => {
      const small = memorySeries(repeated([4, 30, 10] as const, 20)).map(sample => ({
        ...sample,
        memory: systemMemory({ totalMb: 32_000, availableMb: 4096, usedMb: 27_904, freeMb: 500, cacheMb: 3000 }),
      }));
      assert.deepEqual(found(small), []);
    });
  });

  it('page cache eats the pool where CPU and GPU share it and little is free', () => {
    // free -h of a GB10: 121 GiB in all, 1.1 free, 19 cached would be little; here 60
    const series = (changes: Partial<Sample>) =>
      Array.from({ length: 40 }, (_, index) =>
        sampleAt(START + index * 2000, {
          memory: systemMemory({ cacheMb: 61_440, freeMb: 1126, availableMb: 62_000, usedMb: 62_610 }),
          ...changes,
        }),
      );
    assert.deepEqual(found(series({})), ['cacheEatsPool']);
    const discrete = gb10({ name: 'NVIDIA H100', memory: { kind: 'dedicated', usedMb: 1, totalMb: 81_559 } });
    assert.deepEqual(found(series({ gpus: [discrete] })), []);
    assert.deepEqual(found(series({ memory: systemMemory({ cacheMb: 61_440, freeMb: 40_000 }) })), []);
  });
});

describe('watching for troubles', () => {
  const hot = (at: number, throttle: GpuSample['throttle'] = ['swThermal'], index = 0) =>
    sampleAt(at, { gpus: [gb10({ index, throttle })] });

  it('keeps one whose signs come and go, and drops it when they stay away', () => {
    const watch = new TroubleWatch();
    const seen = (at: number, throttle: GpuSample['throttle']) => watch.look(hot(START + at, throttle)).length;
    for (let at = 0; at < 10_000; at += 2000) assert.equal(seen(at, ['swThermal']), 0);
    assert.equal(seen(10_000, ['swThermal']), 1);
    assert.equal(seen(14_000, []), 1);
    assert.equal(seen(18_000, ['swThermal']), 1);
    assert.equal(seen(24_000, []), 1);
    assert.equal(seen(28_000, []), 0);
    assert.equal(seen(30_000, ['swThermal']), 0);
  });

  it('begins anew after a gap, and when the clock was set back', () => {
    for (const gap of [100_000, -50_000]) {
      const watch = new TroubleWatch();
      watch.look(hot(START));
      watch.look(hot(START + 8000));
      assert.deepEqual(watch.look(hot(START + 8000 + gap)), []);
    }
  });

  it('tells GPUs apart', () => {
    const watch = new TroubleWatch();
    for (let at = 0; at < 20_000; at += 2000) {
      const gpus = [gb10({ index: 0 }), gb10({ index: 1, throttle: ['hwThermal'] })];
      const troubles = watch.look(sampleAt(START + at, { gpus }));
      assert.deepEqual(
        troubles.map(({ gpuIndex }) => gpuIndex),
        at >= 10_000 ? [1] : [],
      );
    }
  });

  it('goes on about the machine while nvidia-smi fails', () => {
    const watch = new TroubleWatch();
    const failing = memorySeries(repeated([3, 30, 10] as const, 20)).map(sample => ({
      ...sample,
      gpus: [],
      error: { code: 'nvidiaSmiSilent' as const, message: 'It hangs.' },
    }));
    assert.deepEqual(
      failing
        .map(sample => watch.look(sample))
        .at(-1)!
        .map(({ id }) => id),
      ['memoryWedge'],
    );
  });
});
