import assert from 'node:assert/strict';
import { IdleWatch } from '../../../src/engine/connections/idleWatch.js';
import { FakeClock } from '../../support/fakeClock.js';

const MINUTE = 60_000;

describe('the watch for idle connections', () => {
  function setUp(limit: number) {
    const state = { clock: new FakeClock(), limit, traffic: 0, idle: [] as number[] };
    const watch = new IdleWatch({
      clock: state.clock,
      limitMinutes: () => state.limit,
      traffic: () => state.traffic,
      onIdle: minutes => state.idle.push(minutes),
    });
    return { state, watch };
  }

  it('tells after so many minutes without use, and never where there is no limit', () => {
    const { state, watch } = setUp(0);
    state.clock.advance(600 * MINUTE);
    assert.deepEqual(state.idle, []);
    watch.used();
    state.limit = 30;
    state.clock.advance(29 * MINUTE);
    assert.deepEqual(state.idle, []);
    state.clock.advance(2 * MINUTE);
    assert.equal(state.idle[0], 30);
    watch.dispose();
    assert.equal(state.clock.pending, 0);
  });

  it('counts what goes through the tunnel as use', () => {
    const { state, watch } = setUp(2);
    for (let minute = 0; minute < 10; minute++) {
      state.traffic += 1;
      state.clock.advance(MINUTE);
    }
    assert.deepEqual(state.idle, []);
    state.clock.advance(3 * MINUTE);
    assert.equal(state.idle[0], 2);
    watch.dispose();
  });

  it('looks as often as a short limit needs', () => {
    const { state, watch } = setUp(0.1);
    state.clock.advance(6_000);
    assert.equal(state.idle[0], 0.1);
    watch.dispose();
  });
});
