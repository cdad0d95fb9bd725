import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { LoginTimer } from '../../../src/engine/ssh/loginTimer.js';

describe('login timer', () => {
  it('fires after its time', async () => {
    const { expired } = new LoginTimer(5);
    await once(expired, 'abort');
  });

  it('does not fire while a question is open, not even for the outer one of two, and goes on afterwards', async () => {
    const timer = new LoginTimer(5);
    timer.pause();
    timer.pause();
    timer.resume();
    // far more than the limit: what is asserted is that nothing happens
    await delay(40);
    assert.equal(timer.expired.aborted, false);
    timer.resume();
    await once(timer.expired, 'abort');
  });

  it('never fires once it is disposed, also when a question is answered afterwards', async () => {
    const timer = new LoginTimer(1);
    timer.pause();
    timer.dispose();
    timer.resume();
    await delay(10);
    assert.equal(timer.expired.aborted, false);
  });
});
