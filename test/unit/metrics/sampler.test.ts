import assert from 'node:assert/strict';
import { createLogger } from '../../../src/engine/base/logger.js';
import { GPU_SILENCE_MS } from '../../../src/engine/metrics/gpuSource.js';
import { Sampler, SILENCE_MS } from '../../../src/engine/metrics/sampler.js';
import { FIELD_SETS } from '../../../src/engine/metrics/smiRows.js';
import type { MachineDetails } from '../../../src/shared/details.js';
import { SparkError } from '../../../src/shared/errors.js';
import type { Sample } from '../../../src/shared/metrics.js';
import { document, FakeSession, row, settled } from './fakeSession.js';
import { ManualClock } from './manualClock.js';

describe('the sampler', () => {
  let session: FakeSession;
  let clock: ManualClock;
  let samples: Sample[];
  let details: MachineDetails[];
  let log: string[];
  let sampler: Sampler;
  let onSample: (sample: Sample) => void;

  async function start(intervalMs = 2000): Promise<void> {
    sampler = new Sampler({
      connectionId: 'c1',
      session,
      intervalMs,
      clock,
      log: createLogger((_level, _scope, message) => log.push(message)),
      onSample: sample => onSample(sample),
      onDetails: found => details.push(found),
    });
    await settled();
  }
  /** Past the start: the document of nvidia-smi and the first details were read. */
  async function started(): Promise<FakeSession['channel']> {
    await start();
    const { channel } = session;
    await channel.block('xml', document(0));
    await channel.block('disks', '');
    return channel;
  }

  const codes = () => samples.map(sample => sample.error?.code ?? sample.gpus[0]?.utilization);

  beforeEach(() => {
    session = new FakeSession();
    clock = new ManualClock();
    samples = [];
    details = [];
    log = [];
    onSample = sample => samples.push(sample);
  });

  afterEach(() => {
    sampler.dispose();
    assert.equal(clock.pending, 0, 'no timer is left');
    assert.ok(session.channels.every(channel => channel.disposed));
  });

  it("lets nvidia-smi's own loop set the pace, and asks nothing for a sample", async () => {
    const channel = await started();
    assert.deepEqual(channel.asked, [`loop 1 2000 ${FIELD_SETS[0]!}`, 'xml', 'slow']);
    for (const load of [7, 8, 9]) {
      await channel.round(load);
      clock.advance(2000);
    }
    assert.deepEqual(codes(), [7, 8, 9]);
    assert.deepEqual(channel.asked.slice(3), []);
    assert.equal(samples[2]?.at, clock.now() - 2000);
    assert.equal(samples[2].memory?.usedMb, 600);
    assert.deepEqual(samples[2].gpus[0]?.memory, { kind: 'unified', usedMb: 600, totalMb: 1000 });
    assert.equal(samples[2].driverVersion, '580.1');
    assert.equal(samples[2].system?.pressure.cpu?.some10, 1.5);
  });

  it('takes a round only when it is whole', async () => {
    const channel = await started();
    await channel.say(`g ${row(0, 2, 1)}`);
    assert.deepEqual(codes(), []);
    await channel.round(3, 4);
    await channel.say(`g ${row(1, 2, 9)}`);
    assert.deepEqual(
      samples.map(sample => sample.gpus.map(gpu => gpu.utilization)),
      [[3, 4]],
    );
  });

  it('waits with the first sample for what only the document tells, but no longer than for a round', async () => {
    await start();
    const { channel } = session;
    await channel.round(5);
    assert.deepEqual(codes(), []);
    await channel.block('xml', document(5));
    assert.deepEqual(codes(), [5]);
    assert.equal(samples[0]?.driverVersion, '580.1');
    assert.equal(samples[0].memory?.usedMb, 600);
    sampler.dispose();
    await start();
    await session.channel.round(6);
    await session.channel.round(7);
    assert.deepEqual(codes(), [5, 7]);
  });

  it('takes a new interval at once', async () => {
    const channel = await started();
    await channel.round(1);
    sampler.setPace(500, 10_000);
    assert.equal(channel.questions('loop').at(-1), `loop 2 500 ${FIELD_SETS[0]!}`);
    sampler.setPace(500, 60_000);
    assert.equal(channel.questions('loop').length, 2);
    // what the one before says of its end is not about this one
    await channel.say('x 1');
    assert.deepEqual(channel.questions('xml').length, 1);
  });

  it('leaves out what was held up on its way, and takes what is fresh again', async () => {
    const channel = await started();
    await channel.roundAt(100, 1);
    clock.advance(2000);
    await channel.roundAt(102, 2);
    // this computer sleeps for a minute; what the machine sent meanwhile comes at once
    clock.advance(GPU_SILENCE_MS);
    for (let step = 1; step <= 7; step++) await channel.roundAt(102 + 2 * step, 10 + step);
    assert.deepEqual(codes(), [1, 2, 17]);
    clock.advance(2000);
    await channel.roundAt(119, 3);
    assert.deepEqual(codes(), [1, 2, 17, 3]);
  });

  it('does not mind clocks that differ or are set', async () => {
    const channel = await started();
    let uptime = 5000;
    for (const jump of [0, 3_600_000, 0, -7_200_000, 0, 0]) {
      clock.setBack(-jump);
      await channel.roundAt(uptime, 1);
      clock.advance(2000);
      uptime += 2;
    }
    // of a clock that was set forward it takes one sample to tell that nothing was late
    assert.ok(samples.length >= 5);
  });

  it('passes over what is no answer', async () => {
    const channel = await started();
    await channel.say('c 1 2 3');
    await channel.say('z what');
    await channel.block('processes', 'x');
    await channel.block('unheard', document(3));
    assert.deepEqual(samples, []);
  });

  it('asks an older driver for what it knows', async () => {
    const channel = await started();
    const refusal = 'Field "clocks_event_reasons.active" is not a valid field to query.';
    await channel.say(`g ${refusal}`);
    await channel.loopEnds();
    await channel.say(`g ${refusal.replace('event', 'throttle')}`);
    await channel.loopEnds();
    assert.deepEqual(
      channel.questions('loop').map(line => line.split(' ')[3]),
      FIELD_SETS,
    );
    await channel.system(400, { looped: true });
    await channel.say('g 0, 12, 1, 2, 3, 4, 5, 6, 7, 8, P2, 1, NVIDIA Quadro, P400');
    assert.deepEqual(codes(), [12]);
    assert.equal(samples[0]?.gpus[0]?.name, 'NVIDIA Quadro, P400');
    assert.equal(samples[0].gpus[0].throttle, null);
    // the sampler does not forget what it has learned
    sampler.setPace(4000, 10_000);
    assert.equal(channel.questions('loop').at(-1), `loop 4 4000 ${FIELD_SETS[2]!}`);
  });

  it('reads the document at its own pace where there is no loop', async () => {
    await start();
    const { channel } = session;
    await channel.say('g Invalid combination of input arguments.');
    await channel.loopEnds();
    await channel.system(300);
    await channel.block('xml', document(44));
    assert.deepEqual(codes(), [44]);
    assert.equal(samples[0]?.memory?.usedMb, 700);
    const before = channel.questions('xml').length;
    clock.advance(2000);
    assert.equal(channel.questions('xml').length, before + 1);
    clock.advance(4000);
    assert.equal(channel.questions('xml').length, before + 1, 'one at a time');
    await channel.system(200);
    await channel.block('xml', document(45));
    assert.deepEqual(codes(), [44, 45]);
  });

  it('waits for a silent nvidia-smi, with the machine itself meanwhile, and never starts a second one', async () => {
    const channel = await started();
    await channel.round(1);
    clock.advance(GPU_SILENCE_MS + 4000);
    assert.deepEqual(channel.asked.slice(-2), ['stop', 'system']);
    await channel.system(300);
    for (let i = 0; i < 30; i++) {
      clock.advance(2000);
      await channel.system(300);
    }
    assert.ok(
      samples.length > 25 &&
        codes()
          .slice(1)
          .every(code => code === 'nvidiaSmiSilent'),
    );
    assert.equal(samples[1]?.memory?.usedMb, 700);
    assert.deepEqual(samples[1].gpus, []);
    assert.equal(channel.questions('again').length, 1);
    assert.equal(log.filter(line => line.includes('has not answered')).length, 1);

    // the kernel cannot end it: nothing is started beside it
    await channel.say('h');
    const tried = channel.questions('again').length;
    for (let i = 0; i < 10; i++) {
      clock.advance(2000);
      await channel.system();
    }
    assert.equal(channel.questions('again').length, tried);

    for (let i = 0; i < 100 && channel.questions('again').length === tried; i++) {
      clock.advance(2000);
      await channel.system();
    }
    const before = samples.length;
    await channel.round(42);
    assert.equal(codes()[before], 42);
    assert.equal(samples.at(-1)?.error, undefined);
    assert.match(log.join(), /answers again/);
  });

  it('says what is wrong with the driver, and tries again', async () => {
    const channel = await started();
    await channel.say('g No devices were found');
    await channel.loopEnds();
    await channel.system();
    assert.match(samples[0]?.error?.message ?? '', /finds no GPU/);
    for (let i = 0; i < 6; i++) {
      clock.advance(2000);
      await channel.system();
    }
    assert.equal(channel.questions('again').length, 1);
    await channel.round(3);
    assert.equal(codes().at(-1), 3);
  });

  it('looks for a missing nvidia-smi at every sample', async () => {
    const channel = await started();
    await channel.say('a');
    await channel.system();
    assert.deepEqual(codes(), ['nvidiaSmiMissing']);
    clock.advance(2000);
    await channel.say('a');
    await channel.system();
    assert.deepEqual(codes(), ['nvidiaSmiMissing', 'nvidiaSmiMissing']);
    clock.advance(2000);
    await channel.round(8);
    assert.equal(codes().at(-1), 8);
  });

  it('opens another channel when the present one answers nothing at all', async () => {
    await start();
    const stuck = session.channel;
    clock.advance(GPU_SILENCE_MS + 4000);
    clock.advance(SILENCE_MS);
    assert.ok(stuck.disposed);
    clock.advance(1000);
    await settled();
    assert.equal(session.channels.length, 2);
    await stuck.round(1);
    await session.channel.round(2);
    await session.channel.block('xml', document(2));
    assert.deepEqual(codes(), [2]);
  });

  it('says so when the machine runs no shell, and tries again less and less often', async () => {
    await start();
    await session.channel.end(1, 'This account is currently not available.\n');
    assert.deepEqual(codes(), ['remoteCommandFailed']);
    assert.equal(samples[0]?.memory, null);
    assert.match(log.join(), /status 1: This account is currently not available\./);
    for (let minute = 0; minute < 60; minute++) {
      clock.advance(60_000);
      await settled();
      await session.channel.end(1);
    }
    assert.ok(session.channels.length > 30 && session.channels.length < 70);
  });

  it('keeps quiet about a channel that ended after it had answered, and shows nothing old', async () => {
    const channel = await started();
    await channel.round(1);
    await channel.end(0);
    clock.advance(1000);
    await settled();
    await session.channel.say('U  ');
    await session.channel.say('N');
    await session.channel.say(`g ${row(0, 1, 2)}`);
    await session.channel.block('xml', document(2));
    assert.deepEqual(codes(), [1, 2]);
    assert.equal(samples[1]?.memory, null);
  });

  it('says why no channel could be opened', async () => {
    session.refusal = new SparkError({ code: 'remoteCommandFailed', message: 'Too many channels.' });
    await start();
    assert.equal(samples[0]?.error?.message, 'Too many channels.');
    session.refusal = undefined;
    clock.advance(1000);
    await settled();
    await session.channel.round(3);
    await session.channel.block('xml', document(3));
    assert.equal(codes().at(-1), 3);
  });

  it('ends with its session, and when disposed while a channel is being opened', async () => {
    await start();
    session.lose();
    clock.advance(60_000);
    await settled();
    assert.equal(session.channels.length, 1);
    const another = start();
    sampler.dispose();
    await another;
    assert.deepEqual(session.channel.asked, []);
  });

  it('does not blame the shell when it is the link that is lost', async () => {
    await start();
    session.channel.stream.emit('error', new Error('The connection was lost.'));
    session.lose();
    await settled();
    assert.deepEqual([samples, log], [[], []]);
  });

  it('goes on when whoever takes a sample fails', async () => {
    onSample = () => {
      throw new Error('no');
    };
    const channel = await started();
    await channel.round(1);
    await channel.round(2);
    assert.equal(log.filter(line => line.includes('could not be handled: no')).length, 2);
  });

  it('lets no terminal escape and no endless complaint of the machine into the log', async () => {
    await start();
    await session.channel.end(1, `\u001b]0;pwned\u0007first\nsecond\u202e${'x'.repeat(100_000)}`);
    assert.equal(log.length, 1);
    assert.match(log[0]!, /first second/);
    assert.doesNotMatch(log[0]!, /[\p{Cc}\p{Cf}]/u);
    assert.ok(log[0]!.length < 500, String(log[0]!.length));
  });

  it('survives errors of the streams', async () => {
    await start();
    session.channel.stream.destroy(new Error('EPIPE'));
    await settled();
    assert.match(log.join(), /EPIPE/);
    clock.advance(1000);
    await settled();
    assert.equal(session.channels.length, 2);
  });

  describe('reads what changes slowly', () => {
    const listing = (...pids: number[]) =>
      document(1).replace(
        '</gpu>',
        `<processes>${pids.map(pid => `<process_info><pid>${pid}</pid><type>C</type><process_name>python3</process_name><used_memory>10 MiB</used_memory></process_info>`).join('')}</processes></gpu>`,
      );

    it('at the start at once, then one question a sample', async () => {
      await start();
      const { channel } = session;
      await channel.block('xml', listing(11, 12));
      await channel.block('processes', '   11 ada      python3 train.py\n');
      await channel.say('t acpitz 45000;');
      await channel.say('k HugePages_Total: 2;HugePages_Free: 1;Hugepagesize: 2048 kB;');
      await channel.block(
        'disks',
        'Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda1 4096 2048 1024 67% /\n',
      );
      assert.deepEqual(channel.asked.slice(1), ['xml', 'processes 11,12', 'slow']);
      assert.equal(details.length, 1);
      assert.deepEqual(
        details[0]?.processes?.map(({ pid, user, command, memoryMb }) => [pid, user, command, memoryMb]),
        [
          [11, 'ada', 'python3 train.py', 10],
          [12, null, 'python3', 10],
        ],
      );
      assert.deepEqual(details[0].temperatures, [{ sensor: 'acpitz', celsius: 45 }]);
      assert.deepEqual(details[0].hugePages, { total: 2, free: 1, sizeKb: 2048 });
      assert.equal(details[0].disks?.[0]?.usedMb, 2);

      for (let round = 0; round < 20 && channel.questions('xml').length < 2; round++) {
        await channel.round(1);
        clock.advance(2000);
      }
      await channel.block('xml', listing(11));
      assert.equal(channel.questions('processes').length, 1);
      clock.advance(2000);
      assert.equal(channel.questions('processes').length, 2);
      await channel.block('processes', '');
      assert.equal(channel.questions('slow').length, 1);
      clock.advance(2000);
      assert.equal(channel.questions('slow').length, 2);
    });

    it('when it is asked for, without waiting', async () => {
      const channel = await started();
      sampler.refreshDetails();
      await channel.block('xml', listing(5));
      await channel.block('processes', '');
      await channel.block('disks', '');
      assert.equal(details.length, 2);
      assert.equal(details[1]?.processes?.length, 1);
    });

    it('and does not wait for ever for one of it', async () => {
      const channel = await started();
      sampler.refreshDetails();
      clock.advance(SILENCE_MS);
      assert.equal(channel.asked.at(-1), 'slow');
      await channel.block('disks', '');
      assert.equal(details.at(-1)?.processes, null);
    });

    it('also where there is no nvidia-smi', async () => {
      await start();
      const { channel } = session;
      await channel.say('a');
      await channel.say('a');
      await channel.system();
      await channel.block('disks', 'Filesystem 1024-blocks Used Available Capacity Mounted on\n');
      assert.deepEqual(details[0]?.disks, []);
      assert.equal(details[0].processes, null);
      assert.deepEqual(codes(), ['nvidiaSmiMissing']);
    });
  });
});
