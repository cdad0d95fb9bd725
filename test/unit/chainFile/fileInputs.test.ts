import assert from 'node:assert/strict';
import { inputFileOf, inputFileProblem, inputsFromText } from '../../../src/chainFile/fileInputs.js';
import { parseChain } from '../../../src/chainFile/parseChain.js';

/** What is said of a chain whose input file has this text, each as `line: message`; none where its inputs can be used. */
function saidOf(file: string, text: string, prompt = 'Write about {{input.topic}}.'): string[] {
  const { chain, places, lines } = parseChain(
    `model: m\ninputs:\n  file: ${file}\nsteps:\n  - name: one\n    prompt: "${prompt}"\n`,
  );
  assert.ok(chain);
  const found = inputsFromText(chain, text, places);
  if (!('problems' in found)) return [];
  return found.problems.map(({ start, message }) => `${lines.position(start).line + 1}: ${message}`);
}

describe('the input file of a chain', () => {
  it('is complained about where the chain names it', () => {
    const { chain, places, lines } = parseChain('model: m\ninputs: { file: a.csv }\nsteps: [{ name: a, prompt: b }]\n');
    assert.ok(chain);
    assert.equal(inputFileOf(chain), 'a.csv');
    const { start, end, severity } = inputFileProblem('It is not there.', places);
    assert.deepEqual(lines.position(start), { line: 1, character: 16 });
    assert.deepEqual(lines.position(end), { line: 1, character: 21 });
    assert.equal(severity, 'error');
  });

  it('has the fields that a template asks for, or the template is wrong', () => {
    assert.deepEqual(saidOf('a.csv', 'topic,n\nrivers,1\n'), []);
    assert.deepEqual(saidOf('a.csv', 'topics,n\nrivers,1\n'), [
      '6: The inputs have no "topic". Did you mean "topics"?',
    ]);
    assert.deepEqual(saidOf('a.jsonl', '{"topic":"a"}\n{"title":"b"}\n'), [
      '6: Input 2 has no "topic", which {{input.topic}} asks for.',
    ]);
    assert.deepEqual(saidOf('a.txt', 'rivers\n'), [
      '6: {{input.topic}}: the inputs have no fields; {{input}} is all of one.',
    ]);
    assert.deepEqual(saidOf('a.txt', 'rivers\n', 'Write about {{input}}.'), []);
  });

  it('is itself wrong at a line of its own', () => {
    assert.deepEqual(saidOf('a.jsonl', '{"topic":"a"}\n{topic}\n'), ['3: a.jsonl, line 2: This line is no JSON.']);
    assert.deepEqual(saidOf('a.csv', ''), ['3: a.csv: There is no input in it.']);
  });
});
