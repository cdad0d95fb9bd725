import assert from 'node:assert/strict';
import { applyAlgorithmList } from '../../../../src/engine/ssh/config/algorithmList.js';

describe('lists of algorithms', () => {
  const apply = (written: string) => applyAlgorithmList(written, ['b', 'c1', 'c2'], ['a', 'b', 'c1', 'c2', 'd']);

  it('replace, add to, thin out or lead the usual list', () => {
    assert.deepEqual(apply('d,a'), ['d', 'a']);
    assert.deepEqual(apply('+d,b'), ['b', 'c1', 'c2', 'd']);
    assert.deepEqual(apply('-c*,x'), ['b']);
    assert.deepEqual(apply('^c2,a'), ['c2', 'a', 'b', 'c1']);
  });

  it('may name patterns, and what there is not', () => {
    assert.deepEqual(apply('c?,a,unknown'), ['c1', 'c2', 'a']);
    assert.deepEqual(apply('+*'), ['b', 'c1', 'c2', 'a', 'd']);
    assert.deepEqual(apply('unknown'), []);
    assert.deepEqual(apply('-*'), []);
  });
});
