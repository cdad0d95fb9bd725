import assert from 'node:assert/strict';
import { pastSamples } from '../../../src/engine/metrics/pastSamples.js';
import type { JobUsage } from '../../../src/shared/jobs.js';
import type { GpuSample } from '../../../src/shared/metrics.js';
import { gpu, sample } from '../../integration/store/support.js';

const NOW = Date.UTC(2026, 2, 10, 12);
const usage = (at: number, changes: Partial<JobUsage> = {}): JobUsage => ({
  ...{ at, memAvailableKiB: 100_000 * 1024, logBytes: 1 },
  gpus: [{ utilization: 91, memoryUsedMiB: 512, temperature: 66, power: 80.5 }],
  ...changes,
});
const past = (memory: GpuSample['memory'], offsetMs = 0, of = usage(NOW - 60_000)) =>
  pastSamples({ usage: [of], offsetMs }, sample('a', NOW, [gpu(0, { memory, utilization: 1 })]))[0];

describe('what a machine has recorded', () => {
  it('becomes samples of the GPUs that it has, the unified pool by what was available', () => {
    const unified = past({ kind: 'unified', usedMb: 1, totalMb: 124_610 });
    const [{ utilization, temperatureC, powerW, memory } = gpu(9)] = unified?.gpus ?? [];
    assert.deepEqual([unified?.at, utilization, temperatureC, powerW], [NOW - 60_000, 91, 66, 80.5]);
    assert.deepEqual(memory, { kind: 'unified', usedMb: 24_610, totalMb: 124_610 });
    const own = past({ kind: 'dedicated', usedMb: 1, totalMb: 81_559 })?.gpus[0]?.memory;
    assert.deepEqual(own, { kind: 'dedicated', usedMb: 512, totalMb: 81_559 });
  });

  it('puts its times right where its clock differs, but not by the second that it rounds to', () => {
    const memory = { kind: 'unified', usedMb: 1, totalMb: 124_610 } as const;
    assert.equal(past(memory, 3_600_000)?.at, NOW - 60_000 + 3_600_000);
    assert.equal(past(memory, 900)?.at, NOW - 60_000);
  });

  it('leaves out what says nothing, and GPUs that it does not tell of', () => {
    const memory = { kind: 'unified', usedMb: 1, totalMb: 124_610 } as const;
    const nothing = { utilization: null, memoryUsedMiB: null, temperature: null, power: null };
    const silent = usage(NOW - 60_000, { memAvailableKiB: null, gpus: [nothing] });
    assert.equal(past(memory, 0, silent), undefined);
    assert.equal(past(memory, 0, usage(NOW - 60_000, { gpus: [] })), undefined);
  });
});
