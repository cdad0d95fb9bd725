import assert from 'node:assert/strict';
import { createLogger } from '../../../src/engine/base/logger.js';
import { Sampler, SILENCE_MS } from '../../../src/engine/metrics/sampler.js';
import { SparkError } from '../../../src/shared/errors.js';
import type { Sample } from '../../../src/shared/metrics.js';
import { FakeSession, settled } from './fakeSession.js';
import { ManualClock } from './manualClock.js';

describe('the sampler', () => {
  let session: FakeSession;
  let clock: ManualClock;
  let samples: Sample[];
  let log: string[];
  let sampler: Sampler;
  let onSample: (sample: Sample) => void;

  async function start(): Promise<void> {
    sampler = new Sampler({
      connectionId: 'c1',
      session,
      intervalMs: 2000,
      clock,
      log: createLogger((_level, _scope, message) => log.push(message)),
      onSample: sample => onSample(sample),
    });
    await settled();
  }

  const codes = () => samples.map(sample => sample.error?.code ?? sample.gpus[0]?.utilization);

  beforeEach(() => {
    session = new FakeSession();
    clock = new ManualClock();
    samples = [];
    log = [];
    onSample = sample => samples.push(sample);
  });

  afterEach(() => {
    sampler.dispose();
    assert.equal(clock.pending, 0, 'no timer is left');
    assert.ok(session.channels.every(channel => channel.disposed));
  });

  it('asks at its pace, and nothing more while an answer is outstanding', async () => {
    await start();
    const { channel } = session;
    await channel.memory();
    clock.advance(5000);
    await channel.output('<nvidia_smi_log></nvidia_smi_log>');
    assert.deepEqual(channel.asked, ['gpu']);
    clock.advance(1000);
    assert.deepEqual(channel.asked, ['gpu', 'gpu']);
    await channel.answer(7);
    assert.deepEqual(codes(), ['nvidiaSmiFailed', 7]);
    assert.equal(samples[1]?.at, clock.now());
    assert.deepEqual(samples[1].memory, { totalMb: 1000, usedMb: 600 });
  });

  it('takes a new interval at once, and leaves out what a sleeping computer missed', async () => {
    await start();
    const { channel } = session;
    await channel.answer(1);
    sampler.setInterval(10_000);
    clock.advance(9_999);
    assert.equal(channel.asked.length, 1);
    clock.advance(1);
    assert.equal(channel.asked.length, 2);
    await channel.answer(2);
    clock.setBack(3_600_000);
    clock.advance(10_000);
    assert.equal(channel.asked.length, 3);
  });

  it('passes over answers to nothing', async () => {
    await start();
    const { channel } = session;
    await channel.answer(1);
    await channel.answer(2);
    await channel.say('n');
    assert.deepEqual(codes(), [1]);
  });

  it('waits for a silent nvidia-smi, with memory meanwhile, and never starts a second one', async () => {
    await start();
    const { channel } = session;
    await channel.memory(1000, 900);
    clock.advance(SILENCE_MS);
    assert.deepEqual(channel.asked, ['gpu', 'stop', 'memory']);
    await channel.memory(1000, 300);
    for (let i = 0; i < 30; i++) {
      clock.advance(2000);
      await channel.memory();
    }
    assert.ok(samples.length > 25 && codes().every(code => code === 'nvidiaSmiSilent'));
    assert.deepEqual(samples[0]?.memory, { totalMb: 1000, usedMb: 700 });
    assert.deepEqual(samples[0].gpus, []);
    assert.equal(channel.asked.filter(question => question === 'gpu').length, 1);
    assert.ok(channel.asked.filter(question => question === 'stop').length > 1, 'it is told again to end');
    assert.equal(log.filter(line => line.includes('has not answered')).length, 1);

    await channel.output('<nvidia_smi_log>', 137);
    while (channel.asked.at(-1) !== 'gpu') {
      clock.advance(2000);
      if (channel.asked.at(-1) === 'memory') await channel.memory();
    }
    await channel.answer(42);
    assert.equal(codes().at(-1), 42);
  });

  it('takes an answer that comes late after all', async () => {
    await start();
    const { channel } = session;
    await channel.memory();
    clock.advance(SILENCE_MS);
    await channel.output('<nvidia_smi_log><gpu><product_name>X</product_name></gpu></nvidia_smi_log>');
    await channel.memory();
    assert.deepEqual(
      samples.map(sample => sample.gpus.length),
      [1],
    );
    clock.advance(2000);
    assert.equal(channel.asked.at(-1), 'gpu');
  });

  it('opens another channel when the present one answers nothing at all', async () => {
    await start();
    const stuck = session.channel;
    clock.advance(SILENCE_MS);
    assert.ok(stuck.disposed);
    clock.advance(1000);
    await settled();
    assert.equal(session.channels.length, 2);
    await stuck.answer(1);
    await session.channel.answer(2);
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

  it('keeps quiet about a channel that ended after it had answered, and shows no old memory', async () => {
    await start();
    await session.channel.answer(1);
    await session.channel.end(0);
    clock.advance(1000);
    await settled();
    await session.channel.say('m ');
    await session.channel.output('');
    assert.deepEqual(codes(), [1, 'nvidiaSmiFailed']);
    assert.equal(samples[1]?.memory, null);
  });

  it('says why no channel could be opened', async () => {
    session.refusal = new SparkError({ code: 'remoteCommandFailed', message: 'Too many channels.' });
    await start();
    assert.equal(samples[0]?.error?.message, 'Too many channels.');
    session.refusal = undefined;
    clock.advance(1000);
    await settled();
    await session.channel.answer(3);
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
    await start();
    await session.channel.answer(1);
    clock.advance(2000);
    assert.equal(session.channel.asked.length, 2);
    assert.match(log.join(), /could not be handled: no/);
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
});
