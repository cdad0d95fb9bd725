import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { parseMeminfo } from '../../../src/engine/metrics/meminfo.js';
import { parseNvidiaSmi } from '../../../src/engine/metrics/nvidiaSmi.js';
import { explainFailure, isKnownFailure } from '../../../src/engine/metrics/nvidiaSmiFailure.js';
import { processesOf } from '../../../src/engine/metrics/smiProcesses.js';

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
    smClockMHz: number | null;
    fanPercent: number | null;
    migDevices: number;
    processes: number | null;
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
        const text = readFileSync(`${CORPUS}/nvidia-smi/${file}`, 'utf8');
        const report = parseNvidiaSmi(text);
        const processes = processesOf(text) ?? [];
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
              smClockMHz: gpu.smClockMhz,
              fanPercent: gpu.fanPercent,
              migDevices: gpu.details.mig.length,
              processes: processes.filter(({ gpuIndex }) => gpuIndex === gpu.index).length,
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
            smClockMHz: gpu.smClockMHz,
            fanPercent: gpu.fanPercent,
            migDevices: gpu.migDevices,
            processes: gpu.processes ?? 0,
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
      const error = explainFailure(null, text);
      assert.equal(parseNvidiaSmi(text), null);
      assert.equal(error.code, 'nvidiaSmiFailed', file);
      assert.ok(error.hint);
      // its own sentence and not the generic one
      assert.ok(isKnownFailure(text), file);
    }
  });

  it('of /proc/meminfo give MiB, and no used memory where MemAvailable is missing', () => {
    const read = (file: string) => parseMeminfo(readFileSync(`${CORPUS}/proc/${file}`, 'utf8'));
    const numbers = (file: string) => {
      const { totalMb, usedMb, cacheMb } = read(file)!;
      return [totalMb, usedMb, cacheMb];
    };
    assert.deepEqual(numbers('meminfo-gb10-partial'), [124610, 85377, 36821]);
    assert.deepEqual(numbers('meminfo-x86-kernel-6.txt'), [24106, 3003, 1849]);
    assert.deepEqual(numbers('meminfo-x86-node_exporter'), [3654, null, 394]);
    assert.equal(read('free-h-gb10.txt'), null);
  });
});
