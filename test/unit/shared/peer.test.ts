import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import * as v from 'valibot';
import * as rpc from 'vscode-jsonrpc/node';
import { SparkError } from '../../../src/shared/errors.js';
import { Peer } from '../../../src/shared/peer.js';

const SERVER = {
  requests: {
    double: { params: v.strictObject({ value: v.number() }), result: v.number() },
    fail: { params: v.strictObject({}), result: v.null() },
    crash: { params: v.strictObject({}), result: v.null() },
    wait: { params: v.strictObject({}), result: v.null() },
    lie: { params: v.strictObject({}), result: v.number() },
  },
  notifications: { note: v.strictObject({ text: v.string() }) },
} as const;
const CLIENT = { requests: {}, notifications: {} } as const;

function pair() {
  const [up, down] = [new PassThrough(), new PassThrough()];
  const heard: string[] = [];
  const begun: AbortSignal[] = [];
  let onWait: () => void = () => undefined;
  const waiting = new Promise<void>(resolve => (onWait = resolve));
  const connect = (read: PassThrough, write: PassThrough) =>
    rpc.createMessageConnection(new rpc.StreamMessageReader(read), new rpc.StreamMessageWriter(write));
  const serverConnection = connect(up, down);
  const server = new Peer(
    serverConnection,
    SERVER,
    CLIENT,
    {
      double: ({ value }) => value * 2,
      fail: () => {
        throw new SparkError({ code: 'portBusy', message: 'Taken.', hint: 'Use another.', field: 'port' });
      },
      crash: () => {
        throw new Error('boom');
      },
      wait: async (_params, signal) => {
        begun.push(signal);
        onWait();
        return await new Promise<null>((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new SparkError({ code: 'cancelled', message: 'Cancelled.' })));
        });
      },
      lie: () => 'not a number' as unknown as number,
    },
    { note: ({ text }) => heard.push(text) },
    rpc,
  );
  const clientConnection = connect(down, up);
  const client = new Peer(clientConnection, CLIENT, SERVER, {}, {}, rpc);
  return { client, server, clientConnection, heard, begun, waiting, up };
}

describe('a peer', () => {
  it('carries a request, its answer and a notification', async () => {
    const { client, heard } = pair();
    client.notify('note', { text: 'first' });
    assert.equal(await client.request('double', { value: 21 }), 42);
    assert.deepEqual(heard, ['first']);
  });

  it('carries an error with its code, hint and field', async () => {
    const { client } = pair();
    await assert.rejects(client.request('fail', {}), (error: unknown) => {
      assert.ok(SparkError.is(error, 'portBusy'));
      assert.deepEqual([error.message, error.hint, error.field], ['Taken.', 'Use another.', 'port']);
      return true;
    });
    await assert.rejects(client.request('crash', {}), (error: unknown) => SparkError.is(error, 'internal'));
  });

  it('refuses parameters that are not of the contract before a handler sees them', async () => {
    const { client, clientConnection, heard } = pair();
    await assert.rejects(
      client.request('double', { value: 'x' } as unknown as { value: number }),
      (error: unknown) => SparkError.is(error, 'invalidInput') && error.field === 'value',
    );
    await clientConnection.sendNotification('note', { text: 7 });
    assert.equal(await client.request('double', { value: 1 }), 2);
    assert.deepEqual(heard, []);
  });

  it('refuses an answer that is not of the contract', async () => {
    const { client } = pair();
    await assert.rejects(client.request('lie', {}), (error: unknown) => SparkError.is(error, 'internal'));
  });

  it('cancels on the other side', async () => {
    const { client, begun, waiting } = pair();
    const abort = new AbortController();
    const asked = client.request('wait', {}, abort.signal);
    await waiting;
    abort.abort();
    await assert.rejects(asked, (error: unknown) => SparkError.is(error, 'cancelled'));
    assert.equal(begun[0]?.aborted, true);
  });

  it('rejects what is open when the other side goes away, and stops its handlers', async () => {
    const { client, server, begun, waiting, up } = pair();
    const asked = client.request('wait', {});
    await waiting;
    client.dispose();
    await assert.rejects(asked, (error: unknown) => SparkError.is(error, 'engineUnavailable'));
    up.destroy();
    await new Promise(resolve => server.closed.addEventListener('abort', resolve));
    assert.equal(begun[0]?.aborted, true);
    await assert.rejects(client.request('double', { value: 1 }), (error: unknown) =>
      SparkError.is(error, 'engineUnavailable'),
    );
  });
});
