import assert from 'node:assert/strict';
import { parseHugePages, parseMeminfo } from '../../../src/engine/metrics/meminfo.js';
import { gpuMemory } from '../../../src/engine/metrics/unified.js';
import { systemMemory } from './readings.js';

describe('/proc/meminfo', () => {
  it('counts as used what is not available, in MiB', () => {
    const text = 'MemTotal:       10240 kB\nMemFree: 1024 kB\nMemAvailable:    4096 kB\nSwapTotal: 5 kB\n';
    const { totalMb, usedMb, availableMb, freeMb } = parseMeminfo(text)!;
    assert.deepEqual({ totalMb, usedMb, availableMb, freeMb }, { totalMb: 10, usedMb: 6, availableMb: 4, freeMb: 1 });
  });

  it('tells the page cache without shared memory, and what of the swap is used', () => {
    const text =
      'MemTotal: 102400 kB\nBuffers: 1024 kB\nCached: 20480 kB\nShmem: 4096 kB\nSReclaimable: 2048 kB\nSwapTotal: 8192 kB\nSwapFree: 2048 kB\n';
    const { cacheMb, swapTotalMb, swapUsedMb } = parseMeminfo(text)!;
    assert.deepEqual({ cacheMb, swapTotalMb, swapUsedMb }, { cacheMb: 19, swapTotalMb: 8, swapUsedMb: 6 });
  });

  it('says of nothing that is not told that it is 0', () => {
    const unknown = {
      usedMb: null,
      availableMb: null,
      freeMb: null,
      cacheMb: null,
      swapTotalMb: null,
      swapUsedMb: null,
    };
    assert.deepEqual(parseMeminfo('MemTotal: 2048 kB\n'), { totalMb: 2, ...unknown });
    assert.equal(parseMeminfo('MemTotal: 2048 kB\nSwapTotal: 1024 kB\nSwapFree: 2048 kB\n')?.swapUsedMb, null);
  });

  it('has huge pages where it tells all of them', () => {
    assert.deepEqual(parseHugePages('HugePages_Total: 8\nHugePages_Free: 3\nHugepagesize: 2048 kB\n'), {
      total: 8,
      free: 3,
      sizeKb: 2048,
    });
    assert.equal(parseHugePages('HugePages_Total: 8\n'), null);
  });

  it('knows no used memory without MemAvailable, or with more of it than there is', () => {
    assert.deepEqual(parseMeminfo('MemTotal: 2048 kB\nMemFree: 1024 kB\n')?.usedMb, null);
    assert.deepEqual(parseMeminfo('MemTotal: 2048 kB\nMemAvailable: 4096 kB\n')?.usedMb, null);
  });

  for (const text of ['', 'MemTotal: lots kB', 'NotMemTotal: 1024 kB', 'MemTotal: 0 kB', 'MemTotal: 1024 MB'])
    it(`gives null for ${JSON.stringify(text)}`, () => {
      assert.equal(parseMeminfo(text), null);
    });
});

describe("a GPU's memory", () => {
  const system = systemMemory({ totalMb: 124_610, usedMb: 85_377 });
  const nothing = { usedMb: null, totalMb: null };
  const pool = { kind: 'unified', totalMb: 124_610, usedMb: 85_377 };

  for (const name of ['NVIDIA GB10', 'NVIDIA Thor', 'Orin (nvgpu)'])
    it(`of ${name} is the unified pool, whether it reports nothing, 0 or all of the system's`, () => {
      assert.deepEqual(gpuMemory(name, nothing, system), pool);
      assert.deepEqual(gpuMemory(name, { usedMb: 0, totalMb: 0 }, system), pool);
      assert.deepEqual(gpuMemory(name, { usedMb: 5, totalMb: 120_000 }, system), pool);
    });

  it('is the unified pool without figures where the system reports none', () => {
    assert.deepEqual(gpuMemory('NVIDIA GB10', nothing, null), { kind: 'unified', usedMb: null, totalMb: null });
  });

  it('is unknown when another GPU reports none, also one whose name looks alike', () => {
    for (const name of ['NVIDIA H100', 'NVIDIA GB100', 'GPU 0', 'Thorium'])
      for (const totalMb of [null, 0])
        assert.deepEqual(gpuMemory(name, { usedMb: null, totalMb }, system), {
          kind: 'unknown',
          usedMb: null,
          totalMb: null,
        });
  });

  it('is its own when it reports one, also as large as the system', () => {
    assert.deepEqual(gpuMemory('NVIDIA H100', { usedMb: 3, totalMb: 124_610 }, system), {
      kind: 'dedicated',
      usedMb: 3,
      totalMb: 124_610,
    });
    assert.equal(gpuMemory('NVIDIA GB10', { usedMb: 3, totalMb: 8_192 }, system).kind, 'dedicated');
    assert.equal(gpuMemory('NVIDIA H100', { usedMb: null, totalMb: 8_192 }, null).usedMb, null);
  });
});
