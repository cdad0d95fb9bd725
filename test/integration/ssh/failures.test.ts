import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SparkError } from '../../../src/shared/errors.js';
import { freePort, hasSshd, type Sshd, startSshd } from '../../support/sshd.js';
import { openSession, type OpenRequest, type TestTarget } from './openSession.js';

describe('a connection that does not come about', function () {
  this.timeout(20_000);
  let home: string;
  let server: Server | undefined;
  let accepted: Socket[];

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'home-'));
    accepted = [];
  });

  afterEach(async () => {
    for (const socket of accepted) socket.destroy();
    const open = server;
    if (open) await new Promise(resolve => open.close(resolve));
    server = undefined;
    rmSync(home, { recursive: true, force: true });
  });

  /** Listens and does what a test wants with each connection. */
  async function listen(onSocket: (socket: Socket) => void): Promise<number> {
    server = createServer(socket => {
      accepted.push(socket);
      socket.on('error', () => undefined).resume();
      onSocket(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }
  const target = (port: number, hostname = '127.0.0.1'): TestTarget => ({
    hostname,
    port,
    username: 'nvidia',
    auth: { method: 'password' },
  });
  async function failure(request: Omit<OpenRequest, 'home'>): Promise<SparkError> {
    const error: unknown = await openSession({ home, ...request }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.ok(SparkError.is(error), String(error));
    assert.ok(error.code === 'cancelled' || error.hint, 'has no hint');
    return error;
  }

  it('because nothing listens', async () => {
    assert.equal((await failure({ target: target(await freePort()) })).code, 'connectionRefused');
  });

  it('because the name is not known', async () => {
    const error = await failure({ target: target(22, 'no-such-host.invalid') });
    assert.equal(error.code, 'hostNotFound');
    assert.equal(error.field, 'hostname');
  });

  it('because the server accepts and then says nothing', async () => {
    const port = await listen(() => undefined);
    const error = await failure({ target: target(port), connectTimeoutMs: 1000 });
    assert.equal(error.code, 'connectTimeout');
    assert.match(error.message, /says nothing/);
    assert.match(error.hint ?? '', /memory/);
  });

  it('because no answer comes at all', async function () {
    // how a full queue behaves differs from system to system
    if (process.platform !== 'linux') this.skip();
    const silent = await startSilentPort();
    const error = await failure({ target: target(silent.port), connectTimeoutMs: 200 });
    silent.stop();
    assert.equal(error.code, 'connectTimeout');
    assert.match(error.message, /does not answer/);
  });

  it('because something else than SSH answers', async () => {
    for (const greeting of ['HTTP/1.1 400 Bad Request\r\n\r\n', '220 mail.example ESMTP\r\n', 'SSH-1.5-old\r\n']) {
      const port = await listen(socket => socket.end(greeting));
      const error = await failure({ target: target(port) });
      assert.equal(error.code, 'notSsh', greeting);
      assert.ok(error.message.includes(greeting.trim().split('\r\n')[0]!), error.message);
      await new Promise(resolve => server!.close(resolve));
    }
  });

  it('because something else than SSH answers and waits', async () => {
    const port = await listen(socket => socket.write('220 mail.example ESMTP\r\n'));
    // long enough for the greeting to come in on a busy machine; what is tested is what is made of it
    assert.equal((await failure({ target: target(port), connectTimeoutMs: 2000 })).code, 'notSsh');
  });

  it('because the server hangs up at once', async () => {
    const port = await listen(socket => socket.destroy());
    assert.equal((await failure({ target: target(port) })).code, 'connectionLost');
  });

  it('because the server sends garbage after its greeting', async () => {
    const port = await listen(socket => socket.write(`SSH-2.0-x\r\n${'garbage '.repeat(100)}`));
    assert.equal((await failure({ target: target(port) })).code, 'connectionLost');
  });

  it('because it was cancelled before it began', async () => {
    assert.equal((await failure({ target: target(1), signal: AbortSignal.abort() })).code, 'cancelled');
  });

  it('because it was cancelled while the server was silent; its socket is gone at once', async () => {
    const controller = new AbortController();
    const port = await listen(() => {
      controller.abort();
    });
    const error = await failure({ target: target(port), signal: controller.signal });
    assert.equal(error.code, 'cancelled');
    const [socket] = accepted;
    if (socket && !socket.closed) await once(socket, 'close');
  });

  describe('at a real server', () => {
    let sshd: Sshd | undefined;

    before(function () {
      if (!hasSshd()) this.skip();
    });

    afterEach(async () => {
      await sshd?.stop();
      sshd = undefined;
    });

    const keyTarget = (server: Sshd): TestTarget => ({
      hostname: '127.0.0.1',
      port: server.port,
      username: server.username,
      auth: { method: 'key', keyPath: server.clientKey },
    });

    it('because it was cancelled, at every step', async () => {
      sshd = await startSshd();
      sshd.trust();
      const steps: string[] = [];
      const session = await openSession({ target: keyTarget(sshd), home: sshd.home, onStep: step => steps.push(step) });
      session.dispose();
      assert.equal(steps.length, 3);
      for (const at of steps) {
        const controller = new AbortController();
        const error: unknown = await openSession({
          target: keyTarget(sshd),
          home: sshd.home,
          signal: controller.signal,
          onStep: step => {
            if (step === at) controller.abort();
          },
        }).catch((reason: unknown) => reason);
        assert.ok(SparkError.is(error, 'cancelled'), `${at}: ${String(error)}`);
      }
    });

    it('because it was cancelled while a question was open', async () => {
      sshd = await startSshd();
      const controller = new AbortController();
      const error: unknown = await openSession({
        target: keyTarget(sshd),
        home: sshd.home,
        signal: controller.signal,
        prompts: {
          confirmHostKey: () => {
            controller.abort();
            return new Promise(() => undefined);
          },
        },
      }).catch((reason: unknown) => reason);
      assert.ok(SparkError.is(error, 'cancelled'));
    });

    it('because there is no algorithm in common, which is named', async () => {
      for (const [line, offer] of [
        ['KexAlgorithms sntrup761x25519-sha512@openssh.com', 'sntrup761x25519-sha512@openssh.com'],
        ['Ciphers aes256-cbc', 'aes256-cbc'],
        ['HostKeyAlgorithms ssh-rsa', 'ssh-rsa'],
      ] as const) {
        sshd = await startSshd({ config: [line], hostKeys: [line.startsWith('HostKey') ? 'rsa' : 'ed25519'] });
        const error: unknown = await openSession({ target: keyTarget(sshd), home: sshd.home }).catch(
          (reason: unknown) => reason,
        );
        assert.ok(SparkError.is(error, 'noCommonAlgorithm'), `${line}: ${String(error)}`);
        assert.ok(error.hint?.includes(offer), error.hint);
        await sshd.stop();
        sshd = undefined;
      }
    });

    it('leaves nothing behind', async () => {
      sshd = await startSshd();
      const noSockets = async () => {
        while (process.getActiveResourcesInfo().includes('TCPSocketWrap'))
          await new Promise(resolve => setImmediate(resolve));
      };
      await noSockets();
      const opening = openSession({
        target: keyTarget(sshd),
        home: sshd.home,
        prompts: { confirmHostKey: () => Promise.resolve(false) },
      });
      await assert.rejects(opening);
      await noSockets();
    });
  });
});

/**
 * A port that leaves new connections unanswered, as a firewall does: the program behind it is stopped and its queue is full.
 */
async function startSilentPort(): Promise<{ port: number; stop(): void }> {
  const program =
    "require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () { console.log(this.address().port); })";
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  child.kill('SIGSTOP');
  const sockets: Socket[] = [];
  for (let index = 0; index < 2; index++) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
  }
  return {
    port,
    stop() {
      for (const socket of sockets) socket.destroy();
      child.kill('SIGKILL');
    },
  };
}
