import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { nullLogger } from '../../../src/engine/base/logger.js';
import type { SshSession } from '../../../src/engine/ssh/types.js';
import { openTunnel, type Route, swapListeners, type Tunnel } from '../../../src/engine/tunnel/tunnel.js';
import { hasSshd, type Sshd, startSshd } from '../../support/sshd.js';
import { readAll } from '../../support/streams.js';
import { collectLog, openSession } from '../ssh/openSession.js';

const sum = (data: Buffer) => createHash('sha256').update(data).digest('hex');

const text = async (socket: Socket) => (await readAll(socket)).toString();

describe('a tunnel', function () {
  this.timeout(60_000);
  const servers: Server[] = [];
  const tunnels: Tunnel[] = [];
  let sockets: Set<Socket>;

  beforeEach(() => {
    sockets = new Set();
  });

  afterEach(async () => {
    for (const tunnel of tunnels.splice(0)) tunnel.close();
    for (const socket of sockets) socket.destroy();
    for (const server of servers.splice(0)) await new Promise(resolve => server.close(resolve));
  });

  async function serve(onSocket: (socket: Socket) => void): Promise<number> {
    return listen(
      createServer({ allowHalfOpen: true }, socket => {
        socket.on('error', () => undefined);
        onSocket(socket);
      }),
    );
  }
  async function listen(server: Server): Promise<number> {
    servers.push(server);
    server.on('connection', (socket: Socket) => sockets.add(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }
  const echo = () => serve(socket => socket.pipe(socket));
  const open = async (route: Route | null, log = nullLogger) => {
    const tunnel = await openTunnel({ port: 0, route, log });
    tunnels.push(tunnel);
    return tunnel;
  };
  /** A route without SSH. */
  const direct =
    (port: number): (() => Promise<Socket>) =>
    async () => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      await once(socket, 'connect');
      return socket;
    };
  const call = (tunnel: Tunnel, host = '127.0.0.1') => {
    const socket = connect({ port: tunnel.localPort, host, allowHalfOpen: true }).on('error', () => undefined);
    sockets.add(socket);
    return socket;
  };
  const ask = async (tunnel: Tunnel) => text(call(tunnel));
  const errorOf = (socket: Socket) => new Promise<NodeJS.ErrnoException>(resolve => socket.once('error', resolve));

  describe('over real SSH', () => {
    let sshd: Sshd;
    let session: SshSession;

    before(async function () {
      if (!hasSshd()) this.skip();
      sshd = await startSshd();
      sshd.trust();
      session = await openSession({
        target: {
          hostname: '127.0.0.1',
          port: sshd.port,
          username: sshd.username,
          auth: { method: 'key', keyPath: sshd.clientKey },
        },
        home: sshd.home,
      });
    });

    after(async () => {
      session.dispose();
      await sshd.stop();
    });

    const through = (port: number) => open(() => session.forward('127.0.0.1', port));

    it('answers HTTP on 127.0.0.1 and on [::1]', async () => {
      const port = await listen(
        createHttpServer((request, response) => response.end(`you asked for ${request.url ?? ''}`)),
      );
      const tunnel = await through(port);
      for (const host of ['127.0.0.1', '[::1]', 'localhost']) {
        const response = await fetch(`http://${host}:${tunnel.localPort}/x`);
        assert.equal(await response.text(), 'you asked for /x');
      }
    });

    it('carries 50 MB both ways at a time, unchanged', async () => {
      const up = randomBytes(50_000_000);
      const down = randomBytes(50_000_000);
      let received: Promise<Buffer> | undefined;
      const port = await serve(socket => {
        received = readAll(socket);
        socket.end(down);
      });
      const tunnel = await through(port);
      const socket = call(tunnel);
      socket.end(up);
      assert.equal(sum(await readAll(socket)), sum(down));
      assert.ok(received);
      assert.equal(sum(await received), sum(up));
      while (tunnel.stats.openSockets > 0) await new Promise(resolve => setImmediate(resolve));
      assert.deepEqual(tunnel.stats, { openSockets: 0, totalSockets: 1, bytesUp: up.length, bytesDown: down.length });
    });

    it('carries all of it unchanged across many re-keyings', async () => {
      const often = await startSshd({ config: ['RekeyLimit 8M'] });
      often.trust();
      const { port: sshPort, username, clientKey: keyPath, home } = often;
      const session = await openSession({
        target: { hostname: '127.0.0.1', port: sshPort, username, auth: { method: 'key', keyPath } },
        home,
      });
      try {
        const block = randomBytes(4_000_000);
        const data = Buffer.concat(Array.from({ length: 12 }, () => block));
        const port = await echo();
        const tunnel = await open(() => session.forward('127.0.0.1', port));
        const socket = call(tunnel);
        socket.end(data);
        assert.equal(sum(await readAll(socket)), sum(data));
      } finally {
        session.dispose();
        await often.stop();
      }
    });

    it('takes no more from the other side than a caller who has stopped reading has room for', async () => {
      const block = Buffer.alloc(1024 * 1024, 'x');
      const total = 96;
      let taken = 0;
      const port = await serve(socket => {
        const send = () => {
          while (taken < total && !socket.destroyed) {
            taken += 1;
            if (!socket.write(block)) {
              socket.once('drain', send);
              return;
            }
          }
          socket.end();
        };
        send();
      });
      const tunnel = await through(port);
      const slow = call(tunnel);
      await once(slow, 'readable');
      // others get through meanwhile; by the time that so many have, what can be taken has been taken
      const other = await through(await echo());
      for (let count = 0; count < 100; count++) {
        const socket = call(other);
        socket.end(Buffer.alloc(100_000));
        await readAll(socket);
      }
      assert.ok(taken <= 32, `${taken} MiB were taken`);
      assert.equal((await readAll(slow)).length, total * block.length);
    });

    it('carries 64 connections at a time', async () => {
      const tunnel = await through(await echo());
      await Promise.all(
        Array.from({ length: 64 }, async () => {
          const data = randomBytes(100_000);
          const socket = call(tunnel);
          socket.end(data);
          assert.equal(sum(await readAll(socket)), sum(data));
        }),
      );
    });

    it('lets a caller that has said all hear the answer', async () => {
      const port = await serve(socket => void text(socket).then(heard => socket.end(`heard: ${heard}`)));
      const socket = call(await through(port));
      socket.end('question');
      assert.equal(await text(socket), 'heard: question');
    });

    it('resets a caller when nothing listens on the other side', async () => {
      const port = await echo();
      await new Promise(resolve => servers.pop()!.close(resolve));
      const { log, lines } = collectLog();
      const tunnel = await open(() => session.forward('127.0.0.1', port), log);
      assert.equal((await errorOf(call(tunnel))).code, 'ECONNRESET');
      assert.ok(lines.some(line => line.startsWith('debug')));
    });

    it('resets what is open when the link is lost, so that no answer looks whole that is not', async () => {
      const second = await openSession({
        target: {
          hostname: '127.0.0.1',
          port: sshd.port,
          username: sshd.username,
          auth: { method: 'key', keyPath: sshd.clientKey },
        },
        home: sshd.home,
      });
      const port = await serve(socket => socket.write('the first half'));
      const tunnel = await open(() => second.forward('127.0.0.1', port));
      const socket = call(tunnel);
      const [heard] = (await once(socket, 'data')) as [Buffer];
      assert.equal(heard.toString(), 'the first half');
      const broken = errorOf(socket);
      second.dispose();
      assert.equal((await broken).code, 'ECONNRESET');
    });

    it('closes the other side when the caller goes away', async () => {
      const gone: Promise<unknown>[] = [];
      let arrived: () => void = () => undefined;
      const connected = new Promise<void>(resolve => {
        arrived = resolve;
      });
      const port = await serve(socket => {
        gone.push(once(socket.resume(), 'end'));
        arrived();
      });
      const socket = call(await through(port));
      await connected;
      socket.resetAndDestroy();
      await Promise.all(gone);
    });
  });

  it('resets callers while there is no way', async () => {
    const tunnel = await open(null);
    assert.equal((await errorOf(call(tunnel))).code, 'ECONNRESET');
    tunnel.route = () => Promise.reject(new Error('still none'));
    assert.equal((await errorOf(call(tunnel))).code, 'ECONNRESET');
    assert.equal(tunnel.stats.totalSockets, 2);
  });

  it('keeps what a caller says until the way is there', async () => {
    const direction = direct(await echo());
    let go: () => void = () => undefined;
    const tunnel = await open(async () => {
      await new Promise<void>(resolve => {
        go = resolve;
      });
      return direction();
    });
    const socket = call(tunnel);
    await once(socket, 'connect');
    socket.end('patience');
    while (tunnel.stats.totalSockets === 0) await new Promise(resolve => setImmediate(resolve));
    go();
    assert.equal(await text(socket), 'patience');
  });

  it('leads new callers another way while the old ones keep theirs', async () => {
    const one = await echo();
    const two = await serve(socket => socket.end('two'));
    const tunnel = await open(direct(one));
    const old = call(tunnel);
    old.write('a');
    await once(old, 'data');
    tunnel.route = direct(two);
    assert.equal(await ask(tunnel), 'two');
    old.end('b');
    assert.equal(await text(old), 'b');
  });

  it('resets what is open when it is closed, and refuses from then on', async () => {
    const tunnel = await open(direct(await echo()));
    const socket = call(tunnel);
    socket.write('a');
    await once(socket, 'data');
    const broken = errorOf(socket);
    tunnel.close();
    tunnel.close();
    assert.equal((await broken).code, 'ECONNRESET');
    assert.equal((await errorOf(call(tunnel))).code, 'ECONNREFUSED');
  });

  it('keeps every byte where the other side now takes a piece at once and now keeps it for later', async () => {
    const hash = createHash('sha256');
    let pieces = 0;
    /** Like an SSH channel: what its window has room for is copied at once, the rest is kept as it was given. */
    const remote = new Duplex({
      read: () => undefined,
      write(chunk: Buffer, _encoding, done) {
        pieces += 1;
        if (pieces % 3 === 0)
          setImmediate(() => {
            hash.update(chunk);
            done();
          });
        else {
          hash.update(chunk);
          done();
        }
      },
      final(done) {
        remote.push(hash.digest('hex'));
        remote.push(null);
        done();
      },
    });
    const tunnel = await open(() => Promise.resolve(remote));
    const data = randomBytes(32 * 1024 * 1024);
    const socket = call(tunnel);
    const answer = text(socket);
    socket.end(data);
    assert.equal(await answer, sum(data));
    assert.ok(pieces > 100);
  });

  it('drops a way that comes when it is closed already', async () => {
    const port = await echo();
    let go: () => void = () => undefined;
    let remote: Socket | undefined;
    const tunnel = await open(async () => {
      await new Promise<void>(resolve => {
        go = resolve;
      });
      remote = await direct(port)();
      return remote;
    });
    const socket = call(tunnel);
    while (tunnel.stats.totalSockets === 0) await new Promise(resolve => setImmediate(resolve));
    tunnel.close();
    await errorOf(socket);
    go();
    while (remote?.destroyed !== true) await new Promise(resolve => setImmediate(resolve));
  });

  it('exchanges its port with another one without refusing a single caller', async () => {
    const a = await open(direct(await serve(socket => socket.end('a'))));
    const b = await open(direct(await serve(socket => socket.end('b'))));
    const [portA, portB] = [a.localPort, b.localPort];
    const answers: string[] = [];
    const askPort = async (port: number) => {
      const socket = connect(port, '127.0.0.1');
      answers.push(await text(socket));
    };
    const load = Promise.all(Array.from({ length: 50 }, () => askPort(portA)));
    swapListeners(a, b);
    await load;
    assert.equal(answers.length, 50);
    assert.deepEqual([a.localPort, b.localPort], [portB, portA]);
    answers.length = 0;
    await askPort(portA);
    await askPort(portB);
    assert.deepEqual(answers, ['b', 'a']);
    // each closes the port that it has now
    a.close();
    await askPort(portA);
    assert.equal((await errorOf(connect(portB, '127.0.0.1'))).code, 'ECONNREFUSED');
  });

  it('leaves no socket behind', async () => {
    const tunnel = await open(direct(await echo()));
    const calls = Array.from({ length: 10 }, () => call(tunnel));
    await Promise.all(calls.map(socket => once(socket, 'connect')));
    const broken = calls.map(socket => new Promise(resolve => socket.once('close', resolve)));
    tunnel.close();
    await Promise.all(broken);
    while (process.getActiveResourcesInfo().includes('TCPSocketWrap'))
      await new Promise(resolve => setImmediate(resolve));
    assert.equal(tunnel.stats.openSockets, 0);
  });
});
