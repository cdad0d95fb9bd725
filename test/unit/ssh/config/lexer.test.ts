import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readLines, splitWords } from '../../../../src/engine/ssh/config/lexer.js';

describe('lines of ssh_config', () => {
  it('are split into a keyword and its arguments', () => {
    assert.deepEqual(readLines('# comment\n\n Host  a b # c\n\tUser="x y"\r\nPort = 22'), [
      { line: 3, keyword: 'host', rest: 'a b # c', words: ['a', 'b'] },
      { line: 4, keyword: 'user', rest: '"x y"', words: ['x y'] },
      { line: 5, keyword: 'port', rest: '22', words: ['22'] },
    ]);
  });

  it('may have a quoted keyword, or none behind a quote that is not closed', () => {
    assert.deepEqual(
      readLines('"Host"a\nHo"st" b\n"Host c\n').map(({ keyword, words }) => [keyword, words]),
      [
        ['host', ['a']],
        ['host', ['b']],
      ],
    );
  });

  it('may have a keyword only', () => {
    assert.deepEqual(
      readLines('User\nUser =\n').map(({ rest }) => rest),
      ['', ''],
    );
  });

  it('lose quotes and escapes, but no other backslash', () => {
    const split: Record<string, string[] | undefined> = {
      [`a "b c" 'd e'`]: ['a', 'b c', 'd e'],
      [`a" b"c' d'`]: ['a bc d'],
      [`"it's" 'say "x"'`]: ["it's", 'say "x"'],
      [String.raw`a\ b a\"b a\'b a\\b`]: ['a b', 'a"b', "a'b", String.raw`a\b`],
      [String.raw`"a\"b" "a\ b" 'a\'b'`]: ['a"b', String.raw`a\ b`, "a'b"],
      [String.raw`C:\Users\me \\server\share`]: [String.raw`C:\Users\me`, String.raw`\server\share`],
      [`"" a`]: ['', 'a'],
      'a#b c #d e': ['a#b', 'c'],
      '"#a" \\#b': ['#a', '\\#b'],
      '#a': [],
      'a\\': ['a\\'],
      '"a': undefined,
      "a'b": undefined,
    };
    for (const [text, words] of Object.entries(split)) assert.deepEqual(splitWords(text), words, text);
  });

  it('give back whatever was quoted', () => {
    const word = fc.string({ unit: fc.constantFrom('a', ' ', '\t', '"', "'", '\\', '#', '='), maxLength: 8 });
    fc.assert(
      fc.property(fc.array(word), words => {
        const line = words.map(text => `"${text.replace(/["'\\]/g, '\\$&')}"`).join(' ');
        assert.deepEqual(splitWords(line), words);
      }),
    );
  });

  it('can be anything', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        for (const { keyword, line } of readLines(text)) {
          assert.notEqual(keyword, '');
          assert.ok(line >= 1 && line <= text.split('\n').length);
        }
      }),
    );
  });
});
