import assert from 'node:assert/strict';
import { KeepAlive } from '../../../src/engine/ssh/keepAlive.js';
import { FakeClock } from '../../support/fakeClock.js';

const INTERVAL = 10_000;

function setUp(count = 3) {
  const clock = new FakeClock();
  const state = { questions: [] as (() => void)[], congested: false, deaths: 0 };
  const keepAlive = new KeepAlive({
    clock,
    intervalMs: INTERVAL,
    count,
    ask: answered => state.questions.push(answered),
    isCongested: () => state.congested,
    onDead: () => (state.deaths += 1),
  });
  const answer = () => {
    keepAlive.heard();
    state.questions.at(-1)?.();
  };
  return { clock, state, keepAlive, answer };
}

describe('a keepalive', () => {
  it('asks once an interval as long as it is answered', () => {
    const { clock, state, answer } = setUp();
    for (let asked = 1; asked <= 5; asked++) {
      clock.advance(INTERVAL);
      assert.equal(state.questions.length, asked);
      answer();
    }
    assert.equal(state.deaths, 0);
  });

  it('notices a death three intervals after the last answer, not earlier', () => {
    const { clock, state, answer } = setUp();
    clock.advance(INTERVAL);
    answer();
    clock.advance(3 * INTERVAL - 1);
    assert.equal(state.deaths, 0);
    clock.advance(1);
    assert.deepEqual([state.deaths, clock.pending], [1, 0]);
  });

  it('leaves time for an answer, also where the configuration allows none to be missed', () => {
    for (const count of [0, 1, 2]) {
      const { clock, state, answer } = setUp(count);
      clock.advance(INTERVAL + 500);
      answer();
      clock.advance(2 * INTERVAL - 1);
      assert.equal(state.deaths, 0);
      clock.advance(1);
      assert.equal(state.deaths, 1);
    }
  });

  it('is not deceived by what a machine sends that hears nothing', () => {
    const { clock, state, keepAlive } = setUp();
    for (let passed = 0; passed < 3 * INTERVAL; passed += 500) {
      keepAlive.heard();
      clock.advance(500);
    }
    assert.equal(state.deaths, 1);
  });

  it('is patient while its question stands behind an upload of which the other side takes note', () => {
    const { clock, state, keepAlive } = setUp();
    state.congested = true;
    for (let interval = 0; interval < 10; interval++) {
      keepAlive.heard();
      clock.advance(INTERVAL);
    }
    assert.equal(state.deaths, 0);
    // an upload of which nobody takes note goes nowhere
    clock.advance(2 * INTERVAL);
    assert.equal(state.deaths, 1);
  });

  it('does not take the time that a computer has slept for silence', () => {
    const { clock, state, answer } = setUp();
    clock.sleep(3_600_000);
    assert.deepEqual([state.deaths, state.questions.length], [0, 1]);
    clock.sleep(3_600_000);
    assert.equal(state.deaths, 0, 'it has had no more than a moment to answer in');
    answer();
  });

  describe('that is to check at once', () => {
    it('asks, and gives the other side so long', () => {
      const { clock, state, keepAlive } = setUp();
      keepAlive.check(5_000);
      assert.equal(state.questions.length, 1);
      clock.advance(4_999);
      assert.equal(state.deaths, 0);
      clock.advance(1);
      assert.deepEqual([state.deaths, clock.pending], [1, 0]);
    });

    it('takes whatever comes for a sign of life', () => {
      const { clock, state, keepAlive, answer } = setUp();
      keepAlive.check(5_000);
      clock.advance(4_999);
      keepAlive.heard();
      clock.advance(INTERVAL - 4_999);
      assert.equal(state.deaths, 0);
      answer();
    });

    it('gives a full interval to answer in, whenever it was asked', () => {
      const { clock, state, keepAlive } = setUp(2);
      clock.advance(INTERVAL - 1);
      keepAlive.check(60_000);
      clock.advance(INTERVAL - 1);
      assert.equal(state.deaths, 0);
      clock.advance(1);
      assert.equal(state.deaths, 1);
    });

    it('does not put off the death of a link that is checked again and again', () => {
      const { clock, state, keepAlive } = setUp();
      for (let passed = 0; passed < 3 * INTERVAL; passed += 500) {
        keepAlive.check(5_000);
        keepAlive.heard();
        clock.advance(500);
      }
      assert.equal(state.deaths, 1);
    });
  });

  it('is silent after its end, whatever still comes', () => {
    const { clock, state, keepAlive, answer } = setUp();
    clock.advance(INTERVAL);
    keepAlive.dispose();
    answer();
    keepAlive.check(1_000);
    assert.deepEqual([clock.pending, state.deaths, state.questions.length], [0, 0, 1]);
  });
});
