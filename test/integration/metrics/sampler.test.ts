import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { createLogger } from '../../../src/engine/base/logger.js';
import { GPU_SILENCE_MS } from '../../../src/engine/metrics/gpuSource.js';
import { Sampler } from '../../../src/engine/metrics/sampler.js';
import type { MachineDetails } from '../../../src/shared/details.js';
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
    let details: MachineDetails[];
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
        onDetails: found => {
          details.push(found);
          heard?.();
        },
      });
    }

    /** The sample with this number, from 1. */
    async function sample(number: number): Promise<Sample> {
      while (samples.length < number) await new Promise<void>(done => (heard = done));
      return samples[number - 1]!;
    }

    /** Lets time pass until there is one more. A document that is asked for while the one before is about to end is put off. */
    async function nextSample(): Promise<void> {
      const number = samples.length + 1;
      while (samples.length < number) {
        const putOff = session.printed(/\n\w+ h\n/, session.output.length);
        clock.advance(2000);
        await Promise.race([sample(number), putOff]);
      }
    }

    async function logged(pattern: RegExp): Promise<void> {
      while (!pattern.test(log)) await new Promise<void>(done => (heard = done));
    }

    beforeEach(() => {
      bin = mkdtempSync(join(tmpdir(), 'dgx-spark-metrics-'));
      session = new LocalSession(shell, `${bin}:/bin`);
      clock = new ManualClock();
      // what is read at one moment of the test's clock has the same time on the machine
      const started = clock.now() - 1_000_000;
      session.uptime = () => (clock.now() - started) / 1000;
      samples = [];
      details = [];
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

    /** A nvidia-smi that loops: it prints a line, and each one after it when it is told to. */
    function looping(more = ''): void {
      nvidiaSmi(
        [
          `echo "$*" >>${bin}/runs`,
          `if [ "$*" = "-q -x" ]; then cat ${FIXTURES}/gb10.xml; exit; fi`,
          more,
          `load=1; while :; do echo "0, $load, [N/A], [N/A], 51, 34.5, [N/A], 2400, [N/A], [N/A], P0, 1, 0x0000000000000000, NVIDIA GB10"`,
          // not longer than the test, whoever is killed
          `until [ -e ${bin}/go.$load ]; do [ -e ${bin}/runs ] || exit; sleep 0.02; done; load=$((load + 1)); done`,
        ].join('\n'),
      );
    }
    /** Lets it print the line after this one. */
    const next = (load: number) => {
      writeFileSync(join(bin, `go.${load}`), '');
    };
    const runs = () => readFileSync(join(bin, 'runs'), 'utf8').trim().split('\n');

    it('gives a sample at once and one each round, and starts nothing for one', async () => {
      looping();
      start();
      const first = await sample(1);
      assert.equal(first.gpus[0]?.utilization, 1);
      assert.equal(first.driverVersion, '580.10.02');
      assert.equal(first.error, undefined);
      if (CAN_READ_MEMORY) {
        const { memory, system } = first;
        assert.ok(memory && memory.totalMb > 0 && system);
        const { usedMb, totalMb } = memory;
        assert.deepEqual(first.gpus[0].memory, { kind: 'unified', usedMb, totalMb });
        assert.ok(system.uptimeSeconds! > 0 && system.load);
        assert.equal(system.cpu?.cores.length, readFileSync('/proc/stat', 'utf8').match(/^cpu\d/gm)?.length);
        assert.equal(system.cpu?.utilization, null);
      }
      await session.printed(/ o disks\n/);
      next(1);
      const second = await sample(2);
      assert.equal(second.gpus[0]?.utilization, 2);
      if (CAN_READ_MEMORY) assert.ok(second.system!.cpu!.utilization! >= 0);
      next(2);
      await sample(3);
      assert.deepEqual(
        runs()
          .map(line => line.replace(/^--query-gpu=\S+/, '--query-gpu'))
          .sort(),
        ['--query-gpu --format=csv,noheader,nounits -lms 2000', '-q -x'],
      );
      sampler.setPace(500, 10_000);
      await sample(4);
      assert.match(runs().at(-1)!, /-lms 500$/);
      assert.equal(session.processes.length, 1);
    });

    it('tells owner, arguments and start of a process, and the disks', async () => {
      const child = spawn('sleep', ['1000'], { argv0: 'python3' });
      try {
        const listed = readFileSync(`${FIXTURES}/gb10.xml`, 'utf8').replace(
          /<processes>[^]*<\/processes>/,
          `<processes><process_info><pid>${child.pid!}</pid><type>C</type><process_name>x</process_name><used_memory>5 MiB</used_memory></process_info></processes>`,
        );
        writeFileSync(join(bin, 'listed.xml'), listed);
        looping(`if [ "$*" = "-q -x" ]; then cat ${bin}/listed.xml; exit; fi`);
        writeFileSync(
          join(bin, 'nvidia-smi'),
          readFileSync(join(bin, 'nvidia-smi'), 'utf8').replace(`${FIXTURES}/gb10.xml`, `${bin}/listed.xml`),
        );
        start();
        while (details.length === 0) await new Promise<void>(done => (heard = done));
        const [process] = details[0]!.processes!;
        const stat = readFileSync(`/proc/${child.pid!}/stat`, 'utf8');
        assert.equal(process?.startTicks, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]));
        if (!shell.endsWith('busybox')) {
          assert.equal(process.user, userInfo().username);
          assert.equal(process.command, 'python3 1000');
        }
        assert.ok(details[0]!.disks === null || details[0]!.disks.every(disk => disk.totalMb > 0));
      } finally {
        child.kill();
      }
    });

    it('does not send the clocks that the document lists', async () => {
      const clocks = `<supported_clocks>\n${'<supported_graphics_clock>210 MHz</supported_graphics_clock>\n'.repeat(500)}</supported_clocks>\n`;
      const xml = readFileSync(`${FIXTURES}/gb10.xml`, 'utf8').replace('</gpu>', `${clocks}</gpu>`);
      writeFileSync(join(bin, 'clocks.xml'), xml);
      nvidiaSmi(`if [ "$*" = "-q -x" ]; then cat ${bin}/clocks.xml; else echo what; fi`);
      start();
      assert.equal((await sample(1)).gpus[0]?.utilization, 96);
      assert.doesNotMatch(session.output, /supported_graphics_clock/);
    });

    it('keeps a line of clocks that are not supported', async () => {
      const xml = readFileSync(`${FIXTURES}/gb10.xml`, 'utf8');
      writeFileSync(join(bin, 'clocks.xml'), xml.replace('<gpu ', '<supported_clocks>N/A</supported_clocks>\n<gpu '));
      nvidiaSmi(`if [ "$*" = "-q -x" ]; then cat ${bin}/clocks.xml; else echo what; fi`);
      start();
      assert.equal((await sample(1)).gpus[0]?.utilization, 96);
    });

    it('leaves a gap while nothing is printed', async () => {
      looping();
      start();
      await sample(1);
      // what is read at first is waited for: a question that is open so long means a channel that is stuck
      await session.printed(/ o disks\n/);
      clock.advance(6000);
      assert.equal(samples.length, 1);
      next(1);
      assert.equal((await sample(2)).at, clock.now());
    });

    it('reads the document where nvidia-smi can do no more', async () => {
      nvidiaSmi(`[ "$*" = "-q -x" ] && cat ${FIXTURES}/gb10.xml`);
      start();
      await logged(/does not loop/);
      if (samples.length === 0) await nextSample();
      assert.equal(samples[0]!.gpus[0]?.utilization, 96);
      await nextSample();
      assert.equal(samples[1]!.gpus[0]?.utilization, 96);
    });

    it('says that nvidia-smi is missing, and gives memory', async () => {
      start();
      const { gpus, error, memory } = await sample(1);
      assert.deepEqual(gpus, []);
      assert.equal(error?.code, 'nvidiaSmiMissing');
      assert.equal(memory !== null, CAN_READ_MEMORY);
      looping();
      next(1);
      while (samples.at(-1)!.error) await nextSample();
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
      nvidiaSmi(`[ "$*" = "-q -x" ] && cat ${FIXTURES}/lost.xml`);
      while (samples.at(-1)!.gpus.length !== 2) await nextSample();
    });

    it('goes on with memory when nvidia-smi hangs, ends it, and tries it again later', async () => {
      looping(`if [ ! -e ${bin}/mended ]; then echo $$ >${bin}/pid; exec sleep 1000; fi`);
      start();
      await session.printed(/ o disks\n/);
      const pid = Number(readFileSync(join(bin, 'pid'), 'utf8'));
      clock.advance(GPU_SILENCE_MS + 4000);
      const hung = await sample(1);
      assert.equal(hung.error?.code, 'nvidiaSmiSilent');
      assert.deepEqual(hung.gpus, []);
      assert.equal(hung.memory !== null, CAN_READ_MEMORY);
      await gone(pid);
      clock.advance(2000);
      const still = await sample(2);
      assert.equal(still.error?.code, 'nvidiaSmiSilent');

      writeFileSync(join(bin, 'mended'), '');
      while (samples.at(-1)?.error) await nextSample();
      assert.equal(samples.at(-1)?.gpus[0]?.utilization, 1);
      assert.equal(runs().filter(line => line.startsWith('--query')).length, 2);
      assert.equal(session.processes.length, 1);
    });

    it('opens the channel again when it dies, later each time', async () => {
      looping();
      start();
      await sample(1);
      session.processes[0]!.kill('SIGKILL');
      await logged(/has ended \(signal SIGKILL\); it is opened again/);
      clock.advance(1000);
      await sample(2);
      assert.equal(session.processes.length, 2);
    });

    it('leaves nothing behind when the link is lost, whatever runs', async () => {
      nvidiaSmi(`echo $$ >>${bin}/pids; echo "0, $*" >>${bin}/started; exec sleep 1000`);
      start();
      await session.printed(/ b xml\n/);
      while (!existsSync(join(bin, 'pids')) || readFileSync(join(bin, 'pids'), 'utf8').split('\n').length < 3)
        await new Promise(setImmediate);
      const pids = readFileSync(join(bin, 'pids'), 'utf8').trim().split('\n').map(Number);
      assert.equal(pids.length, 2);
      session.end();
      await session.closed();
      for (const pid of pids) await gone(pid);
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
