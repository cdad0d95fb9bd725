import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FIELD_SETS, parseRow, RowReader } from '../../../src/engine/metrics/smiRows.js';
import { row } from './fakeSession.js';

const [FIELDS = '', THROTTLE = '', PLAIN = ''] = FIELD_SETS;
const H100 =
  '3, 87, 61234, 81559, 64, 512.33, 700.00, 1980, 2619, [N/A], P0, 8, 0x0000000000000024, NVIDIA H100 80GB HBM3';

describe('a line of nvidia-smi --query-gpu', () => {
  it('is read by the order of its fields', () => {
    assert.deepEqual(parseRow(H100, FIELDS), {
      count: 8,
      gpu: {
        index: 3,
        uuid: null,
        name: 'NVIDIA H100 80GB HBM3',
        utilization: 87,
        memoryUsedMb: 61234,
        memoryTotalMb: 81559,
        temperatureC: 64,
        powerW: 512.33,
        powerLimitW: 700,
        smClockMhz: 1980,
        memClockMhz: 2619,
        fanPercent: null,
        performanceState: 'P0',
        throttle: ['swPowerCap', 'swThermal'],
        lost: false,
      },
    });
  });

  it('of a GB10 has no memory, limit, fan and memory clock', () => {
    const gpu = parseRow(row(0, 1, 0), FIELDS)?.gpu;
    assert.deepEqual(
      [gpu?.utilization, gpu?.memoryUsedMb, gpu?.memoryTotalMb, gpu?.powerLimitW, gpu?.fanPercent, gpu?.memClockMhz],
      [0, null, null, null, null, null],
    );
    assert.deepEqual(gpu?.throttle, []);
  });

  for (const text of [
    '[N/A]',
    '[Not Supported]',
    '[Unknown Error]',
    '[Insufficient Permissions]',
    'N/A',
    '',
    '1e9',
    '0x5',
    '101',
    '-1',
    'NaN',
  ])
    it(`takes ${JSON.stringify(text)} for an utilisation that is not known`, () => {
      assert.equal(parseRow(H100.replace('3, 87', `3, ${text}`), FIELDS)?.gpu.utilization, null);
    });

  it('tells a lost GPU', () => {
    const lost = parseRow(
      '1, [GPU is lost], [GPU is lost], [GPU is lost], [GPU is lost], [GPU is lost], [GPU is lost], [GPU is lost], [GPU is lost], [GPU is lost], [GPU is lost], 2, [GPU is lost], NVIDIA GB200',
      FIELDS,
    );
    assert.equal(lost?.gpu.lost, true);
    assert.equal(lost.gpu.temperatureC, null);
  });

  it('of an older driver lacks the reasons', () => {
    assert.deepEqual(parseRow(H100, THROTTLE)?.gpu.throttle, ['swPowerCap', 'swThermal']);
    const gpu = parseRow('0, 1, 2, 3, 4, 5, 6, 7, 8, 9, P8, 1, NVIDIA, with a comma', PLAIN)?.gpu;
    assert.equal(gpu?.throttle, null);
    assert.equal(gpu.name, 'NVIDIA, with a comma');
  });

  for (const line of [
    '',
    'No devices were found',
    '<gpu>',
    H100.replace('3,', 'x,'),
    H100.replace('3,', '8,'),
    H100.replace('P0, 8', 'P0, 5000'),
    H100.slice(0, 40),
  ])
    it(`is none when it says ${JSON.stringify(line.slice(0, 30))}`, () => {
      assert.equal(parseRow(line, FIELDS), null);
    });

  it('never gives a number that is not in it', () => {
    fc.assert(
      fc.property(fc.nat(H100.length), fc.nat(10), fc.string(), (at, gone, put) => {
        const line = H100.slice(0, at) + put + H100.slice(at + gone);
        const parsed = parseRow(line, FIELDS);
        if (!parsed) return;
        for (const value of Object.values(parsed.gpu))
          if (typeof value === 'number')
            assert.ok(
              line.split(', ').some(text => Number(text) === value),
              line,
            );
      }),
    );
  });
});

describe('the rounds of the loop', () => {
  const utilizations = (round: ReturnType<RowReader['take']>) => round?.map(gpu => gpu.utilization);

  it('are given when they are whole', () => {
    const reader = new RowReader(FIELDS);
    assert.equal(reader.take(row(0, 3, 1)), undefined);
    assert.equal(reader.take(row(1, 3, 2)), undefined);
    assert.deepEqual(utilizations(reader.take(row(2, 3, 3))), [1, 2, 3]);
  });

  it('begin anew when one was cut short', () => {
    const reader = new RowReader(FIELDS);
    reader.take(row(0, 2, 1));
    reader.take(row(0, 2, 5));
    assert.deepEqual(utilizations(reader.take(row(1, 2, 6))), [5, 6]);
  });

  it('keep what was said instead, but not for ever', () => {
    const reader = new RowReader(FIELDS);
    for (let line = 0; line < 1000; line++) reader.take(`Something is wrong. ${'x'.repeat(100)}`);
    assert.match(reader.complaint, /^Something is wrong\./);
    assert.ok(reader.complaint.length < 5000);
    reader.take(row(0, 1, 1));
    assert.equal(reader.complaint, '');
  });
});
