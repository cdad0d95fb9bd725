import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { buildSample } from '../../../src/engine/metrics/buildSample.js';
import { parseMeminfo } from '../../../src/engine/metrics/meminfo.js';
import { parseNvidiaSmi } from '../../../src/engine/metrics/nvidiaSmi.js';

/** Real outputs of many drivers; not part of the project, so there may be none. */
const CORPUS = '../shared/corpus';

interface Expected {
  driver: string | null;
  gpus: {
    name: string;
    uuid: string;
    utilization: number | null;
    memoryUsedMiB: number | null;
    memoryTotalMiB: number | null;
    temperatureC: number | null;
    powerW: number | null;
    powerLimitW: number | null;
  }[];
}

describe('outputs of real machines', () => {
  before(function () {
    if (!existsSync(CORPUS)) this.skip();
  });

  it('are read as expected, every file of them', () => {
    const expected = JSON.parse(readFileSync(`${CORPUS}/nvidia-smi/expected.json`, 'utf8')) as Record<string, Expected>;
    const read = Object.fromEntries(
      Object.keys(expected).map(file => {
        const report = parseNvidiaSmi(readFileSync(`${CORPUS}/nvidia-smi/${file}`, 'utf8'));
        return [
          file,
          {
            driver: report?.driverVersion,
            complete: report?.complete,
            gpus: report?.gpus.map(gpu => ({
              name: gpu.name,
              uuid: gpu.uuid,
              utilization: gpu.utilization,
              memoryUsedMiB: gpu.memoryUsedMb,
              memoryTotalMiB: gpu.memoryTotalMb,
              temperatureC: gpu.temperatureC,
              powerW: gpu.powerW,
              powerLimitW: gpu.powerLimitW,
            })),
          },
        ];
      }),
    );
    const wanted = Object.fromEntries(
      Object.entries(expected).map(([file, { driver, gpus }]) => [
        file,
        {
          driver,
          complete: true,
          gpus: gpus.map(gpu => ({
            name: gpu.name,
            uuid: gpu.uuid,
            utilization: gpu.utilization,
            memoryUsedMiB: gpu.memoryUsedMiB,
            memoryTotalMiB: gpu.memoryTotalMiB,
            temperatureC: gpu.temperatureC,
            powerW: gpu.powerW,
            powerLimitW: gpu.powerLimitW,
          })),
        },
      ]),
    );
    assert.ok(Object.keys(wanted).length >= 19);
    assert.deepEqual(read, wanted);
  });

  it('that are errors become an error with a hint', () => {
    const folder = `${CORPUS}/nvidia-smi/errors`;
    const files = readdirSync(folder);
    assert.ok(files.length >= 6);
    for (const file of files) {
      const text = readFileSync(`${folder}/${file}`, 'utf8');
      const sample = buildSample('c', 1, null, { kind: 'output', status: 1, text, cut: false });
      assert.deepEqual(sample.gpus, []);
      assert.equal(sample.error?.code, 'nvidiaSmiFailed', file);
      assert.ok(sample.error.hint);
      // its own sentence and not the generic one
      assert.doesNotMatch(sample.error.message, /exit status/, file);
    }
  });

  it('of /proc/meminfo give MiB, and no used memory where MemAvailable is missing', () => {
    const read = (file: string) => parseMeminfo(readFileSync(`${CORPUS}/proc/${file}`, 'utf8'));
    assert.deepEqual(read('meminfo-gb10-partial'), { totalMb: 124610, usedMb: 85377 });
    assert.deepEqual(read('meminfo-x86-kernel-6.txt'), { totalMb: 24106, usedMb: 3003 });
    assert.deepEqual(read('meminfo-x86-node_exporter'), { totalMb: 3654, usedMb: null });
    assert.equal(read('free-h-gb10.txt'), null);
  });
});
