import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import {
  listeningInodes,
  parseLsof,
  parseNetstat,
  parseTasklist,
  portHolder,
} from '../../../src/engine/tunnel/portHolder.js';

describe('who holds a port', () => {
  it('is told for a program of this user', async function () {
    if (process.platform !== 'linux') this.skip();
    const name = readFileSync('/proc/self/comm', 'utf8').trim();
    for (const host of ['127.0.0.1', '::1']) {
      const server = createServer().listen(0, host);
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      assert.equal(await portHolder(port), `${name} (pid ${process.pid})`);
      server.close();
      await once(server, 'close');
      assert.equal(await portHolder(port), null);
    }
  });

  it('is read from /proc/net/tcp: listeners only, of this port only', () => {
    const table = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:2CAB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0 100 0 0 10 0',
      '   1: 0100007F:2CAB 0100007F:8C3A 01 00000000:00000000 00:00000000 00000000     0        0 222 1 0 20 4 30 10 -1',
      '   2: 0100007F:8C3A 0100007F:2CAB 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 0 20 4 30 10 -1',
      '   0: 00000000000000000000000001000000:2CAB 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 444 1',
    ];
    assert.deepEqual([...listeningInodes(table.join('\n'), 11435)], ['111', '444']);
  });

  it('is read from what lsof prints', () => {
    assert.equal(parseLsof('p4711\ncollama\nf3\n'), 'ollama (pid 4711)');
    assert.equal(parseLsof(''), null);
  });

  it('is read from what netstat and tasklist print, in any language', () => {
    const netstat = [
      'Aktive Verbindungen',
      '',
      '  Proto  Lokale Adresse         Remoteadresse          Status           PID',
      '  TCP    127.0.0.1:11435        127.0.0.1:50000        HERGESTELLT      1',
      '  TCP    127.0.0.1:11435        0.0.0.0:0              ABHÖREN          4711',
      '  TCP    [::]:114350            [::]:0                 ABHÖREN          2',
      '  UDP    0.0.0.0:11435          *:*                                     3',
    ];
    assert.equal(parseNetstat(netstat.join('\r\n'), 11435), '4711');
    assert.equal(parseNetstat(netstat.join('\r\n'), 50000), null);
    assert.equal(parseTasklist('"ollama.exe","4711","Console","1","12,345 K"\r\n'), 'ollama.exe');
    assert.equal(parseTasklist('INFO: No tasks are running which match the specified criteria.'), null);
  });
});
