import assert from 'node:assert/strict';
import { CrashGuard } from '../../../src/engine/crashGuard.js';

describe('an engine in which something fails where nobody waits for it', () => {
  function setUp() {
    const reported: unknown[] = [];
    const state = { now: 0, ends: 0 };
    const guard = new CrashGuard(
      error => reported.push(error),
      () => (state.ends += 1),
      () => state.now,
    );
    return { guard, reported, state };
  }

  it('goes on, and says so each time', () => {
    const { guard, reported, state } = setUp();
    for (let hour = 0; hour < 100; hour++) {
      state.now = hour * 3_600_000;
      guard.caught(new Error('now and then'));
    }
    assert.deepEqual([reported.length, state.ends], [100, 0]);
  });

  it('ends, once, when it fails without a pause, and writes no more', () => {
    const { guard, reported, state } = setUp();
    for (let n = 0; n < 1000; n++) guard.caught(new Error('again'));
    assert.deepEqual([reported.length, state.ends], [11, 1]);
  });
});
