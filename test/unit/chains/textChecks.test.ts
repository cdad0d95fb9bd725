import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Check } from '../../../src/chainFile/chain.js';
import { render } from '../../../src/chainFile/template.js';
import { planCheck } from '../../../src/engine/chains/checks/checkPlan.js';
import { TextChecks, type Verdict } from '../../../src/engine/chains/checks/textChecks.js';

const checks = new TextChecks();

function verdict(check: Check, text: string): Verdict {
  const plan = planCheck(check);
  const texts = plan.texts.map(template => render(template, { input: { topic: 'Rivers' } }));
  return checks.check(plan, text, texts);
}

describe('checks that need no model', () => {
  it('pass what is right and say why not', () => {
    const cases: [Check, string, string][] = [
      [{ contains: 'river' }, 'a river', 'a lake'],
      [{ contains: ['a', 'b'] }, 'b and a', 'only a'],
      [{ contains: '{{input.topic}}' }, 'Rivers flow', 'rivers flow'],
      [{ contains: 'RIVER', ignoreCase: true }, 'a river', 'a lake'],
      [{ notContains: ['sorry', 'cannot'] }, 'here it is', 'I cannot'],
      [{ matches: '^\\d+$' }, '42', '42 '],
      [{ matches: '^yes$', ignoreCase: true }, 'Yes', 'no'],
      [{ length: { max: 3, unit: 'words' } }, ' one two  three ', 'one two three four'],
      [{ length: { min: 2, max: 2, unit: 'lines' } }, 'a\nb\n', 'a'],
      [{ length: { max: 2 } }, '👍🏽', 'abc'],
      [{ equals: '{{input.topic}}' }, ' Rivers\n', 'Boats'],
      [{ equals: 5 }, '5', '6'],
      [{ schema: { type: 'object', required: ['a'] } }, '{"a":1}', '{"b":1}'],
      [{ schema: { type: 'array', items: { type: 'integer' } } }, '[1]', 'no JSON'],
    ];
    for (const [check, right, wrong] of cases) {
      assert.equal(verdict(check, right).passed, true, JSON.stringify(check));
      const failed = verdict(check, wrong);
      assert.equal(failed.passed, false, JSON.stringify(check));
      // a model is told this
      assert.match(failed.detail, /^It.*\.$/);
    }
  });

  it('end a regular expression that runs for ever, and do not try it again', () => {
    const plan = planCheck({ matches: '^(a+)+$' });
    const text = `${'a'.repeat(40)}!`;
    const first = checks.check(plan, text, []);
    assert.deepEqual([first.passed, first.detail.includes('takes too long')], [false, true]);
    assert.deepEqual(checks.check(plan, 'aaa', []), first);
  });

  it('never throw, whatever an answer says', () => {
    const schema = { type: 'object', properties: { a: { type: 'string', pattern: '^x' } } } as const;
    const all: Check[] = [{ contains: 'x' }, { matches: 'x' }, { length: { min: 1, unit: 'words' } }, { schema }];
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), fc.constantFrom(...all), (text, check) => {
        assert.equal(typeof verdict(check, text).passed, 'boolean');
      }),
    );
  });

  it('count words as they are separated', () => {
    const word = fc.stringMatching(/^[a-z]{1,8}$/);
    const gap = fc.constantFrom(' ', '\n', '  ', '\t');
    fc.assert(
      fc.property(fc.array(fc.tuple(word, gap), { maxLength: 30 }), pairs => {
        const text = pairs.flat().join('');
        const exact: Check = { length: { min: pairs.length, max: pairs.length, unit: 'words' } };
        assert.equal(verdict(exact, text).passed, true);
      }),
    );
  });
});
