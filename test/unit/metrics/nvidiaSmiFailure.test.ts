import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { buildSample, hasReading } from '../../../src/engine/metrics/buildSample.js';

const MEMORY = { totalMb: 124_610, usedMb: 85_377 };

function fixture(name: string): string {
  return readFileSync(`test/fixtures/nvidia-smi/${name}.xml`, 'utf8');
}

function sampleOf(text: string, status = 0, cut = false) {
  return buildSample('c1', 1000, MEMORY, { kind: 'output', status, text, cut });
}

describe('what nvidia-smi prints instead of readings', () => {
  const cases: [string, number, string, RegExp][] = [
    ['no driver', 9, "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n", /not running/],
    ['another library', 18, 'Failed to initialize NVML: Driver/library version mismatch\n', /updated/],
    ['a lost GPU', 15, 'Unable to determine the device handle for GPU 0: GPU is lost.\n', /lost contact/],
    ['an unknown handle', 255, 'Unable to determine the device handle for GPU0000:07:00.0: Unknown Error\n', /reach/],
    ['no GPU', 6, 'No devices were found\n', /no GPU/],
    ['a status alone', 9, '', /not running/],
    ['no library', 12, "NVIDIA-SMI couldn't find libnvidia-ml.so library in your system.\n", /libnvidia-ml/],
    ['a file that cannot run', 126, 'sh: nvidia-smi: Exec format error\n', /cannot be run/],
    ['its end by a signal', 139, '', /signal 11/],
    ['nothing', 0, '', /printed nothing/],
    ['garbage', 0, '\u0000\u0001{}<gpu>', /unreadable/],
  ];
  for (const [name, status, text, message] of cases)
    it(`explains ${name}`, () => {
      const { gpus, memory, error } = sampleOf(text, status);
      assert.deepEqual({ gpus, memory, code: error?.code }, { gpus: [], memory: MEMORY, code: 'nvidiaSmiFailed' });
      assert.match(error!.message, message);
      assert.ok(error!.hint);
    });

  it('quotes the first line of what it does not know, without control characters', () => {
    const { error } = sampleOf(`\u001b[31mSomething new happened.\nmore ${'x'.repeat(1e6)}`, 3);
    assert.equal(error?.message, 'nvidia-smi failed with exit status 3: [31mSomething new happened.');
  });

  it('says that it is missing', () => {
    const { error, memory } = buildSample('c1', 1000, MEMORY, { kind: 'missing' });
    assert.equal(error?.code, 'nvidiaSmiMissing');
    assert.deepEqual(memory, MEMORY);
    assert.equal(sampleOf('sh: 1: nvidia-smi: not found', 127).error?.code, 'nvidiaSmiMissing');
  });

  it('says which GPU is lost and still gives the others', () => {
    const { gpus, error } = sampleOf(fixture('lost'));
    assert.match(error!.message, /lost contact with GPU 1\./);
    assert.deepEqual(gpus.map(hasReading), [true, false]);
    // a lost discrete GPU is not shown with the system's memory
    assert.deepEqual(gpus[1]?.memory, { kind: 'unknown', usedMb: null, totalMb: null });
  });

  it('says that the end is missing, or why when it was printed too', () => {
    const whole = fixture('lost');
    const half = whole.slice(0, whole.indexOf('</gpu>') + 20);
    assert.match(sampleOf(half).error!.message, /all of its output/);
    assert.match(sampleOf(`${half}\nUnable to determine the device handle`, 255).error!.message, /reach/);
    assert.equal(sampleOf(half).gpus.length, 1);
  });

  it('says that there is no GPU when the document lists none', () => {
    const none = '<nvidia_smi_log><driver_version>580.1</driver_version></nvidia_smi_log>';
    const { error, driverVersion } = sampleOf(none);
    assert.match(error!.message, /no GPU/);
    assert.equal(driverVersion, '580.1');
  });

  it('gives no error for a machine in order', () => {
    const sample = sampleOf(fixture('gb10'));
    assert.ok(!('error' in sample));
    assert.deepEqual(sample.gpus[0]?.memory, { kind: 'unified', usedMb: 85_377, totalMb: 124_610 });
    assert.equal(sample.at, 1000);
  });
});
