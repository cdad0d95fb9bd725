import assert from 'node:assert/strict';
import { AlertService } from '../../../src/engine/alerts/alertService.js';
import { nullLogger } from '../../../src/engine/base/logger.js';
import type { Alert, KeptAlert } from '../../../src/shared/alerts.js';
import type { ConnectionView } from '../../../src/shared/connection.js';
import type { Trouble } from '../../../src/shared/metrics.js';
import { DEFAULT_ENGINE_SETTINGS, type EngineSettings } from '../../../src/shared/settings.js';
import { ManualClock } from '../metrics/manualClock.js';
import { gb10, sampleAt, systemMemory } from '../metrics/readings.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const STUCK: Trouble = {
  ...{ id: 'stuckLowPower', gpuIndex: 0, since: 0, severity: 'warning' },
  ...{ message: 'GPU 0 is stuck.', hint: 'Pull its plug.' },
};

describe('alerts', () => {
  let clock: ManualClock;
  let settings: EngineSettings;
  let service: AlertService;
  let told: Alert[];
  let kept: Map<string, KeptAlert>;

  /** An engine with what the last one has left. */
  function begin(): AlertService {
    const repository = {
      list: () => [...kept.values()].reverse(),
      note: (alert: KeptAlert) => {
        kept.set(alert.id, alert);
        return Promise.resolve();
      },
    };
    const begun = new AlertService({ clock, settings: () => settings, repository, log: nullLogger });
    begun.onDidRaise(alert => told.push(alert));
    return begun;
  }

  beforeEach(() => {
    clock = new ManualClock();
    settings = { ...DEFAULT_ENGINE_SETTINGS };
    told = [];
    kept = new Map();
    service = begin();
  });

  afterEach(() => {
    service.dispose();
    assert.equal(clock.pending, 0, 'no timer is left');
  });

  /** Samples of this temperature, two seconds apart. */
  function heat(temperatureC: number | null, ms: number): void {
    for (let passed = 0; passed < ms; passed += 2 * SECOND) {
      service.take(sampleAt(clock.now(), { gpus: [gb10({ temperatureC })] }));
      clock.advance(2 * SECOND);
    }
  }

  it('begin when a value has stayed at its threshold for as long as is set, and are told once', () => {
    heat(90, 58 * SECOND);
    assert.deepEqual(told, []);
    heat(91, 10 * MINUTE);
    assert.deepEqual(
      told.map(({ kind, message }) => [kind, message]),
      [['temperature', 'The GPU is at 91 °C.']],
    );
    assert.equal(service.list()[0]?.endedAt, null);
  });

  it('outlive the engine: what goes on is not told anew, and ends when it is over', () => {
    heat(91, 2 * MINUTE);
    service.dispose();
    service = begin();
    heat(91, 2 * MINUTE);
    assert.equal(told.length, 1);
    assert.deepEqual(
      service.list().map(({ message, endedAt }) => [message, endedAt]),
      [['The GPU is at 91 °C.', null]],
    );
    heat(50, 10 * SECOND);
    assert.equal(typeof service.list()[0]?.endedAt, 'number');
    service.dispose();
    service = begin();
    assert.equal(typeof service.list()[0]?.endedAt, 'number');
  });

  it('do not begin while the value falls below now and then, or was not read', () => {
    for (let time = 0; time < 20; time += 1) {
      heat(95, 40 * SECOND);
      heat(80, 4 * SECOND);
    }
    heat(null, 5 * MINUTE);
    assert.deepEqual(told, []);
  });

  it('do not count a time in which nothing was read', () => {
    heat(95, 10 * SECOND);
    clock.advance(10 * MINUTE);
    heat(95, 10 * SECOND);
    assert.deepEqual(told, []);
  });

  it('end only when the value is clearly below', () => {
    heat(92, 2 * MINUTE);
    heat(87, MINUTE);
    assert.equal(service.list()[0]?.endedAt, null, 'just below is not yet right');
    heat(70, 2 * SECOND);
    assert.notEqual(service.list()[0]?.endedAt, null);
  });

  it('are not told again within the cool-down, but listed', () => {
    for (let time = 0; time < 3; time += 1) {
      heat(95, 2 * MINUTE);
      heat(60, 2 * MINUTE);
    }
    assert.equal(told.length, 1);
    assert.equal(service.list().length, 3);
    clock.advance(30 * MINUTE);
    heat(95, 2 * MINUTE);
    assert.equal(told.length, 2);
  });

  it('are quiet while they are snoozed', () => {
    settings = { ...settings, alertCooldownMinutes: 0 };
    heat(95, 2 * MINUTE);
    service.snooze(told[0]!.id, 60);
    heat(60, MINUTE);
    heat(95, 2 * MINUTE);
    assert.equal(told.length, 1);
    assert.notEqual(service.list()[0]?.snoozedUntil, null);
    heat(60, MINUTE);
    clock.advance(60 * MINUTE);
    heat(95, 2 * MINUTE);
    assert.equal(told.length, 2);
  });

  it('cannot be snoozed when there is none', () => {
    assert.throws(() => service.snooze('nothing', 5), { code: 'notFound' });
  });

  it('are none for a threshold of 0, and none at all when they are switched off', () => {
    settings = { ...settings, alertTemperatureC: 0 };
    heat(110, 5 * MINUTE);
    settings = { ...DEFAULT_ENGINE_SETTINGS, alertsEnabled: false };
    heat(110, 5 * MINUTE);
    assert.deepEqual(service.list(), []);
  });

  it('do not tell of a busy GPU unless asked: work is no trouble', () => {
    heat(60, 10 * MINUTE);
    assert.deepEqual(told, []);
    settings = { ...settings, alertUtilizationPercent: 90 };
    heat(60, 2 * MINUTE);
    assert.deepEqual(
      told.map(({ kind }) => kind),
      ['utilization'],
    );
  });

  it('count a pool that CPU and GPU share once', () => {
    const memory = systemMemory({ usedMb: 123_000 });
    for (let step = 0; step < 40; step += 1) {
      const gpu = gb10({ memory: { kind: 'unified', usedMb: 123_000, totalMb: 124_610 } });
      service.take(sampleAt(clock.now(), { memory, gpus: [gpu] }));
      clock.advance(2 * SECOND);
    }
    assert.deepEqual(
      told.map(({ message }) => message),
      ['The memory of the machine is 99 % full.'],
    );
  });

  it('tell of a trouble at once, and not of what is only good to know', () => {
    service.take(sampleAt(clock.now(), { troubles: [STUCK, { ...STUCK, id: 'cacheEatsPool', severity: 'info' }] }));
    assert.deepEqual(
      told.map(({ kind, message, hint }) => [kind, message, hint]),
      [['trouble', 'GPU 0 is stuck.', 'Pull its plug.']],
    );
    service.take(sampleAt(clock.now() + 1, { troubles: [STUCK] }));
    assert.equal(told.length, 1);
    service.take(sampleAt(clock.now() + 2, { gpus: [], error: { code: 'nvidiaSmiSilent', message: 'silent' } }));
    assert.equal(service.list()[0]?.endedAt, null, 'nothing was read, so nothing is known to be over');
    service.take(sampleAt(clock.now() + 3));
    assert.notEqual(service.list()[0]?.endedAt, null);
  });

  it('tell of a disk as soon as it is read', () => {
    const disk = { mount: '/', device: '/dev/nvme0n1', totalMb: 1000, usedMb: 970, availableMb: 20 };
    const details = { connectionId: 'c1', gpus: [], processes: null, temperatures: [], hugePages: null };
    service.takeDetails({ ...details, at: clock.now(), disks: [disk] });
    assert.deepEqual(
      told.map(({ message }) => message),
      ['The disk / is 98 % full.'],
    );
  });

  it('tell of a machine that was connected and stays lost, and not of one that was let go', () => {
    const view = (state: ConnectionView['status']['state'], wanted = true) =>
      ({ id: 'c1', name: 'Spark', wanted, status: { state, since: 0, tunnel: { state: 'closed' } } }) as ConnectionView;
    service.follow([view('error')]);
    clock.advance(10 * MINUTE);
    assert.deepEqual(told, [], 'it was never connected: the login has told why');
    service.follow([view('connected')]);
    service.follow([view('reconnecting')]);
    clock.advance(4 * MINUTE);
    service.follow([view('error')]);
    assert.deepEqual(told, []);
    clock.advance(MINUTE);
    assert.deepEqual(
      told.map(({ message }) => message),
      ['Spark has not been reachable for 5 minutes.'],
    );
    service.follow([view('connected')]);
    assert.notEqual(service.list()[0]?.endedAt, null);
    service.follow([view('reconnecting')]);
    service.follow([view('disconnected', false)]);
    clock.advance(60 * MINUTE);
    assert.equal(service.list().length, 1);
  });
});
