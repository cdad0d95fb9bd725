import assert from 'node:assert/strict';
import { IdleWatch } from '../../../src/engine/connections/idleWatch.js';
import { FakeClock } from '../../support/fakeClock.js';

const MINUTE = 60_000;

function setUp(limit = 10) {
  const clock = new FakeClock();
  const state = { limit, traffic: 0, idle: [] as number[] };
  const watch = new IdleWatch({
    clock,
    limitMinutes: () => state.limit,
    traffic: () => state.traffic,
    onIdle: minutes => {
      state.idle.push(minutes);
      watch.dispose();
    },
  });
  return { clock, state, watch };
}

describe('an idle watch', () => {
  it('tells once that nobody has used the connection for as long as the setting says', () => {
    const { clock, state } = setUp();
    clock.advance(10 * MINUTE - 1);
    assert.deepEqual(state.idle, []);
    clock.advance(MINUTE);
    assert.deepEqual(state.idle, [10]);
    clock.advance(60 * MINUTE);
    assert.deepEqual([state.idle, clock.pending], [[10], 0]);
  });

  it('takes bytes through the tunnel for use', () => {
    const { clock, state } = setUp();
    for (let minute = 0; minute < 30; minute++) {
      state.traffic += 1;
      clock.advance(MINUTE);
    }
    assert.deepEqual(state.idle, []);
    clock.advance(10 * MINUTE);
    assert.deepEqual(state.idle, [10]);
  });

  it('takes what the user does for use', () => {
    const { clock, state, watch } = setUp();
    clock.advance(9 * MINUTE);
    watch.used();
    clock.advance(9 * MINUTE);
    assert.deepEqual(state.idle, []);
    clock.advance(2 * MINUTE);
    assert.deepEqual(state.idle, [10]);
  });

  it('never tells with a limit of 0, and follows a limit that changes', () => {
    const { clock, state } = setUp(0);
    clock.advance(24 * 60 * MINUTE);
    assert.deepEqual(state.idle, []);
    state.limit = 5;
    clock.advance(MINUTE);
    assert.deepEqual(state.idle, [5]);
  });

  it('looks as often as a short limit needs', () => {
    const { clock, state } = setUp(0.1);
    clock.advance(6_000);
    assert.deepEqual(state.idle, [0.1]);
  });

  it('leaves no timer behind', () => {
    const { clock, watch } = setUp();
    clock.advance(MINUTE);
    watch.dispose();
    assert.equal(clock.pending, 0);
  });
});
