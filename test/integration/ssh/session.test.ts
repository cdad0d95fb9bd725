import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import type { SshSession } from '../../../src/engine/ssh/types.js';
import { type ErrorInfo, SparkError } from '../../../src/shared/errors.js';
import { freePort, hasSshd, type Sshd, type SshdOptions, startSshd } from '../../support/sshd.js';
import { openSession } from './openSession.js';

describe('a session at OpenSSH', function () {
  this.timeout(30_000);
  let sshd: Sshd | undefined;
  let session: SshSession | undefined;

  before(function () {
    if (!hasSshd()) this.skip();
  });

  afterEach(async () => {
    session?.dispose();
    session = undefined;
    await sshd?.stop();
    sshd = undefined;
  });

  async function open(
    options: SshdOptions & { keepaliveMs?: number } = {},
  ): Promise<{ session: SshSession; sshd: Sshd }> {
    sshd = await startSshd(options);
    sshd.trust();
    session = await openSession({
      target: {
        hostname: '127.0.0.1',
        port: sshd.port,
        username: sshd.username,
        auth: { method: 'key', keyPath: sshd.clientKey },
      },
      home: sshd.home,
      ...(options.keepaliveMs !== undefined && { keepaliveMs: options.keepaliveMs }),
    });
    return { session, sshd };
  }
  const nextEnd = (of: SshSession) => new Promise<ErrorInfo>(resolve => of.onDidEnd(resolve));
  const failsWith = (work: Promise<unknown>, code: SparkError['code']) =>
    assert.rejects(work, (error: unknown) => {
      assert.ok(SparkError.is(error), String(error));
      assert.equal(error.code, code);
      return true;
    });

  describe('running programs', () => {
    it('passes arguments as they are and reports the exit code', async () => {
      const { session } = await open();
      const argument = `a'b "c" $HOME \`id\` \\ ; & | \n *`;
      const { stream, stderr, exited } = await session.spawn([
        'sh',
        '-c',
        'printf %s "$1"; echo no >&2; exit 7',
        'sh',
        argument,
      ]);
      const [out, err] = await Promise.all([text(stream), text(stderr)]);
      assert.equal(out, argument);
      assert.equal(err, 'no\n');
      assert.deepEqual(await exited, { code: 7, signal: null });
    });

    it('does not miss the end of the shortest', async () => {
      const { session } = await open();
      for (let index = 0; index < 30; index++) {
        const { stream, exited } = await session.spawn(['sh', '-c', 'exit 5']);
        stream.resume();
        assert.deepEqual(await exited, { code: 5, signal: null });
      }
    });

    it('reports the signal that ended one', async () => {
      const { session } = await open();
      const { stream, exited } = await session.spawn(['sh', '-c', 'kill -KILL $$']);
      stream.resume();
      assert.deepEqual(await exited, { code: null, signal: 'SIGKILL' });
    });

    it('says when a program is not there, as the shell does', async () => {
      const { session } = await open();
      const { stream, exited } = await session.spawn(['no-such-program-here']);
      stream.resume();
      assert.equal((await exited).code, 127);
    });

    it('streams binary data both ways without changing a byte', async () => {
      const { session } = await open();
      const data = randomBytes(5_000_000);
      const { stream, exited } = await session.spawn(['cat']);
      stream.end(data);
      const back = await buffer(stream);
      assert.ok(back.equals(data));
      assert.equal((await exited).code, 0);
    });

    it('ends one that is disposed of, by closing its input at the least', async () => {
      const { session } = await open();
      const process = await session.spawn(['sh', '-c', 'echo $$; exec cat']);
      const [first] = (await once(process.stream, 'data')) as [Buffer];
      process.dispose();
      await process.exited;
      // gone on the remote side too
      const probe = await session.spawn([
        'sh',
        '-c',
        'while kill -0 "$1" 2>/dev/null; do sleep 0.02; done',
        'sh',
        first.toString().trim(),
      ]);
      probe.stream.resume();
      assert.equal((await probe.exited).code, 0);
    });

    it('says so when the server allows no more sessions', async () => {
      const { session } = await open({ config: ['MaxSessions 1'] });
      const first = await session.spawn(['cat']);
      await failsWith(session.spawn(['true']), 'remoteCommandFailed');
      first.stream.resume().end();
      await first.exited;
    });
  });

  describe('terminals', () => {
    const printed = async (of: SshSession): Promise<string> => {
      const { stream, exited } = await of.terminal({ columns: 91, rows: 23 }, [
        'sh',
        '-c',
        'echo "$LC_CTYPE."; stty size',
      ]);
      const out = await text(stream);
      await exited;
      return out;
    };

    it('have their size, and say that they speak UTF-8', async () => {
      const { session } = await open({ config: ['AcceptEnv LANG LC_*'] });
      assert.equal(await printed(session), 'C.UTF-8.\r\n23 91\r\n');
    });

    it('open at a server that takes no variables, too', async () => {
      const { session } = await open();
      assert.equal(await printed(session), '.\r\n23 91\r\n');
    });
  });

  describe('forwarding', () => {
    it('reaches a port of the remote machine', async () => {
      const { session } = await open();
      const server = createServer(socket => socket.pipe(socket)).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const stream = await session.forward('127.0.0.1', (server.address() as AddressInfo).port);
      stream.end('there and back');
      assert.equal(await text(stream), 'there and back');
      server.close();
    });

    it('is refused when nothing listens there, or when the server does not allow it, and says which', async () => {
      const { session } = await open();
      const port = await freePort();
      const nothing = await session.forward('127.0.0.1', port).catch((error: unknown) => error);
      assert.ok(SparkError.is(nothing, 'forwardRefused'));
      session.dispose();
      await sshd?.stop();

      const closed = await open({ config: ['AllowTcpForwarding no'] });
      const forbidden = await closed.session.forward('127.0.0.1', port).catch((error: unknown) => error);
      assert.ok(SparkError.is(forbidden, 'forwardRefused'));
      assert.match(forbidden.hint ?? '', /AllowTcpForwarding/);
      assert.notEqual(forbidden.message, nothing.message);
    });
  });

  describe('its end', () => {
    it('is told once, with the reason, when the server is killed; what was running breaks off', async () => {
      const { session, sshd } = await open();
      const reasons: ErrorInfo[] = [];
      session.onDidEnd(reason => reasons.push(reason));
      const running = await session.spawn(['cat']);
      const broken = once(running.stream, 'error');
      const ended = nextEnd(session);
      sshd.kill();
      assert.equal((await ended).code, 'connectionLost');
      await broken.catch((error: unknown) => assert.ok(SparkError.is(error, 'connectionLost')));
      assert.deepEqual(await running.exited, { code: null, signal: null });
      await failsWith(session.spawn(['true']), 'connectionLost');
      await failsWith(session.forward('127.0.0.1', 1), 'connectionLost');
      assert.equal(reasons.length, 1);
      // who asks afterwards is told too, and letting go of what is gone is harmless
      assert.equal((await nextEnd(session)).code, 'connectionLost');
      running.dispose();
      session.dispose();
    });

    it('is noticed by keepalives when the link just falls silent', async () => {
      const { session, sshd } = await open({ keepaliveMs: 50 });
      const ended = nextEnd(session);
      const stopped = sshd.pauseSessions();
      const reason = await ended;
      stopped();
      assert.equal(reason.code, 'connectionLost');
      assert.match(reason.message, /no longer answers/);
    });

    it('is not noticed as long as keepalives are answered', async () => {
      const { session } = await open({ keepaliveMs: 20 });
      let ended = false;
      session.onDidEnd(() => {
        ended = true;
      });
      const { stream, exited } = await session.spawn(['sleep', '0.5']);
      stream.resume();
      assert.equal((await exited).code, 0);
      assert.equal(ended, false);
    });

    it('is silent when it was asked for, and gives up what still waits', async () => {
      const { session } = await open();
      let told = false;
      session.onDidEnd(() => {
        told = true;
      });
      const running = await session.spawn(['cat']);
      const waiting = session.forward('127.0.0.1', 1);
      const rejected = failsWith(waiting, 'notConnected');
      const broken = once(running.stream, 'close').catch(() => undefined);
      session.dispose();
      session.dispose();
      await rejected;
      await broken;
      await running.exited;
      await failsWith(session.spawn(['true']), 'notConnected');
      assert.equal(told, false);
    });

    it('leaves no socket behind', async () => {
      const { session, sshd } = await open();
      await session.spawn(['cat']);
      session.dispose();
      while (process.getActiveResourcesInfo().includes('TCPSocketWrap'))
        await new Promise(resolve => setImmediate(resolve));
      assert.ok(sshd.pid > 0);
    });

    it('closes the socket although the server does not', async () => {
      const { session, sshd } = await open();
      const stopped = sshd.pauseSessions();
      session.dispose();
      while (process.getActiveResourcesInfo().includes('TCPSocketWrap'))
        await new Promise(resolve => setImmediate(resolve));
      stopped();
    });
  });

  it('carries 64 forwards of different data at a time', async () => {
    const { session } = await open();
    const sockets: Socket[] = [];
    const server = createServer(socket => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.pipe(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const sum = (data: Buffer) => createHash('sha256').update(data).digest('hex');
    await Promise.all(
      Array.from({ length: 64 }, async () => {
        const data = randomBytes(200_000);
        const stream = await session.forward('127.0.0.1', port);
        stream.end(data);
        assert.equal(sum(await buffer(stream)), sum(data));
      }),
    );
    server.close();
  });
});
