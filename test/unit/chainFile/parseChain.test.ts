import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseChain } from '../../../src/chainFile/parseChain.js';

const GOOD = `# a comment
model: llama3.1:8b
endpoint: auto
inputs:
  - { topic: rivers }
  - { topic: bridges }
steps:
  - name: draft
    prompt: Write about {{input.topic}}.
    output:
      schema:
        type: object
        properties: { title: { type: string } }
    checks:
      - length: { max: 100, unit: words }
      - equals: "{{input.topic}}"
        of: "{{output.json.title}}"
    retries: 2
  - name: short
    prompt: "Shorten: {{steps.draft.json.title}}"
outputs:
  summary: "{{steps.short}}"
`;

/** Each problem as `line: message`. */
function problemsOf(text: string): string[] {
  const { problems, lines } = parseChain(text);
  return problems.map(({ start, message }) => `${lines.position(start).line + 1}: ${message}`);
}

describe('chain files', () => {
  it('are read from YAML, and from JSON by the same rules', () => {
    const { chain, problems } = parseChain(GOOD);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      chain?.steps.map(({ name }) => name),
      ['draft', 'short'],
    );
    const asJson = parseChain(JSON.stringify(chain, null, 2));
    assert.deepEqual([asJson.chain, asJson.problems], [chain, []]);
  });

  it('tell each error at its line, with what was expected', () => {
    const change = (from: string, to: string) => problemsOf(GOOD.replace(from, to));
    const cases: [string[], RegExp][] = [
      [change('model: llama3.1:8b', 'modle: x'), /^2: There is no "modle" here. Did you mean "model"/],
      [change('endpoint: auto', 'endpoint: nowhere'), /^3: "endpoint" must be auto, local, dgx/],
      [change('retries: 2', 'retries: often'), /^18: "retries" must be a whole number, not "often"/],
      [change('retries: 2', 'retries: 99'), /^18: "retries" must be at most 10, not 99/],
      [change('{{input.topic}}.', '{{input.topik}}.'), /^9: The inputs have no "topik". Did you mean "topic"/],
      [change('Shorten: {{steps.draft', 'Shorten: {{steps.drafted'), /^20: There is no step "drafted".*"draft"/],
      [change('json.title}}"\nout', 'json.name}}"\nout'), /^20: .*has no "name", but "title"/],
      [change('name: short', 'name: draft'), /^19: Another step is called "draft"/],
      [change('about {{input.topic}}', 'about {{steps.short}}'), /^8: These steps wait for each other: draft → short/],
      [change('about {{input.topic}}', 'about {{steps.draft}}'), /^9: The step "draft" cannot use its own answer/],
      [change('about {{input.topic}}', 'about {{output}}'), /^9: .*means nothing here/],
      [change('- length: { max: 100, unit: words }', '- matches: "("'), /^15: This is no regular expression/],
      [change('max: 100', 'min: 200, max: 100'), /^15: "min" is more than "max"/],
      [change('type: object', 'type: objekt'), /^\d+: This is no JSON schema: there is no type "objekt"/],
      [change('prompt: Write about', 'prompt: {{input.topic}} Write about'), /^9: /],
      [change('steps:', 'steps: ['), /^\d+: /],
    ];
    for (const [problems, wanted] of cases)
      assert.ok(
        problems.some(problem => wanted.test(problem)),
        `${String(wanted)} in ${JSON.stringify(problems)}`,
      );
  });

  it('tell of all errors, and run with none', () => {
    const text = GOOD.replace('{{input.topic}}.', '{{input.a}} {{input.b}}').replace('{{steps.short}}', '{{steps.x}}');
    assert.equal(problemsOf(text).length, 3);
    assert.equal(parseChain(text).chain, undefined);
  });

  it('run with a misspelt option, which Ollama would leave out without a word', () => {
    const { chain, problems } = parseChain(GOOD.replace('endpoint: auto', 'options: { temprature: 0 }'));
    assert.ok(chain);
    assert.deepEqual(
      problems.map(({ severity, message }) => [severity, message.includes('Did you mean "temperature"')]),
      [['warning', true]],
    );
  });

  it('may be anything: what cannot be read is a problem with a place', () => {
    const lines = fc.constantFrom(
      ...GOOD.split('\n'),
      '&a [*a, *a]',
      '- - -',
      '{',
      '!!js/function x',
      '\t',
      '? :',
      '<<: *a',
    );
    fc.assert(
      fc.property(fc.array(lines, { maxLength: 12 }), pieces => {
        const text = pieces.join('\n');
        const { chain, problems } = parseChain(text);
        assert.ok(chain !== undefined || problems.length > 0);
        for (const { start, end } of problems) assert.ok(start >= 0 && start < end && start <= text.length);
      }),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        assert.ok(parseChain(JSON.stringify(value)).problems.length > 0);
      }),
    );
  });

  it('of aliases of aliases do not fill the memory', () => {
    const letters = 'a b c d e f g h i j'.split(' ');
    const bomb = letters.map((name, index) =>
      index === 0 ? 'a: &a [x, x, x, x, x]' : `${name}: &${name} [${`*${letters[index - 1] ?? ''},`.repeat(9)}]`,
    );
    assert.ok(problemsOf(bomb.join('\n')).length > 0);
  });
});
