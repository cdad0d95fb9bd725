import assert from 'node:assert/strict';
import { FEWEST_AT_ONCE, MOST_AT_ONCE, Pace } from '../../../src/engine/chains/pace.js';
import { Slots } from '../../../src/engine/chains/slots.js';

/** Tells a pace what answers would say of an Ollama with so many places, of which others keep some busy; answers how many are sent at a time then. */
function settle(slots: Slots, places: number, others = 0): number {
  const pace = new Pace(slots);
  for (let answer = 0; answer < 300; answer += 1) {
    const behind = Math.max(0, slots.size + others - places) / places;
    pace.heard(behind / (1 + behind));
  }
  return slots.size;
}

describe('how many prompts are asked for at a time', () => {
  for (const places of [1, 2, 4, 8])
    it(`is one more than the ${places} that the Ollama answers at once`, () => {
      assert.equal(settle(new Slots(FEWEST_AT_ONCE), places), places + 1);
    });

  it('goes down while others wait there, too, and up again after them', () => {
    const slots = new Slots(FEWEST_AT_ONCE);
    assert.equal(settle(slots, 2), 3);
    assert.equal(settle(slots, 2, 6), FEWEST_AT_ONCE);
    assert.equal(settle(slots, 2), 3);
  });

  it('has an end, and stays where it is when the Ollama does not say how long it took', () => {
    assert.equal(settle(new Slots(FEWEST_AT_ONCE), 64), MOST_AT_ONCE);
    const slots = new Slots(FEWEST_AT_ONCE);
    const pace = new Pace(slots);
    for (let answer = 0; answer < 100; answer += 1) pace.heard(null);
    assert.equal(slots.size, FEWEST_AT_ONCE);
  });
});

describe('places that become more or fewer', () => {
  it('let in who waits, and take back only what is free', async () => {
    const slots = new Slots(1);
    const ends: (() => void)[] = [];
    let busy = 0;
    const all = [1, 2, 3, 4].map(() =>
      slots.run(async () => {
        busy += 1;
        await new Promise<void>(resolve => ends.push(resolve));
        busy -= 1;
      }),
    );
    const turn = async () => {
      await new Promise(resolve => setImmediate(resolve));
    };
    await turn();
    assert.equal(busy, 1);
    slots.resize(3);
    await turn();
    assert.equal(busy, 3);
    slots.resize(1);
    ends.shift()?.();
    ends.shift()?.();
    await turn();
    assert.equal(busy, 1, 'nobody comes in while more are busy than may be');
    ends.shift()?.();
    await turn();
    assert.equal(busy, 1);
    ends.shift()?.();
    await Promise.all(all);
  });
});
