import assert from 'node:assert/strict';
import {
  explainConnectError,
  explainLoginEnd,
  explainLostLink,
  explainTimeout,
} from '../../../src/engine/ssh/networkErrors.js';
import { ServerHello } from '../../../src/engine/ssh/serverHello.js';

const to = { hostname: 'spark.local', port: 22 };
const failure = (code: string, more: object = {}) => Object.assign(new Error(code), { code, ...more });
const codeOf = (error: unknown) => explainConnectError(error, to, 'linux').code;

describe('network errors', () => {
  it('have a code by what went wrong', () => {
    assert.equal(codeOf(failure('ENOTFOUND')), 'hostNotFound');
    assert.equal(codeOf(failure('EAI_AGAIN')), 'hostNotFound');
    assert.equal(codeOf(failure('ECONNREFUSED')), 'connectionRefused');
    assert.equal(codeOf(failure('EHOSTUNREACH')), 'hostUnreachable');
    assert.equal(codeOf(failure('ENETUNREACH')), 'hostUnreachable');
    assert.equal(codeOf(failure('EACCES')), 'hostUnreachable');
    assert.equal(codeOf(failure('ETIMEDOUT')), 'connectTimeout');
    assert.equal(codeOf(failure('ECONNRESET')), 'connectionLost');
    assert.equal(codeOf(undefined), 'connectionLost');
  });

  it('prefer the most telling of several addresses', () => {
    assert.equal(codeOf(new AggregateError([failure('ENETUNREACH'), failure('ECONNREFUSED')])), 'connectionRefused');
  });

  it('point to the Local Network permission on macOS, for addresses of the local network only', () => {
    const hint = (hostname: string, error: unknown, platform: NodeJS.Platform) =>
      explainConnectError(error, { hostname, port: 22 }, platform).hint ?? '';
    for (const host of ['192.168.1.20', '10.1.2.3', '172.20.0.1', 'fe80::1', 'spark.local'])
      assert.match(hint(host, failure('EHOSTUNREACH'), 'darwin'), /Local Network/, host);
    assert.match(hint('spark', failure('EHOSTUNREACH', { address: '192.168.1.20' }), 'darwin'), /Local Network/);
    assert.doesNotMatch(hint('192.168.1.20', failure('EHOSTUNREACH'), 'linux'), /Local Network/);
    assert.doesNotMatch(hint('203.0.113.9', failure('EHOSTUNREACH'), 'darwin'), /Local Network/);
  });

  it('tell a silent machine from a silent server and from a slow login', () => {
    const silent = new ServerHello();
    const spoken = new ServerHello();
    spoken.feed(Buffer.from('SSH-2.0-x\r\n'));
    const errors = [
      explainTimeout('tcp', to, undefined),
      explainTimeout('handshake', to, silent),
      explainTimeout('authentication', to, spoken),
    ];
    assert.deepEqual(
      errors.map(error => error.code),
      ['connectTimeout', 'connectTimeout', 'connectTimeout'],
    );
    assert.equal(new Set(errors.map(error => error.message)).size, 3);
    assert.equal(new Set(errors.map(error => error.hint)).size, 3);
  });

  it('repeat nothing of what a server says but printable text', () => {
    const hello = new ServerHello();
    hello.feed(Buffer.from('220 mail\u001b[2J ready\r\n'));
    const error = explainLoginEnd('handshake', to, hello, undefined);
    assert.equal(error.code, 'notSsh');
    assert.ok(error.message.includes('220 mail [2J ready'), error.message);
  });

  it('say whether a link fell silent or was closed', () => {
    const silent = explainLostLink(to, new Error('Keepalive timeout'));
    const closed = explainLostLink(to, undefined);
    assert.equal(silent.code, 'connectionLost');
    assert.equal(closed.code, 'connectionLost');
    assert.notEqual(silent.message, closed.message);
  });
});
