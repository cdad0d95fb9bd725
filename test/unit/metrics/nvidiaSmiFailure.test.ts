import assert from 'node:assert/strict';
import { buildSample, hasReading } from '../../../src/engine/metrics/buildSample.js';
import { parseNvidiaSmi } from '../../../src/engine/metrics/nvidiaSmi.js';
import { cutShort, explainFailure, isKnownFailure } from '../../../src/engine/metrics/nvidiaSmiFailure.js';
import { readFileSync } from 'node:fs';
import { systemMemory, systemSample } from './readings.js';

describe('what nvidia-smi prints instead of readings', () => {
  const cases: [string, number | null, string, RegExp][] = [
    ['no driver', 9, "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n", /not running/],
    ['another library', null, 'Failed to initialize NVML: Driver/library version mismatch\n', /updated/],
    ['a lost GPU', 15, 'Unable to determine the device handle for GPU 0: GPU is lost.\n', /lost contact/],
    ['an unknown handle', null, 'Unable to determine the device handle for GPU0000:07:00.0: Unknown Error\n', /reach/],
    ['no GPU', 6, 'No devices were found\n', /no GPU/],
    ['a status alone', 9, '', /not running/],
    ['no library', null, "NVIDIA-SMI couldn't find libnvidia-ml.so library in your system.\n", /libnvidia-ml/],
    ['a file that cannot run', 126, 'sh: nvidia-smi: Exec format error\n', /cannot be run/],
    ['its end by a signal', 139, '', /signal 11/],
    ['nothing', null, '', /printed nothing/],
    ['garbage', null, '\u0000\u0001{}<gpu>', /unreadable/],
  ];
  for (const [name, status, text, message] of cases)
    it(`explains ${name}`, () => {
      const error = explainFailure(status, text);
      assert.equal(error.code, 'nvidiaSmiFailed');
      assert.match(error.message, message);
      assert.ok(error.hint);
    });

  it('quotes the first line of what it does not know, without control characters', () => {
    const text = `\u001b[31mSomething new happened.\nmore ${'x'.repeat(1e6)}`;
    assert.equal(explainFailure(3, text).message, 'nvidia-smi failed with exit status 3: [31mSomething new happened.');
    assert.equal(explainFailure(null, 'Something new.\nmore').message, 'nvidia-smi failed: Something new.');
  });

  it('says that it is missing', () => {
    assert.equal(explainFailure(127, 'sh: 1: nvidia-smi: not found').code, 'nvidiaSmiMissing');
  });

  it('says that the end is missing, or why when it was printed too', () => {
    assert.match(cutShort('<nvidia_smi_log><gpu>').message, /all of its output/);
    assert.match(cutShort('<nvidia_smi_log>\nUnable to determine the device handle').message, /reach/);
  });

  it('knows its own words from those of another program', () => {
    assert.ok(isKnownFailure('No devices were found'));
    assert.ok(!isKnownFailure('Invalid combination of input arguments.'));
  });
});

describe('a sample', () => {
  const built = (file: string) =>
    buildSample({
      connectionId: 'c1',
      at: 1000,
      system: { memory: systemMemory({ usedMb: 85_377 }), system: systemSample() },
      gpus: parseNvidiaSmi(readFileSync(`test/fixtures/nvidia-smi/${file}.xml`, 'utf8'))!.gpus,
      driverVersion: '580.1',
    });

  it('says which GPU is lost and still gives the others', () => {
    const { gpus, error } = built('lost');
    assert.match(error!.message, /lost contact with GPU 1\./);
    assert.deepEqual(gpus.map(hasReading), [true, false]);
    // a lost discrete GPU is not shown with the system's memory
    assert.deepEqual(gpus[1]?.memory, { kind: 'unknown', usedMb: null, totalMb: null });
  });

  it('has no error for a machine in order', () => {
    const sample = built('gb10');
    assert.ok(!('error' in sample));
    assert.deepEqual(sample.gpus[0]?.memory, { kind: 'unified', usedMb: 85_377, totalMb: 124_610 });
    assert.equal(sample.at, 1000);
  });
});
