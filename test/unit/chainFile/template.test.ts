import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Json } from '../../../src/chainFile/json.js';
import {
  type Answer,
  parseTemplate,
  referencesOf,
  render,
  type Scope,
  TemplateError,
} from '../../../src/chainFile/template.js';

const INPUT = { topic: 'rivers', tags: ['a', 'b'], deep: { 'a b': { c: 7 } } };
const STEPS = new Map<string, Answer>([
  ['draft', { text: 'A text.' }],
  ['facts', { text: '{"title":"T","list":[1,{"x":true}]}', json: { title: 'T', list: [1, { x: true }] } }],
]);
const SCOPE: Scope = { input: INPUT, row: 3, steps: STEPS };

function filledIn(text: string, scope: Scope = SCOPE): string {
  const template = parseTemplate(text);
  assert.deepEqual(template.problems, []);
  return render(template, scope);
}

describe('templates of prompts', () => {
  it('are filled in with fields of the input, rows and answers', () => {
    const cases: [string, string][] = [
      ['About {{input.topic}}.', 'About rivers.'],
      ['{{ input.topic }}', 'rivers'],
      ['{{input.tags[1]}}{{input.tags.0}}', 'ba'],
      ['{{input.deep.a b.c}}', '7'],
      ['{{input.tags}}', '["a","b"]'],
      ['{{row}}', '3'],
      ['{{steps.draft}} {{steps.draft}}', 'A text. A text.'],
      ['{{steps.facts.json.title}}', 'T'],
      ['{{steps.facts.json.list[1].x}}', 'true'],
      ['{{steps.facts.json}}', '{"title":"T","list":[1,{"x":true}]}'],
      ['\\{{input.topic}}', '{{input.topic}}'],
      ['{single} }} {', '{single} }} {'],
    ];
    for (const [text, wanted] of cases) assert.equal(filledIn(text), wanted, text);
  });

  it('say what they cannot read, and where', () => {
    const cases: [string, RegExp][] = [
      ['{{topic}}', /write \{\{input\}\}/],
      ['{{}}', /is not known here/],
      ['{{input..x}}', /is not known here/],
      ['{{steps}}', /names no step/],
      ['{{steps.a.text}}', /only ".json"/],
      ['{{row.x}}', /is a number/],
      ['{{input.topic', /no }}/],
    ];
    for (const [text, wanted] of cases) {
      const { problems } = parseTemplate(`before ${text}`);
      assert.equal(problems.length, 1, text);
      assert.match(problems[0]?.message ?? '', wanted, text);
      assert.equal(problems[0]?.start, 'before '.length, text);
    }
  });

  it('reach nothing that is not a field of its own', () => {
    for (const path of ['constructor', '__proto__', 'toString', 'tags.length', 'topic.length', 'tags.-1'])
      assert.throws(() => render(parseTemplate(`{{input.${path}}}`), SCOPE), TemplateError, path);
  });

  it('miss what is not there instead of leaving a gap', () => {
    for (const text of ['{{input.other}}', '{{steps.other}}', '{{output}}', '{{count}}', '{{steps.facts.json.no}}'])
      assert.throws(() => render(parseTemplate(text), SCOPE), TemplateError, text);
    assert.throws(() => render(parseTemplate('{{steps.draft.json.a}}'), SCOPE), /is not JSON/);
  });

  it('fill in text as it is, whatever it looks like', () => {
    fc.assert(
      fc.property(fc.string(), value => {
        assert.equal(filledIn('<{{input}}>', { input: value }), `<${value}>`);
        assert.equal(filledIn('{{input.x}}', { input: { x: `{{steps.draft}}${value}` } }), `{{steps.draft}}${value}`);
      }),
    );
  });

  it('keep every character that is no reference', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('{{input}}', '{', '}', '\\', ' ', '{{row}}', 'x\n')), pieces => {
        const text = pieces.join('');
        const { parts, problems } = parseTemplate(text);
        if (problems.length > 0) return;
        const written = parts.map(part => (typeof part === 'string' ? part : part.raw)).join('');
        assert.equal(written, text.replaceAll('\\{{', '{{'));
        for (const { raw, start } of referencesOf({ parts, problems }))
          assert.equal(text.slice(start, start + raw.length), raw);
      }),
    );
  });

  it('stand for JSON as it is written', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const json = JSON.parse(JSON.stringify(value)) as Json;
        const text = filledIn('{{input.x}}', { input: { x: json } });
        assert.deepEqual(typeof json === 'string' ? text : JSON.parse(text), json);
      }),
    );
  });
});
