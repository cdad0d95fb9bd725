import assert from 'node:assert/strict';
import { once } from 'node:events';
import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { LoginTimer } from '../../../src/engine/ssh/loginTimer.js';

describe('login timer', () => {
  it('fires after its time', async () => {
    const events = new EventEmitter();
    new LoginTimer(5, () => events.emit('timeout'));
    await once(events, 'timeout');
  });

  it('does not fire while a question is open, not even for the outer one of two, and goes on afterwards', async () => {
    const events = new EventEmitter();
    let fired = false;
    const timer = new LoginTimer(5, () => {
      fired = true;
      events.emit('timeout');
    });
    timer.pause();
    timer.pause();
    timer.resume();
    // far more than the limit: what is asserted is that nothing happens
    await delay(40);
    assert.equal(fired, false);
    const over = once(events, 'timeout');
    timer.resume();
    await over;
  });

  it('never fires once it is disposed', async () => {
    let fired = false;
    const timer = new LoginTimer(1, () => {
      fired = true;
    });
    timer.pause();
    timer.dispose();
    timer.resume();
    await delay(10);
    assert.equal(fired, false);
  });
});
