import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { join } from '../../../src/engine/tunnel/join.js';
import { readAll } from '../../support/streams.js';

/** Two ends of one TCP connection that may each be closed in one direction. */
async function socketPair(): Promise<[Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  const [accepted] = (await once(server, 'connection')) as [Socket];
  server.close();
  for (const socket of [client, accepted]) socket.on('error', () => undefined);
  return [client, accepted];
}

describe('joining two streams', function () {
  this.timeout(20_000);
  let caller: Socket;
  let callee: Socket;
  let near: Socket;
  let far: Socket;
  let closed: Promise<void>;

  beforeEach(async () => {
    [caller, near] = await socketPair();
    [far, callee] = await socketPair();
    closed = new Promise(resolve => join(near, far, resolve));
  });

  afterEach(() => {
    for (const socket of [caller, callee, near, far]) socket.destroy();
  });

  it('carries data both ways, each of which ends by itself', async () => {
    const question = randomBytes(3_000_000);
    const answer = randomBytes(3_000_000);
    caller.end(question);
    assert.ok((await readAll(callee)).equals(question));
    // the caller has said all, and is still answered
    callee.end(answer);
    assert.ok((await readAll(caller)).equals(answer));
    await closed;
  });

  it('waits for a slow reader instead of collecting', async () => {
    const data = Buffer.alloc(48_000_000);
    caller.end(data);
    while (!far.writableNeedDrain) await new Promise(resolve => setImmediate(resolve));
    for (let turn = 0; turn < 200; turn++) {
      const waiting = near.readableLength + far.writableLength;
      assert.ok(waiting < 2_000_000, `${waiting} bytes are waiting`);
      await new Promise(resolve => setImmediate(resolve));
    }
    assert.equal((await readAll(callee)).length, data.length);
  });

  it('resets a caller only after it could read the last piece, since the reset would look like an end behind it', async () => {
    const [reader, local] = await socketPair();
    const remote = new PassThrough();
    const over = new Promise<void>(resolve => join(local, remote, resolve));
    const broken = new Promise<void>(resolve => reader.once('close', () => resolve()));
    const errors: Error[] = [];
    reader.on('error', error => errors.push(error));
    const ended = new Promise<void>((_resolve, reject) =>
      reader.once('end', () => reject(new Error('an orderly end'))),
    );
    remote.write('the first half');
    await once(reader, 'data');
    remote.once('data', () => setImmediate(() => remote.destroy(new Error('the link is lost'))));
    remote.write('a piece');
    await Promise.race([broken, ended]);
    assert.equal((errors[0] as NodeJS.ErrnoException).code, 'ECONNRESET');
    await over;
  });

  it('delivers a whole answer to a slow reader although the other side breaks behind it', async () => {
    const [reader, local] = await socketPair();
    const remote = new PassThrough();
    const over = new Promise<void>(resolve => join(local, remote, resolve));
    const answer = randomBytes(20_000_000);
    const said = once(remote, 'end');
    remote.end(answer);
    await said;
    assert.ok(local.writableLength > 0, 'the reader was not slow');
    remote.destroy(new Error('the link is lost'));
    assert.ok((await readAll(reader)).equals(answer));
    reader.end();
    await over;
  });

  it('resets one side when the other is reset', async () => {
    const reset = once(callee, 'error');
    callee.resume();
    caller.resetAndDestroy();
    await assert.doesNotReject(reset);
    await closed;
    assert.ok(near.destroyed && far.destroyed);
  });

  it('resets one side when the other is destroyed before it has said all', async () => {
    const error = new Promise<NodeJS.ErrnoException>(resolve => caller.once('error', resolve));
    caller.resume();
    far.destroy();
    assert.equal((await error).code, 'ECONNRESET');
    await closed;
  });

  it('delivers what was said before an orderly end', async () => {
    callee.end('last words');
    caller.end();
    assert.equal((await readAll(caller)).toString(), 'last words');
    callee.resume();
    await closed;
  });
});
