import assert from 'node:assert/strict';
import fc from 'fast-check';
import { matchesPattern, matchesPatternList } from '../../../src/engine/ssh/patterns.js';

describe('patterns of names', () => {
  it('stand for what ssh_config(5) says', () => {
    const names = ['', 'spark', 'spark-1', 'spark-12', 'a.spark'];
    const matching = (pattern: string) => names.filter(name => matchesPattern(pattern, name));
    assert.deepEqual(matching('*'), names);
    assert.deepEqual(matching('spark'), ['spark']);
    assert.deepEqual(matching('spark-?'), ['spark-1']);
    assert.deepEqual(matching('spark*'), ['spark', 'spark-1', 'spark-12']);
    assert.deepEqual(matching('*a*k'), ['spark', 'a.spark']);
    assert.deepEqual(matching('*-*2'), ['spark-12']);
    assert.deepEqual(matching('SPARK'), []);
    assert.deepEqual(matching(''), ['']);
    assert.deepEqual(matching('?'), []);
  });

  it('agree with a regular expression', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), maxLength: 8 });
    fc.assert(
      fc.property(pattern, text, (written, name) => {
        const source = written.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.');
        assert.equal(matchesPattern(written, name), new RegExp(`^${source}$`).test(name));
      }),
      { numRuns: 500 },
    );
  });

  it('cost no more than pattern times name', () => {
    assert.ok(!matchesPattern(`${'*a'.repeat(500)}b`, 'a'.repeat(1000)));
  });

  it('in a list exclude with an exclamation mark, wherever that stands', () => {
    assert.ok(matchesPatternList('a,spark*', 'spark-1'));
    assert.ok(!matchesPatternList('spark*,!spark-1', 'spark-1'));
    assert.ok(!matchesPatternList('!spark-1,spark*', 'spark-1'));
    assert.ok(!matchesPatternList('!other', 'spark'));
  });
});
