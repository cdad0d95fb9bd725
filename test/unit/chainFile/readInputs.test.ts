import assert from 'node:assert/strict';
import fc from 'fast-check';
import { combinations, type InputSource, sizeOf } from '../../../src/chainFile/chain.js';
import { formatOf, readInputs } from '../../../src/chainFile/readInputs.js';

function inputsOf(text: string, file: string, more: Partial<InputSource> = {}): unknown {
  const read = readInputs(text, { file, ...more });
  return 'inputs' in read ? read.inputs : read;
}

describe('inputs of a chain from a file', () => {
  it('are of the format that the name or the chain says', () => {
    const names = ['a.csv', 'a.TSV', 'a.jsonl', 'a.ndjson', 'a.txt', 'a'];
    assert.deepEqual(
      names.map(file => formatOf({ file })),
      ['csv', 'csv', 'jsonl', 'jsonl', 'text', 'text'],
    );
    assert.equal(formatOf({ file: 'a.txt', format: 'csv' }), 'csv');
  });

  it('are the rows of CSV, by its headings', () => {
    const wanted = [
      { topic: 'a', n: '1' },
      { topic: 'b, c\n"d"', n: '2' },
    ];
    assert.deepEqual(inputsOf('\uFEFFtopic,n\r\na,1\r\n"b, c\n""d""",2\r\n', 'x.csv'), wanted);
    assert.deepEqual(inputsOf('topic; n\na;1\n', 'x.csv'), [{ topic: 'a', n: '1' }]);
    assert.deepEqual(inputsOf('topic\tn\na\t1\n', 'x.tsv'), [{ topic: 'a', n: '1' }]);
    assert.deepEqual(inputsOf('topic|n\na|1\n', 'x.csv', { delimiter: '|' }), [{ topic: 'a', n: '1' }]);
  });

  it('are the lines of JSON lines and of text', () => {
    assert.deepEqual(inputsOf('{"a":1}\n\n"b"\n2\n', 'x.jsonl'), [{ a: 1 }, 'b', 2]);
    assert.deepEqual(inputsOf('one\r\n\r\n  two \n', 'x.txt'), ['one', 'two']);
  });

  it('are told to be wrong at their line', () => {
    assert.deepEqual(inputsOf('{"a":1}\n{a}\n', 'x.jsonl'), { problem: 'This line is no JSON.', line: 2 });
    assert.match(JSON.stringify(inputsOf('[1]\n', 'x.jsonl')), /neither an object nor a text.*"line":1/);
    assert.match(JSON.stringify(inputsOf('a,b\n1,2\n3\n', 'x.csv')), /"line":3/);
    assert.match(JSON.stringify(inputsOf('a,a\n1,2\n', 'x.csv')), /Two columns are called/);
    for (const name of ['x.csv', 'x.jsonl', 'x.txt'])
      assert.match(JSON.stringify(inputsOf('\n', name)), /problem/, name);
  });

  it('survive being written as CSV, whatever they say', () => {
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    // an empty row is left out, so one column is never empty
    const row = fc.record({ a: fc.string(), b: fc.string({ minLength: 1 }) }, { noNullPrototype: true });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 5 }), rows => {
        const text = `a,b\n${rows.map(({ a, b }) => `${quoted(a)},${quoted(b)}\n`).join('')}`;
        assert.deepEqual(inputsOf(text, 'x.csv'), rows);
      }),
    );
  });

  it('are every combination of lists, each once', () => {
    const product = { a: [1, 2], b: ['x', 'y', 'z'], c: [true] };
    const all = [...combinations(product)];
    assert.deepEqual(all[0], { a: 1, b: 'x', c: true });
    assert.deepEqual(all[1], { a: 1, b: 'y', c: true });
    assert.equal(new Set(all.map(each => JSON.stringify(each))).size, 6);
    const lists = fc.dictionary(fc.string(), fc.array(fc.integer(), { minLength: 1, maxLength: 4 }), { maxKeys: 4 });
    fc.assert(
      fc.property(lists, each => {
        assert.equal([...combinations(each)].length, sizeOf(each));
      }),
    );
  });
});
