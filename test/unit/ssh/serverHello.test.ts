import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ServerHello } from '../../../src/engine/ssh/serverHello.js';

function kexinit(lists: string[]): Buffer {
  const names = lists.map(list => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(list.length);
    return Buffer.concat([length, Buffer.from(list)]);
  });
  const payload = Buffer.concat([Buffer.from([20]), Buffer.alloc(16, 7), ...names, Buffer.alloc(5)]);
  const header = Buffer.alloc(5);
  header.writeUInt32BE(1 + payload.length + 4);
  header[4] = 4;
  return Buffer.concat([header, payload, Buffer.alloc(4)]);
}

const offered = kexinit(['kex1,kex2', 'ssh-rsa', 'c1,c2', 'c3', 'm1', 'm2', 'none', 'none', '', '']);
const hello = Buffer.concat([Buffer.from('Welcome\r\nSSH-2.0-Test_1 x\r\n'), offered]);

describe('what a server says first', () => {
  it('is read however it is cut up', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(hello.length)), cuts => {
        const reader = new ServerHello();
        const points = [0, ...cuts.sort((a, b) => a - b), hello.length];
        points.slice(1).forEach((end, index) => reader.feed(hello.subarray(points[index], end)));
        assert.equal(reader.identification, 'SSH-2.0-Test_1 x');
        assert.deepEqual(reader.offer, {
          keyExchange: ['kex1', 'kex2'],
          hostKey: ['ssh-rsa'],
          cipher: ['c1', 'c2'],
          mac: ['m1'],
        });
      }),
    );
  });

  it('may be something else altogether', () => {
    const reader = new ServerHello();
    reader.feed(Buffer.from('HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n'));
    assert.equal(reader.identification, undefined);
    assert.equal(reader.firstLine, 'HTTP/1.1 400 Bad Request');
  });

  it('never breaks the reader', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), fc.boolean(), (chunks, withIdentification) => {
        const reader = new ServerHello();
        if (withIdentification) reader.feed(Buffer.from('SSH-2.0-x\n'));
        for (const chunk of chunks) reader.feed(Buffer.from(chunk));
      }),
    );
  });
});
