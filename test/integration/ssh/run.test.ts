import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { run, type RunOptions } from '../../../src/engine/ssh/run.js';
import { SparkError } from '../../../src/shared/errors.js';
import { FakeClock } from '../../support/fakeClock.js';
import { hasSshd, type Sshd, startSshd } from '../../support/sshd.js';
import type { SshSession } from '../../../src/engine/ssh/types.js';
import { openSession } from './openSession.js';

/**
 * Goes on until the connection ends; a signal does not reach it where root is logged in. At most a minute, since the number
 * of the program that started it may be another's then.
 */
const WORK = 'n=0; while kill -0 $PPID 2>/dev/null && [ $n -lt 600 ]; do sleep 0.1; n=$((n+1)); done';

describe('running a program to its end', function () {
  this.timeout(30_000);
  let sshd: Sshd;
  let session: SshSession;

  before(async function () {
    if (!hasSshd()) this.skip();
    // a home of its own: what the start files of the real one do is none of this
    sshd = await startSshd({ config: [`SetEnv HOME=${tmpdir()}`] });
    sshd.trust();
  });

  after(async () => {
    await (sshd as Sshd | undefined)?.stop();
  });

  beforeEach(async () => {
    const { port, username, clientKey: keyPath, home } = sshd;
    session = await openSession({
      target: { hostname: '127.0.0.1', port, username, auth: { method: 'key', keyPath } },
      home,
    });
  });

  afterEach(() => session.dispose());

  const sh = (script: string, options: Partial<RunOptions> = {}) =>
    run(session, ['sh', '-c', script], { timeoutMs: 20_000, maxBytes: 100_000, ...options });

  it('gives all that it printed, and how it ended', async () => {
    assert.deepEqual(await sh('printf a; cat; echo ü >&2; exit 3'), {
      ...{ stdout: 'a', stderr: 'ü\n', code: 3, signal: null, cut: undefined },
    });
    assert.equal((await sh('kill -KILL $$')).signal, 'SIGKILL');
    assert.equal((await sh('head -c 100000 /dev/zero')).stdout.length, 100_000);
  });

  it('ends one that prints too much, and keeps the beginning', async () => {
    const { stdout, cut } = await sh('echo begin; yes', { maxBytes: 1000 });
    assert.equal(cut, 'size');
    assert.equal(Buffer.byteLength(stdout), 1000);
    assert.ok(stdout.startsWith('begin\ny\n'));
    const { stderr } = await sh('head -c 1000000 /dev/zero >&2');
    assert.equal(stderr.length, 4096);
  });

  it('ends one that takes too long, and keeps what it had said', async () => {
    const clock = new FakeClock();
    const { stdout, cut, code } = await sh(`echo begin; ${WORK}`, {
      ...{ clock, timeoutMs: 1000, onOutput: () => clock.advance(1000) },
    });
    assert.deepEqual([stdout, cut, code], ['begin\n', 'time', null]);
  });

  it('is cancelled before and meanwhile', async () => {
    const isCancelled = (error: unknown) => SparkError.is(error, 'cancelled');
    await assert.rejects(sh('exit 0', { signal: AbortSignal.abort() }), isCancelled);
    const abort = new AbortController();
    const working = sh(`echo begin; ${WORK}`, { signal: abort.signal, onOutput: () => abort.abort() });
    await assert.rejects(working, isCancelled);
  });

  it('fails when the link goes away, rather than to give half an answer', async () => {
    const lost = sh(`echo begin; ${WORK}`, { onOutput: () => session.dispose() });
    await assert.rejects(lost, (error: unknown) => SparkError.is(error, 'notConnected'));
    await assert.rejects(sh('exit 0'), (error: unknown) => SparkError.is(error, 'notConnected'));
  });
});
