import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { exponentialBackoff } from '../../../src/engine/base/backoff.js';
import { DisposableStore, toDisposable } from '../../../src/engine/base/disposable.js';
import { Emitter } from '../../../src/engine/base/emitter.js';
import { Secret } from '../../../src/engine/base/secret.js';

describe('a disposable store', () => {
  it('lets go in reverse order, once, and of late arrivals at once', () => {
    const order: number[] = [];
    const store = new DisposableStore();
    for (const n of [1, 2, 3]) store.add(toDisposable(() => order.push(n)));
    store.dispose();
    store.dispose();
    store.add(toDisposable(() => order.push(4)));
    assert.deepEqual(order, [3, 2, 1, 4]);
  });

  it('lets go of all although one fails, and says so', () => {
    const order: number[] = [];
    const store = new DisposableStore();
    store.add(toDisposable(() => order.push(1)));
    store.add(
      toDisposable(() => {
        throw new Error('stuck');
      }),
    );
    assert.throws(() => store.dispose(), AggregateError);
    assert.deepEqual(order, [1]);
  });
});

describe('an emitter', () => {
  it('tells each subscription until it ends', () => {
    const emitter = new Emitter<number>();
    const heard: number[] = [];
    const listener = (value: number) => void heard.push(value);
    const first = emitter.event(listener);
    emitter.event(listener);
    emitter.fire(1);
    first.dispose();
    emitter.fire(2);
    assert.deepEqual(heard, [1, 1, 2]);
  });
});

describe('a secret', () => {
  it('prints as stars wherever text is made of it', () => {
    const secret = new Secret('hunter2');
    const shown = [String(secret), secret.toString(), JSON.stringify({ secret }), inspect({ secret })];
    assert.equal(shown.join().includes('hunter2'), false);
    assert.equal(secret.reveal(), 'hunter2');
  });
});

describe('the back-off', () => {
  it('doubles up to its cap, less up to a quarter, and starts over', () => {
    const full = exponentialBackoff(1000, 30_000, () => 0);
    assert.deepEqual(
      Array.from({ length: 7 }, () => full.next()),
      [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000],
    );
    full.reset();
    assert.equal(full.next(), 1000);
    assert.equal(exponentialBackoff(1000, 30_000, () => 0.999).next(), 750);
  });
});
