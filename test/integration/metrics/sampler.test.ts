import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createLogger } from '../../../src/engine/base/logger.js';
import { Sampler, SILENCE_MS } from '../../../src/engine/metrics/sampler.js';
import type { Sample } from '../../../src/shared/metrics.js';
import { ManualClock } from '../../unit/metrics/manualClock.js';
import { LocalSession } from './localSession.js';

const FIXTURES = resolve('test/fixtures/nvidia-smi');
const SHELLS = ['/bin/sh', '/bin/dash', '/bin/bash', '/bin/busybox'].filter(
  (file, index) => existsSync(file) && (index === 0 || realpathSync(file) !== realpathSync('/bin/sh')),
);
const CAN_READ_MEMORY = existsSync('/proc/meminfo');

for (const shell of SHELLS)
  describe(`sampling through ${shell}`, () => {
    let bin: string;
    let session: LocalSession;
    let clock: ManualClock;
    let sampler: Sampler;
    let samples: Sample[];
    let log: string;
    let heard: (() => void) | undefined;

    /** The program that the machine has under the name nvidia-smi. */
    function nvidiaSmi(script: string): void {
      const file = join(bin, 'nvidia-smi');
      writeFileSync(file, `#!/bin/sh\n${script}\n`);
      chmodSync(file, 0o755);
    }

    function start(): void {
      sampler = new Sampler({
        connectionId: 'c1',
        session,
        intervalMs: 2000,
        clock,
        log: createLogger((_level, _scope, message) => {
          log += message;
          heard?.();
        }),
        onSample: sample => {
          samples.push(sample);
          heard?.();
        },
      });
    }

    /** The sample with this number, from 1. */
    async function sample(number: number): Promise<Sample> {
      while (samples.length < number) await new Promise<void>(done => (heard = done));
      return samples[number - 1]!;
    }

    async function logged(pattern: RegExp): Promise<void> {
      while (!pattern.test(log)) await new Promise<void>(done => (heard = done));
    }

    /** How often something was asked. */
    const questions = (word: string) => session.asked.split('\n').filter(line => line === word).length;

    /** Waits for an answer of the remote program. */
    async function answered(word: string): Promise<void> {
      await session.printed(new RegExp(`\\n[0-9a-f]{32} ${word}`));
    }

    beforeEach(() => {
      bin = mkdtempSync(join(tmpdir(), 'dgx-spark-metrics-'));
      session = new LocalSession(shell, `${bin}:/bin`);
      clock = new ManualClock();
      samples = [];
      log = '';
      heard = undefined;
    });

    afterEach(async () => {
      sampler.dispose();
      // it ends because its input has, not because it is killed
      await session.closed();
      assert.equal(clock.pending, 0, 'no timer is left');
      rmSync(bin, { recursive: true });
    });

    it('gives a sample at once and one each interval, and starts nothing twice', async () => {
      nvidiaSmi(`echo run >>${bin}/runs; [ "$*" = "-q -x" ] && cat ${FIXTURES}/gb10.xml`);
      start();
      const first = await sample(1);
      assert.equal(first.gpus[0]?.utilization, 96);
      assert.equal(first.at, clock.now());
      assert.equal(first.error, undefined);
      if (CAN_READ_MEMORY) {
        assert.ok(first.memory && first.memory.totalMb > 0);
        assert.deepEqual(first.gpus[0].memory, { kind: 'unified', ...first.memory });
      }
      clock.advance(2000);
      await sample(2);
      sampler.setInterval(500);
      clock.advance(500);
      await sample(3);
      assert.equal(readFileSync(join(bin, 'runs'), 'utf8'), 'run\nrun\nrun\n');
      assert.equal(session.processes.length, 1);
    });

    it('leaves a gap while an answer is outstanding', async () => {
      nvidiaSmi(`read go <${bin}/gate; cat ${FIXTURES}/gb10.xml`);
      execFileSync('mkfifo', [join(bin, 'gate')]);
      start();
      await answered('m');
      clock.advance(6000);
      assert.equal(samples.length, 0);
      writeFileSync(join(bin, 'gate'), 'go\n');
      const late = await sample(1);
      assert.equal(late.at, clock.now());
      assert.equal(questions('gpu'), 1);
    });

    it('says that nvidia-smi is missing, and gives memory', async () => {
      start();
      const { gpus, error, memory } = await sample(1);
      assert.deepEqual(gpus, []);
      assert.equal(error?.code, 'nvidiaSmiMissing');
      assert.equal(memory !== null, CAN_READ_MEMORY);
      nvidiaSmi(`cat ${FIXTURES}/gb10.xml`);
      clock.advance(2000);
      assert.equal((await sample(2)).error, undefined);
    });

    it('says why nvidia-smi fails, on whichever stream it says so', async () => {
      nvidiaSmi('echo "Failed to initialize NVML: Driver/library version mismatch" >&2; exit 18');
      start();
      assert.match((await sample(1)).error!.message, /updated/);
    });

    it('survives garbage and recovers', async () => {
      nvidiaSmi(`head -c 200000 /dev/urandom; exit 0`);
      start();
      assert.equal((await sample(1)).error?.code, 'nvidiaSmiFailed');
      nvidiaSmi(`cat ${FIXTURES}/lost.xml`);
      clock.advance(2000);
      assert.equal((await sample(2)).gpus.length, 2);
    });

    it('goes on with memory when nvidia-smi hangs, ends it, and tries it again later', async () => {
      nvidiaSmi(`head -c 500 ${FIXTURES}/gb10.xml; exec sleep 1000`);
      start();
      await session.printed(/<used>/);
      clock.advance(SILENCE_MS);
      const hung = await sample(1);
      assert.equal(hung.error?.code, 'nvidiaSmiSilent');
      assert.deepEqual(hung.gpus, []);
      assert.equal(hung.memory !== null, CAN_READ_MEMORY);
      await answered('e 1[34]');
      clock.advance(2000);
      const still = await sample(2);
      assert.equal(still.error?.code, 'nvidiaSmiSilent');
      assert.equal(questions('gpu'), 1);

      nvidiaSmi(`cat ${FIXTURES}/gb10.xml`);
      while (samples.at(-1)?.error) {
        const next = samples.length + 1;
        clock.advance(2000);
        await sample(next);
      }
      assert.equal(questions('gpu'), 2);
      assert.equal(samples.at(-1)?.gpus[0]?.utilization, 96);
      assert.equal(session.processes.length, 1);
    });

    it('opens the channel again when it dies, later each time', async () => {
      nvidiaSmi(`cat ${FIXTURES}/gb10.xml`);
      start();
      await sample(1);
      session.processes[0]!.kill('SIGKILL');
      await logged(/has ended \(signal SIGKILL\); it is opened again/);
      clock.advance(1000);
      await sample(2);
      assert.equal(session.processes.length, 2);
    });

    it('ends nvidia-smi too when the link is lost while it runs', async () => {
      nvidiaSmi(`echo $$ >${bin}/pid; echo running; exec sleep 1000`);
      start();
      await session.printed(/running/);
      const pid = Number(readFileSync(join(bin, 'pid'), 'utf8'));
      assert.doesNotThrow(() => process.kill(pid, 0));
      session.end();
      await session.closed();
      await gone(pid);
    });
  });

/** Resolves when there is no such process; the test's own time limit ends the wait. */
async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise(setImmediate);
}

/** A process that has ended and that nobody has waited for yet (a zombie) counts as gone. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch (error) {
    // without /proc there is no telling a zombie: the signal got there, so it is alive
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && !existsSync('/proc/self/stat');
  }
}
