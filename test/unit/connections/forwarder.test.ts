import assert from 'node:assert/strict';
import { PassThrough, type Duplex } from 'node:stream';
import { toDisposable } from '../../../src/engine/base/disposable.js';
import { Emitter } from '../../../src/engine/base/emitter.js';
import { Forwarder } from '../../../src/engine/connections/forwarder.js';
import type { SshSession } from '../../../src/engine/ssh/types.js';
import { type ErrorCode, SparkError } from '../../../src/shared/errors.js';
import { FakeClock } from '../../support/fakeClock.js';

/** A session whose forwards the test confirms and refuses. */
class FakeSession implements Pick<SshSession, 'forward' | 'check'> {
  readonly asked: {
    host: string;
    port: number;
    confirm: (stream: Duplex) => void;
    refuse: (code: ErrorCode) => void;
  }[] = [];
  /** The limits within which it was to give a sign of life. */
  readonly checks: number[] = [];

  forward(host: string, port: number): Promise<Duplex> {
    return new Promise((confirm, reject) => {
      const refuse = (code: ErrorCode) => reject(new SparkError({ code, message: code }));
      this.asked.push({ host, port, confirm, refuse });
    });
  }

  check(limitMs: number): void {
    this.checks.push(limitMs);
  }
}

/** What waits on promises that have been settled. */
const settled = () => new Promise<void>(resolve => setImmediate(resolve));

function setUp() {
  const clock = new FakeClock();
  const connected = new Emitter<SshSession>();
  let live: FakeSession | undefined;
  let awaiting = 0;
  const forwarder = new Forwarder({
    clock,
    liveSession: () => live as unknown as SshSession | undefined,
    onDidConnect: connected.event,
    awaitLink: () => {
      awaiting += 1;
      return toDisposable(() => (awaiting -= 1));
    },
  });
  return {
    clock,
    forwarder,
    awaiting: () => awaiting,
    connect: () => {
      const session = new FakeSession();
      live = session;
      connected.fire(session as unknown as SshSession);
      return session;
    },
    /** As a session that is lost does: nothing is live any more when those who wait are told. */
    lose: (code: ErrorCode = 'connectionLost') => {
      const lost = live;
      live = undefined;
      for (const { refuse } of lost?.asked ?? []) refuse(code);
    },
  };
}

const failsWith = (work: Promise<unknown>, code: ErrorCode) =>
  assert.rejects(work, (error: unknown) => SparkError.is(error, code));

describe('a forwarder', () => {
  it('opens a stream on the session that is there', async () => {
    const { clock, forwarder, connect, awaiting } = setUp();
    const session = connect();
    const opening = forwarder.forward('127.0.0.1', 11434);
    const stream = new PassThrough();
    assert.deepEqual([session.asked[0]?.host, session.asked[0]?.port], ['127.0.0.1', 11434]);
    session.asked[0]?.confirm(stream);
    assert.equal(await opening, stream);
    assert.deepEqual([clock.pending, awaiting()], [0, 0]);
  });

  it('lets a request that arrives while the link is down wait for the next session, and says that one waits', async () => {
    const { clock, forwarder, connect, awaiting } = setUp();
    const opening = forwarder.forward('127.0.0.1', 11434);
    clock.advance(19_999);
    assert.equal(awaiting(), 1);
    const session = connect();
    await settled();
    const stream = new PassThrough();
    session.asked[0]?.confirm(stream);
    assert.equal(await opening, stream);
    assert.deepEqual([clock.pending, awaiting()], [0, 0]);
  });

  it('gives up after 20 seconds', async () => {
    const { clock, forwarder, connect, awaiting } = setUp();
    const failing = failsWith(forwarder.forward('127.0.0.1', 11434), 'notConnected');
    clock.advance(20_000);
    await failing;
    assert.equal(connect().asked.length, 0);
    assert.deepEqual([clock.pending, awaiting()], [0, 0]);
  });

  it('opens a stream again that the lost session had not confirmed, however often that happens', async () => {
    const { clock, forwarder, connect, lose } = setUp();
    const first = connect();
    const opening = forwarder.forward('127.0.0.1', 11434);
    assert.equal(first.asked.length, 1);
    for (const code of ['connectionLost', 'notConnected'] as const) {
      lose(code);
      await settled();
      // each loss has its own 20 seconds, also where the request is older than that
      clock.advance(15_000);
      const next = connect();
      await settled();
      assert.equal(next.asked.length, 1);
    }
    lose();
    await settled();
    const last = connect();
    await settled();
    const stream = new PassThrough();
    last.asked[0]?.confirm(stream);
    assert.equal(await opening, stream);
    assert.equal(clock.pending, 0);
  });

  it('passes on at once what has nothing to do with the link', async () => {
    const { forwarder, connect } = setUp();
    const session = connect();
    const failing = failsWith(forwarder.forward('127.0.0.1', 11434), 'forwardRefused');
    session.asked[0]?.refuse('forwardRefused');
    await failing;
    assert.equal(session.asked.length, 1);
  });

  it('does not ask a session again that says it is gone and still is the live one', async () => {
    const { forwarder, connect } = setUp();
    const session = connect();
    const failing = failsWith(forwarder.forward('127.0.0.1', 11434), 'notConnected');
    session.asked[0]?.refuse('notConnected');
    await failing;
    assert.equal(session.asked.length, 1);
  });

  it('wants a sign of life of a server that is slow to confirm, and of no other', async () => {
    const { clock, forwarder, connect } = setUp();
    const session = connect();
    const opening = forwarder.forward('127.0.0.1', 11434);
    clock.advance(3_999);
    assert.deepEqual(session.checks, []);
    clock.advance(1);
    assert.deepEqual(session.checks, [6_000]);
    session.asked[0]?.confirm(new PassThrough());
    await opening;
    assert.equal(clock.pending, 0);
  });
});
