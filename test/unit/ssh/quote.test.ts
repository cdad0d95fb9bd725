import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { quote } from '../../../src/engine/ssh/quote.js';
import { SparkError } from '../../../src/shared/errors.js';

/** What a real shell makes of a line: its words, each followed by a NUL. */
function wordsOf(line: string): string[] {
  const output = execFileSync('sh', ['-c', `printf '%s\\0' ${line}`]).toString('utf8');
  return output.split('\0').slice(0, -1);
}

describe('quote', function () {
  this.timeout(20_000);
  it('keeps every argument as it is through a real shell', () => {
    const word = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 30 }),
      fc.string({
        unit: fc.constantFrom('$', '`', '"', "'", '\\', '\n', '!', '*', '~', '#', ' ', ';', '-', 'a'),
        maxLength: 12,
      }),
    );
    const text = word.filter(value => !value.includes('\0') && Buffer.from(value).toString() === value);
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 200 }), argv => {
        assert.deepEqual(wordsOf(quote(argv)), argv);
      }),
      { numRuns: 60 },
    );
  });

  it('leaves plain words readable', () => {
    assert.equal(quote(['nvidia-smi', '-q', '-x', '/opt/a.b']), 'nvidia-smi -q -x /opt/a.b');
  });

  it('refuses what no shell can carry', () => {
    assert.throws(
      () => quote(['a\0b']),
      (error: unknown) => SparkError.is(error, 'invalidInput'),
    );
    assert.throws(
      () => quote([]),
      (error: unknown) => SparkError.is(error, 'invalidInput'),
    );
  });
});
