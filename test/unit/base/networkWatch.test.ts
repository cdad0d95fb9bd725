import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import type { Disposable } from '../../../src/engine/base/disposable.js';
import { type Interfaces, type NetworkChange, watchNetwork } from '../../../src/engine/base/networkWatch.js';
import { FakeClock } from '../../support/fakeClock.js';

const common = { netmask: '', mac: '', cidr: null, internal: false };
const v4 = (address: string): NetworkInterfaceInfo => ({ ...common, address, family: 'IPv4' });
const v6 = (address: string): NetworkInterfaceInfo => ({ ...common, address, family: 'IPv6', scopeid: 0 });

describe('the watch of the network', () => {
  let clock: FakeClock;
  let interfaces: Interfaces | Error;
  let heard: NetworkChange[];
  let watch: Disposable;

  function start(): void {
    watch = watchNetwork(
      change => heard.push(change),
      clock,
      () => {
        if (interfaces instanceof Error) throw interfaces;
        return interfaces;
      },
    );
  }

  beforeEach(() => {
    clock = new FakeClock();
    interfaces = { en0: [v4('192.168.1.7'), v6('fd00::7')] };
    heard = [];
    start();
  });

  afterEach(() => {
    watch.dispose();
    assert.equal(clock.pending, 0, 'no timer is left');
  });

  function becomes(next: Interfaces | Error): void {
    interfaces = next;
    clock.advance(5_000);
  }

  it('hears nothing while nothing changes, whatever the order', () => {
    clock.advance(60_000);
    becomes({ en1: [], en0: [v6('fd00::7'), v4('192.168.1.7')] });
    assert.deepEqual(heard, []);
  });

  it('tells what came from what went, once', () => {
    becomes({ en0: [v4('192.168.1.7')] });
    becomes({});
    becomes({ en1: [v4('10.0.0.4'), v6('fd01::4')] });
    clock.advance(60_000);
    assert.deepEqual(heard, [
      { gained: [], lost: ['fd00::7'] },
      { gained: [], lost: ['192.168.1.7'] },
      { gained: ['10.0.0.4', 'fd01::4'], lost: [] },
    ]);
  });

  it('hears of both when one network takes the place of another', () => {
    becomes({ en0: [v4('10.0.0.4')] });
    assert.deepEqual(heard, [{ gained: ['10.0.0.4'], lost: ['192.168.1.7', 'fd00::7'] }]);
  });

  it('hears of an address that moves to another interface', () => {
    becomes({ en5: [v4('192.168.1.7'), v6('fd00::7')] });
    const both = ['192.168.1.7', 'fd00::7'];
    assert.deepEqual(heard, [{ gained: both, lost: both }]);
  });

  it('leaves out loopback and what every interface has', () => {
    becomes({
      en0: [v4('192.168.1.7'), v6('fd00::7'), v6('fe80::1')],
      veth1: [v6('FE80::2')],
      lo: [{ ...v4('127.0.0.1'), internal: true }],
    });
    assert.deepEqual(heard, []);
  });

  it('keeps what it knew while the system does not show its interfaces', () => {
    const before = interfaces;
    becomes(new Error('uv_interface_addresses returned Unknown system error 13'));
    becomes(before);
    assert.deepEqual(heard, []);
    becomes(new Error('again'));
    becomes({});
    assert.deepEqual(heard, [{ gained: [], lost: ['192.168.1.7', 'fd00::7'] }]);
  });

  it('begins with nothing when they are not shown at first', () => {
    watch.dispose();
    interfaces = new Error('not allowed');
    start();
    becomes({ en0: [v4('192.168.1.7')] });
    assert.deepEqual(heard, [{ gained: ['192.168.1.7'], lost: [] }]);
  });

  it('is over when it is disposed of', () => {
    watch.dispose();
    becomes({});
    assert.deepEqual(heard, []);
  });

  it('keeps no process alive and reads this computer', () => {
    const before = process.getActiveResourcesInfo().filter(name => name === 'Timeout').length;
    const real = watchNetwork(() => undefined);
    assert.equal(process.getActiveResourcesInfo().filter(name => name === 'Timeout').length, before);
    real.dispose();
  });
});
