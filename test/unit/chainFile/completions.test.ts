import assert from 'node:assert/strict';
import fc from 'fast-check';
import { completionsAt, explanationOf, referencesAt } from '../../../src/chainFile/completions.js';
import { parseChain } from '../../../src/chainFile/parseChain.js';

const TEXT = `model: llama3.1:8b
inputs:
  - { topic: rivers, tone: dry }
steps:
  - name: draft
    prompt: |
      Write, model: this is text
      and go on.
    checks:
      - length:
          unit: words
  - name: short
    prompt: Shorten.
`;

/** What is offered where \`|\` stands, in the place of a line that is added. */
function offered(added: string, after = ''): string[] {
  const text = `${TEXT.slice(0, after === '' ? 0 : TEXT.indexOf(after) + after.length)}${added}`;
  const found = completionsAt(text, text.length);
  return found?.items.map(({ label }) => label) ?? ['nothing'];
}

describe('help with writing a chain', () => {
  it('offers the fields that may stand there, by how far the line is indented', () => {
    assert.ok(offered('').includes('endpoint'));
    assert.ok(offered('mo').includes('model'));
    assert.ok(offered('    ', 'name: draft\n').includes('retries'));
    assert.ok(!offered('    ', 'name: draft\n').includes('endpoint'));
    assert.ok(offered('  - ', 'steps:\n').includes('prompt'));
    assert.ok(offered('- ', 'steps:\n').includes('prompt'));
    assert.ok(offered('      - ', 'checks:\n').includes('judge'));
    assert.deepEqual(offered('          ', 'length:\n'), ['min', 'max', 'unit']);
    assert.ok(offered('    options:\n      temp', 'name: draft\n').includes('temperature'));
  });

  it('offers the values that are allowed', () => {
    assert.deepEqual(offered('endpoint: '), ['auto', 'local', 'dgx']);
    assert.deepEqual(offered('          unit: w', 'length:\n'), ['characters', 'words', 'lines']);
    assert.deepEqual(offered('provider: '), ['ollama']);
  });

  it('offers nothing inside of a text', () => {
    for (const [added, after] of [
      ['      wri', 'prompt: |\n'],
      ['      mo', 'this is text\n'],
      ['# mo', ''],
      ['name: "mo', ''],
      ['name: two wo', ''],
    ] as const)
      assert.deepEqual(offered(added, after), ['nothing'], added);
  });

  it('offers fields of the inputs and steps between braces', () => {
    const labels = (added: string, rest = '') => {
      const text = `${TEXT}outputs:\n  all: "${added}`;
      const found = referencesAt(text + rest, text.length, parseChain(text + rest));
      return found?.items.map(({ label, insert }) => [label, insert]);
    };
    const all = ['input', 'input.topic', 'input.tone', 'steps.draft', 'steps.short', 'row'];
    assert.deepEqual(
      labels('{{', '"\n')?.map(([label]) => label),
      all,
    );
    assert.deepEqual(labels('{{ste', '}}"\n')?.[3], ['steps.draft', 'steps.draft']);
    assert.deepEqual(labels('{{ste', '"\n')?.[3], ['steps.draft', 'steps.draft}}']);
    assert.equal(labels('{{row}} ', '"\n'), undefined);
  });

  it('explains fields, with what they are when left out', () => {
    assert.match(explanationOf(['endpoint']) ?? '', /Where the Ollama is.*Left out: "auto"/s);
    assert.match(explanationOf(['steps', 1, 'checks', 0, 'judge', 'threshold']) ?? '', /Left out: 7/);
    assert.equal(explanationOf(['nothing']), undefined);
  });

  it('never throws, whatever the file says', () => {
    const lines = fc.constantFrom(
      ...TEXT.split('\n'),
      '- ',
      '- - x:',
      'inputs: 7',
      'inputs: { generate: { fields: 3 } }',
      '{{',
      '\t',
    );
    fc.assert(
      fc.property(fc.array(lines, { maxLength: 10 }), fc.nat(), (pieces, at) => {
        const text = pieces.join('\n');
        const offset = text === '' ? 0 : at % (text.length + 1);
        completionsAt(text, offset);
        referencesAt(text, offset, parseChain(text));
      }),
      { numRuns: 300 },
    );
  });
});
