import assert from 'node:assert/strict';
import { datePoints, readUsage } from '../../../src/engine/jobs/usage.js';
import type { JobPoint } from '../../../src/shared/jobs.js';

const POINT: JobPoint = {
  ...{ step: 1, epoch: null, loss: 1, learningRate: null, evalLoss: null, gradNorm: null, tokensPerSecond: null },
  at: null,
};

describe('what the launcher records of a job', () => {
  it('reads GPUs, memory and the size of the log, and leaves unknown what is not said', () => {
    const text = [
      '1764000000 118000000 0 96,[N/A],71,88.31;[N/A],4096,55,[N/A];',
      '1764000030  512 ',
      'noise; $(reboot) 1 2',
      '1764000060 117000000 1024 3,1,',
      '17640',
    ].join('\n');
    assert.deepEqual(readUsage(text), [
      {
        ...{ at: 1_764_000_000_000, memAvailableKiB: 118_000_000, logBytes: 0 },
        gpus: [
          { utilization: 96, memoryUsedMiB: null, temperature: 71, power: 88.31 },
          { utilization: null, memoryUsedMiB: 4096, temperature: 55, power: null },
        ],
      },
      { at: 1_764_000_030_000, memAvailableKiB: null, logBytes: 512, gpus: [] },
      {
        ...{ at: 1_764_000_060_000, memAvailableKiB: 117_000_000, logBytes: 1024 },
        gpus: [{ utilization: 3, memoryUsedMiB: 1, temperature: null, power: null }],
      },
    ]);
  });

  it('dates the points of a curve by how far the log had grown', () => {
    const usage = readUsage('100 1 0 \n130 1 1000 \n160 1 1000 \n190 1 1600 ');
    const end = { at: 200_000, bytes: 2000 };
    const dated = (offsets: number[], last: typeof end | null) =>
      datePoints(
        offsets.map(() => POINT),
        offsets,
        usage,
        last,
      ).map(({ at }) => at);
    assert.deepEqual(dated([0, 500, 1000, 1300, 1600, 1800, 2000], end), [
      ...[100_000, 115_000, 130_000, 175_000, 190_000, 195_000, 200_000],
    ]);
    assert.deepEqual(dated([500, 1800], null), [115_000, null], 'nothing is made up of what is later than the last');
  });
});
