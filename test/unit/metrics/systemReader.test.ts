import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { SystemFrame, SystemPart } from '../../../src/engine/metrics/frames.js';
import { Lateness } from '../../../src/engine/metrics/lateness.js';
import { parseDisks, parseTemperatures } from '../../../src/engine/metrics/slowFacts.js';
import { SystemReader, type SystemReading } from '../../../src/engine/metrics/systemReader.js';

const frame = (kind: SystemPart, text: string): SystemFrame => ({ kind, looped: true, text });

function read(reader: SystemReader, parts: Partial<Record<SystemPart, string | string[]>>): SystemReading {
  for (const kind of ['uptime', 'memory', 'cpu', 'pressure'] as const)
    for (const text of [parts[kind] ?? []].flat()) assert.equal(reader.take(frame(kind, text)), undefined);
  const reading = reader.take(frame('network', (parts.network as string | undefined) ?? ''));
  assert.ok(reading);
  return reading;
}

describe('the readings of a machine itself', () => {
  it('have rates from the second on, by the machine’s own clock', () => {
    const reader = new SystemReader({});
    const first = read(reader, {
      uptime: '1000.00 1.5 2.5 3.5',
      cpu: ['100 1000 50 500', '50 500'],
      network: 'eth0 1000 2000 enP7s7 5 5',
    });
    assert.deepEqual(first.system.load, [1.5, 2.5, 3.5]);
    assert.deepEqual(first.system.cpu, { utilization: null, cores: [null, null] });
    assert.equal(first.system.network?.[0]?.receivedBytesPerSecond, null);
    const second = read(reader, {
      uptime: '1004.00 1.5 2.5 3.5',
      cpu: ['150 1200 50 600', '150 600'],
      network: 'eth0 9000 2000 enP7s7 1 5',
    });
    assert.deepEqual(second.system.cpu, { utilization: 75, cores: [100, 0] });
    assert.deepEqual(second.system.network, [
      { name: 'eth0', receivedBytesPerSecond: 2000, sentBytesPerSecond: 0 },
      // a counter that went back
      { name: 'enP7s7', receivedBytesPerSecond: null, sentBytesPerSecond: 0 },
    ]);
  });

  it('read pressure by its kinds', () => {
    const { system } = read(new SystemReader({}), {
      pressure:
        'cpu some avg10=32.89 avg60=44.09 full avg10=0.00 avg60=0.00 memory some avg10=1.25 avg60=0.50 full avg10=0.75 avg60=0.10',
    });
    assert.deepEqual(system.pressure, {
      cpu: { some10: 32.89, some60: 44.09, full10: 0 },
      memory: { some10: 1.25, some60: 0.5, full10: 0.75 },
      io: null,
    });
  });

  it('know nothing of what is not told', () => {
    assert.deepEqual(read(new SystemReader({}), { uptime: '   ' }), {
      memory: null,
      system: {
        uptimeSeconds: null,
        load: null,
        cpu: null,
        pressure: { cpu: null, memory: null, io: null },
        network: [],
      },
    });
  });

  it('begin anew when one was cut short', () => {
    const reader = new SystemReader({});
    reader.take(frame('uptime', '1 0 0 0'));
    reader.take(frame('cpu', '1 2 3 4'));
    const { system } = read(reader, { uptime: '2 0 0 0', cpu: '5 6' });
    assert.equal(system.cpu?.cores.length, 0);
  });

  it('never break, and are never out of range', () => {
    const reader = new SystemReader({});
    const text = fc.oneof(
      fc.string(),
      fc.array(fc.nat(1000)).map(numbers => numbers.join(' ')),
    );
    fc.assert(
      fc.property(fc.record({ uptime: text, memory: text, cpu: text, pressure: text, network: text }), parts => {
        const { system } = read(reader, parts);
        for (const value of [system.cpu?.utilization, ...(system.cpu?.cores ?? [])])
          assert.ok(value === null || value === undefined || (value >= 0 && value <= 100));
        for (const { receivedBytesPerSecond: rate } of system.network ?? []) assert.ok(rate === null || rate >= 0);
      }),
    );
  });
});

describe('late readings', () => {
  it('are those of a burst, but not those of a longer way', () => {
    const lateness = new Lateness();
    const late = (uptime: number, arrived: number) => lateness.isLate(uptime, arrived);
    assert.equal(late(10, 100_000), false);
    assert.equal(late(12, 102_100), false);
    // held up for 20 seconds
    for (let step = 1; step < 9; step++) assert.equal(late(12 + step * 2, 122_000), true, String(step));
    assert.equal(late(32, 122_050), false);
    // a clock that was set forward by an hour: the second says that the first was not late
    assert.equal(late(34, 3_724_000), true);
    assert.equal(late(36, 3_726_010), false);
    assert.equal(late(38, 3_728_000), false);
  });

  it('cannot be told without the uptime', () => {
    assert.equal(new Lateness().isLate(null, 5), false);
  });
});

describe('what changes slowly', () => {
  it('lists each disk once, with its mount point', () => {
    const text = `Filesystem     1024-blocks     Used Available Capacity Mounted on
/dev/nvme0n1p2   3844545792 25714096 80676816      25% /
/dev/nvme0n1p2   3844545792 25714096 80676816      25% /var/lib/something
/dev/sda1            1024000     1024   1022976       1% /mnt/my data
tmpfs                  100        1        99       1% /tmp
/dev/sdb1                  0        0         0       -  /empty
df: /mnt/x: Input/output error`;
    assert.deepEqual(parseDisks(text), [
      { device: '/dev/nvme0n1p2', mount: '/', totalMb: 3754439, usedMb: 25111, availableMb: 78786 },
      { device: '/dev/sda1', mount: '/mnt/my data', totalMb: 1000, usedMb: 1, availableMb: 999 },
    ]);
    assert.equal(parseDisks('sh: df: not found'), null);
    assert.deepEqual(parseDisks('Filesystem 1024-blocks Used Available Capacity Mounted on\n'), []);
  });

  it('numbers sensors of one name, and leaves out what cannot be', () => {
    assert.deepEqual(parseTemperatures('acpitz 45500;acpitz 51000;nvme 38850;broken x;cold -300000;hot 999999;'), [
      { sensor: 'acpitz 1', celsius: 45.5 },
      { sensor: 'acpitz 2', celsius: 51 },
      { sensor: 'nvme', celsius: 38.9 },
    ]);
  });
});
