import assert from 'node:assert/strict';
import { EndpointPublisher } from '../../../src/vscode/endpointPublisher.js';

const LOCAL = 'http://localhost:11434';
const SPARK = 'http://localhost:11435';

function publisherOver(start: string) {
  const state = {
    truth: undefined as string | undefined,
    setting: start,
    writes: [] as string[],
    logged: [] as string[],
    failure: undefined as Error | undefined,
    now: 0,
    /** What another program does right after each write. */
    meddle: undefined as string | undefined,
  };
  const publisher = new EndpointPublisher(
    () => state.truth,
    {
      read: () => state.setting,
      write: async url => {
        state.writes.push(url);
        await Promise.resolve();
        if (state.failure) throw state.failure;
        state.setting = state.meddle ?? url;
      },
    },
    message => {
      state.logged.push(message);
    },
    () => state.now,
  );
  return { state, publisher };
}

describe('the endpoint setting', () => {
  it('is written when it differs and left alone when it is right', async () => {
    const { state, publisher } = publisherOver(LOCAL);
    state.truth = LOCAL;
    await publisher.publish();
    assert.deepEqual(state.writes, []);
    state.truth = SPARK;
    await publisher.publish();
    await publisher.publish();
    assert.deepEqual(state.writes, [SPARK]);
  });

  it('is not touched while the truth is unknown or somebody else writes it', async () => {
    const { state, publisher } = publisherOver('http://elsewhere');
    await publisher.publish();
    assert.deepEqual(state.writes, []);
  });

  it('is set right again after a change by hand', async () => {
    const { state, publisher } = publisherOver(SPARK);
    state.truth = SPARK;
    await publisher.publish();
    state.setting = 'http://elsewhere';
    await publisher.publish();
    assert.equal(state.setting, SPARK);
  });

  it('ends at the newest truth when that changes during a write', async () => {
    const { state, publisher } = publisherOver('http://old');
    state.truth = SPARK;
    const first = publisher.publish();
    state.truth = LOCAL;
    await Promise.all([first, publisher.publish()]);
    assert.deepEqual(state.writes, [SPARK, LOCAL]);
    assert.equal(state.setting, LOCAL);
  });

  it('says once that it cannot be written, and tries again when the truth changes', async () => {
    const { state, publisher } = publisherOver(LOCAL);
    state.truth = SPARK;
    state.failure = new Error('settings.json has errors');
    await publisher.publish();
    await publisher.publish();
    assert.equal(state.writes.length, 1);
    assert.equal(state.logged.length, 1);
    assert.match(state.logged[0]!, /settings\.json has errors/);
    state.failure = undefined;
    state.truth = 'http://localhost:11436';
    await publisher.publish();
    assert.equal(state.setting, 'http://localhost:11436');
  });

  it('does not fight a program that keeps writing another value', async () => {
    const { state, publisher } = publisherOver(LOCAL);
    state.truth = SPARK;
    state.meddle = LOCAL;
    await publisher.publish();
    await publisher.publish();
    assert.equal(state.writes.length, 5);
    assert.equal(state.logged.length, 1);
  });

  it('follows any number of changes by hand that are not a fight', async () => {
    const { state, publisher } = publisherOver(SPARK);
    state.truth = SPARK;
    for (let change = 0; change < 20; change++) {
      state.now += 60_000;
      state.setting = LOCAL;
      await publisher.publish();
      assert.equal(state.setting, SPARK);
    }
    assert.deepEqual(state.logged, []);
  });
});
