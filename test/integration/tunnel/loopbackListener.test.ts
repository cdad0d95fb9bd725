import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { findFreePort, listenOnLoopback, type LoopbackListener } from '../../../src/engine/tunnel/loopbackListener.js';
import { openTunnel } from '../../../src/engine/tunnel/tunnel.js';
import { nullLogger } from '../../../src/engine/base/logger.js';
import { SparkError } from '../../../src/shared/errors.js';

/** Addresses that listen on a port, as the kernel writes them. */
function boundAddresses(port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap(path => readFileSync(path, 'utf8').split('\n'))
    .map(line => line.trim().split(/\s+/))
    .filter(columns => columns[1]?.endsWith(suffix) && columns[3] === '0A')
    .map(columns => columns[1]!.slice(0, -suffix.length));
}

describe('listening on loopback', () => {
  const listeners: LoopbackListener[] = [];
  let other: Server | undefined;

  afterEach(async () => {
    for (const listener of listeners.splice(0)) listener.dispose();
    const open = other;
    if (open) await new Promise(resolve => open.close(resolve));
    other = undefined;
  });

  const listen = async (...args: Parameters<typeof listenOnLoopback>) => {
    const listener = await listenOnLoopback(...args);
    listeners.push(listener);
    return listener;
  };
  const occupy = async (host: string, port = 0) => {
    other = createServer(socket => socket.destroy()).listen(port, host);
    await once(other, 'listening');
    return (other.address() as AddressInfo).port;
  };
  const isBusy = (error: unknown) => SparkError.is(error, 'portBusy');

  it('binds both loopback addresses and nothing wider', async function () {
    if (process.platform !== 'linux') this.skip();
    const listener = await listen(0, socket => socket.destroy());
    assert.deepEqual(boundAddresses(listener.port), ['0100007F', '00000000000000000000000001000000']);
  });

  it('accepts from both, and a replaced handler gets what comes next', async () => {
    const seen: string[] = [];
    const listener = await listen(0, socket => {
      seen.push('first');
      socket.destroy();
    });
    for (const host of ['127.0.0.1', '::1']) await once(connect(listener.port, host).resume(), 'close');
    listener.onSocket = socket => {
      seen.push('second');
      socket.destroy();
    };
    await once(connect(listener.port, '127.0.0.1').resume(), 'close');
    assert.deepEqual(seen, ['first', 'first', 'second']);
  });

  it('binds neither when one of them is taken', async function () {
    if (process.platform !== 'linux') this.skip();
    for (const host of ['127.0.0.1', '::1', '0.0.0.0', '::']) {
      const port = await occupy(host);
      const before = boundAddresses(port);
      await assert.rejects(
        listenOnLoopback(port, socket => socket.destroy()),
        isBusy,
      );
      assert.deepEqual(boundAddresses(port), before, host);
      await new Promise(resolve => other!.close(resolve));
    }
    other = undefined;
  });

  it('finds out by asking when binding alone would not tell', async () => {
    const port = await occupy('127.0.0.1');
    await assert.rejects(
      listenOnLoopback(port, socket => socket.destroy(), true),
      isBusy,
    );
    await new Promise(resolve => other!.close(resolve));
    other = undefined;
    await listen(port, socket => socket.destroy(), true);
  });

  it('finds the next port that is free on both', async () => {
    const listener = await listen(0, socket => socket.destroy());
    const free = await findFreePort(listener.port);
    assert.ok(free > listener.port);
    await listen(free, socket => socket.destroy());
  });

  it('says who has the port', async function () {
    if (process.platform !== 'linux') this.skip();
    const port = await occupy('127.0.0.1');
    await assert.rejects(openTunnel({ port, route: null, log: nullLogger }), (error: unknown) => {
      assert.ok(SparkError.is(error, 'portBusy'));
      assert.ok(error.message.includes(String(port)) && error.message.includes(`pid ${process.pid}`), error.message);
      return true;
    });
  });

  it('lets go of the port', async () => {
    const listener = await listenOnLoopback(0, socket => socket.destroy());
    listener.dispose();
    await listen(listener.port, socket => socket.destroy());
  });
});
