import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { onLink, waysOut } from '../../../src/engine/discovery/interfaces.js';
import { packetFilter } from '../../../src/engine/discovery/packetFilter.js';

const v4 = (address: string, prefix: number, internal = false): NetworkInterfaceInfo => ({
  ...{ family: 'IPv4', address, cidr: `${address}/${prefix}`, netmask: '', mac: '', internal },
});
const v6 = (address: string, prefix: number, scopeid: number, internal = false): NetworkInterfaceInfo => ({
  ...{ family: 'IPv6', address, cidr: `${address}/${prefix}`, netmask: '', mac: '', internal, scopeid },
});
const interfaces = {
  lo: [v4('127.0.0.1', 8, true), v6('::1', 128, 0, true)],
  en0: [v6('fe80::a', 64, 4), v6('fd00::a', 64, 0), v4('192.168.1.7', 24), v4('192.168.1.8', 24)],
  cable: [v6('fe80::b', 64, 9)],
  vpn: [v4('10.8.0.2', 32)],
  none: undefined,
};

describe('the networks to ask', () => {
  it('are all that this computer is on, each once a family', () => {
    assert.deepEqual(waysOut(interfaces, 'linux'), [
      { family: 'IPv4', name: 'en0', multicastInterface: '192.168.1.7' },
      { family: 'IPv4', name: 'vpn', multicastInterface: '10.8.0.2' },
      { family: 'IPv6', name: 'en0', multicastInterface: '::%en0' },
      { family: 'IPv6', name: 'cable', multicastInterface: '::%cable' },
    ]);
    const onWindows = waysOut(interfaces, 'win32').map(({ multicastInterface }) => multicastInterface);
    assert.deepEqual(onWindows, ['192.168.1.7', '10.8.0.2', '::%4', '::%9']);
    assert.deepEqual(waysOut({}, 'linux'), []);
    const many = Array.from({ length: 100 }, (_, index): [string, NetworkInterfaceInfo[]] => [
      `veth${index}`,
      [v6('fe80::1', 64, index)],
    ]);
    const ways = waysOut({ ...Object.fromEntries<NetworkInterfaceInfo[]>(many), ...interfaces }, 'linux');
    assert.equal(ways.length, 32);
    assert.ok(ways.some(({ name, family }) => name === 'vpn' && family === 'IPv4'));
  });

  it('are where an answer must come from', () => {
    const isOnLink = onLink(interfaces);
    const addresses = ['192.168.1.200', '10.8.0.2', 'fd00::77', 'fe80::77%cable', '192.168.2.1', '10.8.0.3', 'fd01::1'];
    assert.deepEqual(addresses.filter(isOnLink), addresses.slice(0, 4));
    assert.equal(onLink({ odd: [{ ...v4('192.168.1.7', 24), cidr: null }] })('192.168.1.7'), false);
  });
});

describe('the filter of what is parsed', () => {
  const header = (flags: number, records: number, length = 40) => {
    const message = Buffer.alloc(length);
    message.writeUInt16BE(flags, 2);
    message.writeUInt16BE(records, 6);
    return message;
  };
  const from = (port: number, address = '192.168.1.9') => ({ address, port, family: 'IPv4' as const, size: 0 });

  it('lets answers through that a machine on the network may have sent', () => {
    const accept = packetFilter(5353, onLink(interfaces));
    assert.equal(accept(header(0x8400, 3), from(5353)), true);
    assert.equal(accept(header(0x8400, 3), from(1234)), false);
    assert.equal(accept(header(0x8400, 3), from(5353, '8.8.8.8')), false);
    assert.equal(accept(header(0, 3), from(5353)), false);
    assert.equal(accept(header(0x8400, 5000), from(5353)), false);
    assert.equal(accept(header(0x8400, 3, 9001), from(5353)), false);
    assert.equal(accept(Buffer.alloc(11, 255), from(5353)), false);
  });

  it('has enough at some time', () => {
    const accept = packetFilter(5353, () => true);
    const accepted = Array.from({ length: 5000 }, () => accept(header(0x8400, 3), from(5353))).filter(Boolean);
    assert.equal(accepted.length, 1000);
  });
});
