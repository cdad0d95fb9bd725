import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parseNvidiaSmi } from '../../../src/engine/metrics/nvidiaSmi.js';

function fixture(name: string): string {
  return readFileSync(`test/fixtures/nvidia-smi/${name}.xml`, 'utf8');
}

const gb10 = fixture('gb10');

function withReading(tag: string, value: string): string {
  return gb10.replace(new RegExp(`<${tag}>[^<]*</${tag}>`), `<${tag}>${value}</${tag}>`);
}

describe('nvidia-smi -q -x', () => {
  it('reads GB10: power from its own block only, memory and limit unknown', () => {
    assert.deepEqual(parseNvidiaSmi(gb10), {
      driverVersion: '580.10.02',
      complete: true,
      gpus: [
        {
          index: 0,
          uuid: 'GPU-11111111-0000-0000-0000-000000000001',
          name: 'NVIDIA GB10',
          utilization: 96,
          memoryUsedMb: null,
          memoryTotalMb: null,
          temperatureC: 68,
          powerW: 91.12,
          powerLimitW: null,
          smClockMhz: null,
          memClockMhz: null,
          fanPercent: null,
          performanceState: null,
          throttle: null,
          lost: false,
          details: { index: 0, ecc: null, mig: [] },
        },
      ],
    });
  });

  it('reads clocks, fan, state and reasons from their own blocks, of old drivers and new', () => {
    for (const block of ['event', 'throttle']) {
      const more = `<fan_speed> 37 %</fan_speed><performance_state>P2</performance_state>
        <clocks_${block}_reasons><clocks_${block}_reason_gpu_idle>Not Active</clocks_${block}_reason_gpu_idle>
        <clocks_${block}_reason_sw_power_cap>Active</clocks_${block}_reason_sw_power_cap>
        <clocks_${block}_reason_hw_thermal_slowdown>Active</clocks_${block}_reason_hw_thermal_slowdown></clocks_${block}_reasons>
        <max_clocks><sm_clock>3003 MHz</sm_clock></max_clocks><clocks><sm_clock>2216 MHz</sm_clock><mem_clock>N/A</mem_clock></clocks>`;
      const bare = gb10.replace(/<fan_speed>[^<]*<\/fan_speed>/, '');
      const gpu = parseNvidiaSmi(bare.replace('</gpu>', `${more}</gpu>`))?.gpus[0];
      assert.deepEqual(
        [gpu?.fanPercent, gpu?.performanceState, gpu?.throttle, gpu?.smClockMhz, gpu?.memClockMhz],
        [37, 'P2', ['swPowerCap', 'hwThermal'], 2216, null],
      );
    }
  });

  it('adds up ECC errors, by where they were and by how many bits', () => {
    const withErrors = (errors: string) =>
      parseNvidiaSmi(gb10.replace('</gpu>', `<ecc_errors>${errors}</ecc_errors></gpu>`))?.gpus[0]?.details.ecc;
    const where = (span: string, n: number) =>
      `<${span}><sram_correctable>${n}</sram_correctable><sram_uncorrectable_parity>${n + 1}</sram_uncorrectable_parity><sram_uncorrectable_secded>N/A</sram_uncorrectable_secded><dram_correctable>10</dram_correctable><dram_uncorrectable>20</dram_uncorrectable></${span}>`;
    assert.deepEqual(withErrors(where('volatile', 1) + where('aggregate', 3)), {
      volatileCorrected: 11,
      volatileUncorrected: 22,
      aggregateCorrected: 13,
      aggregateUncorrected: 24,
    });
    const bits = `<volatile><single_bit><l1_cache>4</l1_cache><total>5</total></single_bit><double_bit><total>N/A</total></double_bit></volatile>`;
    assert.deepEqual(withErrors(bits), {
      volatileCorrected: 5,
      volatileUncorrected: null,
      aggregateCorrected: null,
      aggregateUncorrected: null,
    });
    assert.equal(withErrors('<volatile><sram_correctable>N/A</sram_correctable></volatile>'), null);
  });

  it("takes the GPU's memory and not that of its MIG devices, and counts GPUs, not attached_gpus", () => {
    const report = parseNvidiaSmi(fixture('mig'));
    assert.equal(report?.gpus.length, 1);
    const { memoryUsedMb, memoryTotalMb, utilization, powerW, powerLimitW } = report.gpus[0]!;
    assert.deepEqual(
      { memoryUsedMb, memoryTotalMb, utilization, powerW, powerLimitW },
      { memoryUsedMb: 50, memoryTotalMb: 81920, utilization: null, powerW: 67.03, powerLimitW: 500 },
    );
    assert.ok(report.gpus[0]!.details.mig.length > 0);
    for (const device of report.gpus[0]!.details.mig) assert.equal(device.totalMb, 9728);
  });

  it('keeps a lost GPU in the list without readings, beside one that answers 0', () => {
    const report = parseNvidiaSmi(fixture('lost'));
    assert.deepEqual(
      report?.gpus.map(({ index, lost, utilization, memoryUsedMb, temperatureC, powerW, powerLimitW }) => ({
        index,
        lost,
        readings: [utilization, memoryUsedMb, temperatureC, powerW, powerLimitW],
      })),
      [
        { index: 0, lost: false, readings: [0, 0, 30, 69.9, 700] },
        { index: 1, lost: true, readings: [null, null, null, null, 700] },
      ],
    );
  });

  it('reads v10 without prolog, with padded and fractional values', () => {
    const report = parseNvidiaSmi(fixture('v10-bare'));
    assert.equal(report?.driverVersion, null);
    const { uuid, utilization, memoryUsedMb, memoryTotalMb, temperatureC, powerW, powerLimitW } = report.gpus[0]!;
    assert.deepEqual(
      [uuid, utilization, memoryUsedMb, memoryTotalMb, temperatureC, powerW, powerLimitW],
      [null, 10.3, 12, 1998, 37, 20.32, 75],
    );
  });

  it('takes sentences for unknown, never for a number, and does not mind what programs are called', () => {
    const report = parseNvidiaSmi(fixture('sentences'));
    const { utilization, memoryUsedMb, memoryTotalMb, temperatureC, powerW, powerLimitW } = report!.gpus[0]!;
    assert.deepEqual(
      [utilization, memoryUsedMb, memoryTotalMb, temperatureC, powerW, powerLimitW],
      [null, null, null, null, null, 350],
    );
  });

  it('finds the document between other texts', () => {
    const report = parseNvidiaSmi(`Welcome!\n${gb10}WARNING: infoROM is corrupted at gpu 0000:01:00.0\n`);
    assert.equal(report?.gpus[0]?.utilization, 96);
  });

  it('reads only the first of two documents', () => {
    assert.equal(parseNvidiaSmi(gb10 + fixture('lost'))?.gpus.length, 1);
  });

  it('gives the GPUs that were printed whole when the end is missing', () => {
    const lost = fixture('lost');
    const report = parseNvidiaSmi(lost.slice(0, lost.lastIndexOf('<temperature>')));
    assert.equal(report?.complete, false);
    assert.deepEqual(
      report.gpus.map(gpu => gpu.temperatureC),
      [30],
    );
  });

  for (const [tag, value] of [
    ['gpu_util', '101 %'],
    ['gpu_util', '-1 %'],
    ['gpu_util', '5'],
    ['gpu_util', '0x10 %'],
    ['gpu_temp', '68 F'],
    ['gpu_temp', '99999 C'],
    ['gpu_util', '1e1 %'],
  ] as const)
    it(`takes ${value} of ${tag} for unknown`, () => {
      const gpu = parseNvidiaSmi(withReading(tag, value))!.gpus[0]!;
      assert.equal(tag === 'gpu_util' ? gpu.utilization : gpu.temperatureC, null);
    });

  it('says null when a reading is there twice', () => {
    const twice = gb10.replace('<gpu_util>', '<gpu_util>3 %</gpu_util><gpu_util>');
    assert.equal(parseNvidiaSmi(twice)?.gpus[0]?.utilization, null);
  });

  it('refuses documents that are not balanced', () => {
    assert.equal(parseNvidiaSmi(gb10.replace('</utilization>', '')), null);
    assert.equal(parseNvidiaSmi(gb10.replace('</utilization>', '</temperature>')), null);
  });

  it('expands no entity and reads no DOCTYPE', () => {
    const bomb = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>${gb10.slice(gb10.indexOf('<nvidia_smi_log>'))}`;
    const named = bomb.replace('NVIDIA GB10', '&b;&c;');
    assert.equal(parseNvidiaSmi(named)?.gpus[0]?.name, '&b;&c;');
    assert.equal(parseNvidiaSmi(gb10.replace('<timestamp>', '<!DOCTYPE x [<!ENTITY a "b">]><timestamp>')), null);
  });

  for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])
    it(`is not moved by a tag named ${name}`, () => {
      const tag = `<${name}><gpu_util>3 %</gpu_util></${name}>`;
      const report = parseNvidiaSmi(gb10.replace(/<utilization>[^]*<\/utilization>/, tag));
      assert.equal(report?.gpus[0]?.utilization ?? null, null);
      assert.equal(({} as Record<string, unknown>)['gpu_util'], undefined);
    });

  it('bounds names and takes control and direction characters out of them', () => {
    const name = parseNvidiaSmi(withReading('product_name', `A\u202eB\u0007${'x'.repeat(10_000)}`))?.gpus[0]?.name;
    assert.equal(name, `AB${'x'.repeat(118)}`);
  });

  it('survives deep nesting and millions of openings', () => {
    const deep = '<gpu>'.repeat(100_000);
    assert.equal(parseNvidiaSmi(`<nvidia_smi_log>${deep}</nvidia_smi_log>`), null);
    assert.equal(parseNvidiaSmi(`<nvidia_smi_log>${'<supported_clocks>'.repeat(200_000)}`), null);
    const balanced = `<nvidia_smi_log>${'<a>'.repeat(50_000)}${'</a>'.repeat(50_000)}</nvidia_smi_log>`;
    assert.equal(parseNvidiaSmi(balanced), null);
  });

  it('never throws, and never reads a number that is not in the document, wherever it is cut or damaged', () => {
    const numbers = new Set([0, 30, 69.9, 700, 81559, null]);
    const lost = fixture('lost');
    const rubbish = [
      '',
      '\n',
      'x',
      '<',
      '>',
      '</',
      '\u0000',
      '\ufffd',
      '</gpu>',
      '<utilization>',
      '</temperature>',
      '<!--',
      '&',
    ];
    fc.assert(
      fc.property(fc.nat(lost.length), fc.nat(400), fc.constantFrom(...rubbish), (at, gone, put) => {
        const damaged = lost.slice(0, at) + put + lost.slice(at + gone);
        const cutNumber = /\d/.test(lost[at - 1] ?? '') || /\d/.test(lost[at + gone] ?? '');
        for (const gpu of parseNvidiaSmi(damaged)?.gpus ?? [])
          for (const value of [gpu.utilization, gpu.memoryTotalMb, gpu.temperatureC, gpu.powerW, gpu.powerLimitW])
            assert.ok(cutNumber || numbers.has(value), `${String(value)} was never printed`);
      }),
      { numRuns: 100 },
    );
  });
});
