import assert from 'node:assert/strict';
import fc from 'fast-check';
import { WriteBudget } from '../../../src/engine/store/writeBudget.js';

const MIB = 1024 * 1024;
const HOUR = 3_600_000;

/** Bytes that are written in `hours` when an image of `size` bytes is wanted every 20 s. */
function written(size: number, hours: number): number {
  const budget = new WriteBudget();
  let bytes = 0;
  for (let now = 0; now < hours * HOUR; now += 20_000) {
    if (!budget.allows(now)) continue;
    budget.spend(size, now);
    bytes += size;
  }
  return bytes;
}

describe('write budget', () => {
  it('never spends more than 20 MB an hour and one image', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 * MIB }), fc.integer({ min: 1, max: 24 }), (size, hours) => {
        assert.ok(written(size, hours) <= 20_000_000 * hours + size);
      }),
    );
  });

  it('lets a small database be written every time', () => {
    assert.equal(written(60 * 1024, 1), 180 * 60 * 1024);
  });

  it('spaces images of 2.2 MiB evenly', () => {
    assert.equal(Math.round(written(2.2 * MIB, 24) / (2.2 * MIB * 24)), 9);
  });

  it('waits an hour at the most, or what the image costs, whatever was spent before or whatever happened to the clock', () => {
    const budget = new WriteBudget();
    for (let action = 0; action < 50; action += 1) budget.spend(18 * MIB, 1000 * HOUR);
    assert.equal(budget.allows(1000 * HOUR), false);
    assert.equal(budget.allows(1001 * HOUR), true);
    assert.equal(budget.allows(500 * HOUR), false);
    assert.equal(budget.allows(501 * HOUR), true);
    budget.spend(60_000_000, 501 * HOUR);
    assert.deepEqual([budget.allows(503 * HOUR), budget.allows(504 * HOUR)], [false, true]);
    assert.deepEqual([budget.allows(100 * HOUR), budget.allows(103 * HOUR)], [false, true]);
  });
});
