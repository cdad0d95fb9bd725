import assert from 'node:assert/strict';
import { FEWEST_AT_ONCE, MOST_AT_ONCE, Pace } from '../../../src/engine/chains/pace.js';
import { Slots } from '../../../src/engine/chains/slots.js';
import { FakeClock } from '../../support/fakeClock.js';
import { SimulatedQueue } from '../../support/simulatedQueue.js';

/** Lets promises go as far as they can while the clock stands still. */
async function turn(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve));
}

/** Sends answers of uneven length to a queue with so many places for a while, as many at a time as a pace finds right. */
async function runAgainst(places: number): Promise<{ used: number; size: number; longestQueue: number }> {
  const clock = new FakeClock();
  const queue = new SimulatedQueue(clock, places);
  const slots = new Slots(FEWEST_AT_ONCE);
  const pace = new Pace(slots);
  let seed = 7;
  let isOver = false;
  let longestQueue = 0;
  const worker = async () => {
    while (!isOver)
      await slots.run(async () => {
        seed = (seed * 48_271) % 2_147_483_647;
        pace.heard(await queue.ask(50 + (seed % 100)));
      });
  };
  const workers = Array.from({ length: 2 * MOST_AT_ONCE + 1 }, worker);
  const goOn = async (steps: number) => {
    for (let step = 0; step < steps; step += 1) {
      await turn();
      clock.advance(10);
      longestQueue = Math.max(longestQueue, slots.size - places);
    }
  };
  // while it finds out
  await goOn(500);
  queue.reset();
  longestQueue = 0;
  const from = clock.now();
  await goOn(1000);
  const used = queue.used(from);
  const { size } = slots;
  isOver = true;
  while (clock.pending > 0) {
    clock.advance(1000);
    await turn();
  }
  await Promise.all(workers);
  return { used, size, longestQueue };
}

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

  for (const places of [1, 2, 4, 8])
    it(`keeps ${places} places busy whose answers take differently long`, async () => {
      const { used, longestQueue } = await runAgainst(places);
      assert.ok(used >= 0.95, `${(100 * used).toFixed(1)} % of the time`);
      assert.ok(longestQueue <= 2, `${longestQueue} wait in front of others`);
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
