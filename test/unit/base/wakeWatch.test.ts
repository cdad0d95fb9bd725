import assert from 'node:assert/strict';
import type { Clock } from '../../../src/engine/base/clock.js';
import type { Disposable } from '../../../src/engine/base/disposable.js';
import { watchWake } from '../../../src/engine/base/wakeWatch.js';
import { FakeClock } from '../../support/fakeClock.js';

const HOUR = 3_600_000;

describe('the watch for sleep', () => {
  let clock: FakeClock;
  /** What the wall clock and the uptime are ahead of the timers. */
  let wallAhead: number;
  let uptimeAhead: number;
  let heard: number[];
  let watch: Disposable;

  beforeEach(() => {
    clock = new FakeClock();
    wallAhead = 0;
    uptimeAhead = 0;
    heard = [];
    const started = clock.now();
    const timers: Clock = { now: () => clock.now() + wallAhead, after: (ms, action) => clock.after(ms, action) };
    watch = watchWake(
      ms => heard.push(ms),
      timers,
      () => clock.now() - started + uptimeAhead,
    );
  });

  afterEach(() => {
    watch.dispose();
    assert.equal(clock.pending, 0, 'no timer is left');
  });

  function sleep(ms: number): void {
    wallAhead += ms;
    uptimeAhead += ms;
  }

  it('hears nothing while the machine is awake', () => {
    clock.advance(HOUR);
    assert.deepEqual(heard, []);
    assert.equal(clock.pending, 1);
  });

  it('hears of each sleep once, with its length', () => {
    clock.advance(7_000);
    sleep(HOUR);
    clock.advance(5_000);
    assert.deepEqual(heard, [HOUR]);
    clock.advance(60_000);
    sleep(2 * HOUR);
    clock.advance(60_000);
    assert.deepEqual(heard, [HOUR, 2 * HOUR]);
  });

  it('does not take a late tick for a sleep', () => {
    sleep(15_000);
    clock.advance(5_000);
    assert.deepEqual(heard, []);
    sleep(15_001);
    clock.advance(5_000);
    assert.deepEqual(heard, [15_001]);
  });

  it('is not moved by a clock that is set a little, or back', () => {
    for (const correction of [3_000, -3_000, -HOUR, 14_000]) {
      wallAhead += correction;
      clock.advance(5_000);
    }
    assert.deepEqual(heard, []);
  });

  it('hears of a sleep although the clock was set back meanwhile', () => {
    uptimeAhead += HOUR;
    wallAhead -= HOUR;
    clock.advance(5_000);
    assert.deepEqual(heard, [HOUR]);
  });

  it('hears of the sleep of a host by its guest, whose uptime stood still', () => {
    wallAhead += HOUR;
    clock.advance(5_000);
    assert.deepEqual(heard, [HOUR]);
  });

  it('goes on after a listener that fails', () => {
    watch.dispose();
    let woken = 0;
    watch = watchWake(
      () => {
        woken += 1;
        throw new Error('a listener failed');
      },
      clock,
      () => clock.now() + uptimeAhead,
    );
    uptimeAhead += HOUR;
    assert.throws(() => clock.advance(5_000));
    uptimeAhead += HOUR;
    assert.throws(() => clock.advance(5_000));
    assert.equal(woken, 2);
  });

  it('is over when it is disposed of, also by its own listener', () => {
    watch.dispose();
    watch = watchWake(
      () => {
        heard.push(0);
        watch.dispose();
      },
      clock,
      () => clock.now() + uptimeAhead,
    );
    uptimeAhead += HOUR;
    clock.advance(5_000);
    uptimeAhead += HOUR;
    clock.advance(HOUR);
    assert.deepEqual(heard, [0]);
  });

  it('keeps no process alive', () => {
    const before = process.getActiveResourcesInfo().filter(name => name === 'Timeout').length;
    const real = watchWake(() => undefined);
    assert.equal(process.getActiveResourcesInfo().filter(name => name === 'Timeout').length, before);
    real.dispose();
  });
});
