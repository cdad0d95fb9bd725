import assert from 'node:assert/strict';
import { randomFillSync } from '../../../src/engine/ssh/ssh2Crypto.js';

describe('the padding of packets', () => {
  it('fills exactly what is asked for', () => {
    const buffer = Buffer.alloc(64);
    assert.equal(randomFillSync(buffer, 10, 20), buffer);
    assert.deepEqual([...buffer.subarray(0, 10), ...buffer.subarray(30)], Array(44).fill(0));
    assert.ok(buffer.subarray(10, 30).some(byte => byte !== 0));
  });

  it('is never the same twice, across refills and for large pieces', () => {
    const pieces = new Set<string>();
    const count = 20_000;
    for (let index = 0; index < count; index++) pieces.add(randomFillSync(Buffer.alloc(16)).toString('hex'));
    assert.equal(pieces.size, count);
    const large = randomFillSync(Buffer.alloc(100_000));
    assert.ok(new Set(large).size > 200);
  });
});
