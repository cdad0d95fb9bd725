import assert from 'node:assert/strict';
import {
  addressOf,
  duration,
  factsOf,
  foremost,
  loadOf,
  memory,
  reading,
  timeAgo,
} from '../../../src/vscode/wording.js';
import { connectionView, gpuSample, NOON, sampleOf } from './samples.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('wording', () => {
  it('says how long ago something was', () => {
    const ago = (milliseconds: number) => timeAgo(NOON - milliseconds, NOON);
    assert.deepEqual([-5000, 0, 59_000, MINUTE, 2 * HOUR + 59 * MINUTE, 26 * HOUR, 40 * DAY, 800 * DAY].map(ago), [
      'just now',
      'just now',
      'just now',
      '1 minute ago',
      '2 hours ago',
      '1 day ago',
      '1 month ago',
      '2 years ago',
    ]);
  });

  it('says how long something lasts', () => {
    assert.deepEqual([-1, 12_000, 4 * MINUTE, 2 * HOUR + 5 * MINUTE, 2 * DAY + 3 * HOUR].map(duration), [
      '0 s',
      '12 s',
      '4 min',
      '2 h 5 min',
      '2 d 3 h',
    ]);
  });

  it('puts IPv6 addresses in brackets', () => {
    assert.equal(addressOf(connectionView()), 'nvidia@spark.local:22');
    assert.equal(addressOf(connectionView({ hostname: 'fe80::1', port: 2222 })), 'nvidia@[fe80::1]:2222');
  });

  it('says n/a for what is not reported, never 0', () => {
    assert.equal(reading(null, '%'), 'n/a');
    assert.equal(reading(0, '%'), '0%');
    assert.equal(memory(null, null), 'n/a');
    assert.equal(memory(null, 122_570), 'n/a/119.7 GB');
    assert.equal(memory(12_595, 122_570), '12.3/119.7 GB');
  });

  it('sums up several GPUs: the busiest one, and all memory', () => {
    const dedicated = { kind: 'dedicated', usedMb: 1000, totalMb: 81_920 } as const;
    const load = loadOf(
      sampleOf([
        gpuSample({ utilization: 10, memory: dedicated }),
        gpuSample({ index: 1, utilization: 90, memory: dedicated }),
        gpuSample({ index: 2, utilization: null, memory: dedicated }),
      ]),
    );
    assert.deepEqual(load, { utilization: 90, usedMb: 3000, totalMb: 245_760 });
  });

  it('counts a shared pool once, and no partial sum', () => {
    assert.deepEqual(loadOf(sampleOf([gpuSample(), gpuSample({ index: 1 })])), {
      utilization: 42,
      usedMb: 12_595,
      totalMb: 122_570,
    });
    const half = loadOf(
      sampleOf([
        gpuSample({ memory: { kind: 'dedicated', usedMb: 5, totalMb: 10 } }),
        gpuSample({ index: 1, memory: { kind: 'dedicated', usedMb: null, totalMb: 10 } }),
      ]),
    );
    assert.equal(half.usedMb, null);
    assert.deepEqual(loadOf(sampleOf([])), { utilization: null, usedMb: null, totalMb: null });
  });

  it('chooses the connection that one line is about', () => {
    const idle = connectionView({ id: 'a', isActive: false });
    const busy = connectionView({ id: 'b', isActive: false }, { state: 'connected' });
    const active = connectionView({ id: 'c' });
    assert.equal(foremost([idle, busy, active])?.id, 'c');
    assert.equal(foremost([idle, busy])?.id, 'b');
    const starting = connectionView({ id: 'd', isActive: false }, { state: 'connecting' });
    assert.equal(foremost([idle, starting])?.id, 'd');
    assert.equal(foremost([starting, busy])?.id, 'b');
    assert.equal(foremost([idle])?.id, 'a');
    assert.equal(foremost([]), undefined);
  });

  it('tells what is known of a connection', () => {
    const connected = connectionView(
      {},
      { state: 'connected', since: NOON - 3 * HOUR, tunnel: { state: 'open', localPort: 11436, remotePort: 11434 } },
    );
    assert.deepEqual(factsOf(connected, NOON), [
      ['Address', 'nvidia@spark.local:22'],
      ['State', 'Connected'],
      ['Uptime', '3 h 0 min'],
      ['Ollama', 'localhost:11436 → 11434 on the Spark'],
    ]);
    const failed = connectionView(
      { lastConnectedAt: NOON - 2 * HOUR },
      { state: 'error', error: { code: 'hostNotFound', message: 'No such host.', hint: 'Check the name.' } },
    );
    assert.deepEqual(factsOf(failed, NOON).slice(1), [
      ['State', 'Error'],
      ['Last connected', '2 hours ago'],
      ['Reason', 'No such host. Check the name.'],
    ]);
    const away = { state: 'reconnecting', since: NOON } as const;
    assert.deepEqual(factsOf(connectionView({}, { ...away, step: 'Logging in' }), NOON)[1], [
      'State',
      'Reconnecting: Logging in',
    ]);
    const [, at] = factsOf(connectionView({}, { ...away, nextAttemptAt: NOON + 8000 }), NOON).at(-1)!;
    assert.match(at, /^at .*:00:08/);
  });

  it('say which way was taken where it is another, what is followed, and why it was left', () => {
    const status = { state: 'connected', since: NOON } as const;
    const facts = (via: string) =>
      factsOf(connectionView({ hostname: 'Spark.local', sshConfigHost: 'spark' }, { ...status, via }), NOON);
    assert.deepEqual(facts('spark.local:22').slice(2), [
      ['Follows', 'Host spark of your SSH config'],
      ['Uptime', '0 s'],
    ]);
    assert.deepEqual(facts('10.0.0.7:22 via gateway')[3], ['Reached at', '10.0.0.7:22 via gateway']);
    const left = connectionView({}, { state: 'disconnected', note: 'Disconnected after 30 minutes without use.' });
    assert.deepEqual(factsOf(left, NOON).at(-1), ['Note', 'Disconnected after 30 minutes without use.']);
  });
});
