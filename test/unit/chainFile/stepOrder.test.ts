import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Chain } from '../../../src/chainFile/chain.js';
import { dependenciesOf, findCycle, neededFor, stepOrder } from '../../../src/chainFile/stepOrder.js';

/** A chain of steps by name, each with those that it uses. */
function chainOf(uses: Readonly<Record<string, readonly string[]>>): Chain {
  const steps = Object.entries(uses).map(([name, others]) => ({
    name,
    prompt: `Go. ${others.map(other => `{{steps.${other}}}`).join(' ')}`,
  }));
  return { model: 'm', steps };
}

describe('the order of steps', () => {
  it('has each after those that it uses, else as in the file', () => {
    const chain = chainOf({ last: ['middle', 'first'], other: [], middle: ['first'], first: [] });
    assert.deepEqual(
      stepOrder(chain).map(({ name }) => name),
      ['other', 'first', 'middle', 'last'],
    );
    assert.deepEqual([...neededFor(chain, 'middle')].sort(), ['first', 'middle']);
  });

  it('counts what a check uses as well', () => {
    const chain: Chain = {
      model: 'm',
      steps: [
        { name: 'a', prompt: 'x', checks: [{ contains: '{{steps.b}}' }] },
        { name: 'b', prompt: 'y' },
      ],
    };
    assert.deepEqual([...(dependenciesOf(chain).get('a') ?? [])], ['b']);
  });

  it('is there for any chain without a circle, and every circle is found', () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const any = fc.record(Object.fromEntries(names.map(name => [name, fc.subarray(names)])));
    fc.assert(
      fc.property(any, uses => {
        const chain = chainOf(uses);
        const cycle = findCycle(chain);
        if (cycle) {
          for (const [index, name] of cycle.entries()) {
            const next = cycle[(index + 1) % cycle.length] ?? '';
            assert.ok(dependenciesOf(chain).get(name)?.has(next));
          }
          return;
        }
        const order = stepOrder(chain).map(({ name }) => name);
        assert.deepEqual([...order].sort(), names);
        for (const [name, others] of dependenciesOf(chain))
          for (const other of others) assert.ok(order.indexOf(other) < order.indexOf(name));
      }),
    );
  });
});
