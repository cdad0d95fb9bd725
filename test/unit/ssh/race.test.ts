import assert from 'node:assert/strict';
import { type Contestant, Race } from '../../../src/engine/ssh/transport/race.js';

/** A contestant that the test lets arrive or fail. */
function controlled(): {
  run: Contestant<string>;
  arrive(value: string): void;
  fail(): void;
  started: Promise<void>;
  ended: () => boolean;
} {
  let arrive: (value: string) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  let begin: () => void = () => undefined;
  let aborted = false;
  const started = new Promise<void>(resolve => (begin = resolve));
  return {
    started,
    ended: () => aborted,
    arrive: value => arrive(value),
    fail: () => fail(new Error('failed')),
    run: signal =>
      new Promise((resolve, reject) => {
        begin();
        arrive = resolve;
        fail = reject;
        signal.addEventListener('abort', () => {
          aborted = true;
          reject(new Error('aborted'));
        });
      }),
  };
}

describe('a race', () => {
  const never = new AbortController().signal;
  const LATER = 3_600_000;

  it('is won by the first, and stops the others', async () => {
    const [slow, quick] = [controlled(), controlled()];
    const race = new Race([slow.run, quick.run], { staggerMs: 0, signal: never, discard: () => undefined });
    await quick.started;
    quick.arrive('quick');
    assert.deepEqual(await race.next(), { index: 1, value: 'quick' });
    race.dispose();
    assert.equal(slow.ended(), true);
  });

  it('starts the next at once when one fails, and otherwise gives it time', async () => {
    const [first, second] = [controlled(), controlled()];
    const race = new Race([first.run, second.run], { staggerMs: LATER, signal: never, discard: () => undefined });
    await first.started;
    first.fail();
    await second.started;
    second.arrive('second');
    assert.deepEqual(await race.next(), { index: 1, value: 'second' });
    assert.equal(race.failures.size, 1);
    race.dispose();
  });

  it('is over when all have failed', async () => {
    const [first, second] = [controlled(), controlled()];
    const race = new Race([first.run, second.run], { staggerMs: 0, signal: never, discard: () => undefined });
    await second.started;
    first.fail();
    second.fail();
    assert.equal(await race.next(), undefined);
    assert.deepEqual([...race.failures.keys()].sort(), [0, 1]);
  });

  it('lets go of what comes too late', async () => {
    const discarded: string[] = [];
    let arrive: (value: string) => void = () => undefined;
    const deaf: Contestant<string> = () => new Promise(resolve => (arrive = resolve));
    const race = new Race([deaf], { staggerMs: 0, signal: never, discard: value => discarded.push(value) });
    race.dispose();
    arrive('late');
    await Promise.resolve();
    await Promise.resolve();
    assert.deepEqual(discarded, ['late']);
  });

  it('ends with its signal', async () => {
    const controller = new AbortController();
    const [first, second] = [controlled(), controlled()];
    const race = new Race([first.run, second.run], {
      staggerMs: LATER,
      signal: controller.signal,
      discard: () => undefined,
    });
    const next = race.next();
    controller.abort();
    assert.equal(await next, undefined);
    assert.equal(first.ended(), true);
    race.dispose();
  });
});
