import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { LoginPrompts, SshSession, SshTarget, SshWay } from '../../../src/engine/ssh/types.js';
import { SparkError } from '../../../src/shared/errors.js';
import { freePort, type Sshd, startSshd } from '../../support/sshd.js';
import { openSession, type OpenRequest } from './openSession.js';

/** The home of a client that reaches machines by its ssh_config. */
class ClientHome {
  constructor(readonly folder: string) {
    mkdirSync(join(folder, '.ssh'), { recursive: true, mode: 0o700 });
  }
  config(...lines: string[]): void {
    writeFileSync(join(this.folder, '.ssh', 'config'), `${lines.join('\n')}\n`, { mode: 0o600 });
  }
  knows(...entries: { name: string; sshd: Sshd }[]): void {
    const lines = entries.map(({ name, sshd }) => `${name} ${sshd.hostKeys[0]!}\n`);
    writeFileSync(join(this.folder, '.ssh', 'known_hosts'), lines.join(''), { mode: 0o600 });
  }
  get knownHosts(): string {
    return readFileSync(join(this.folder, '.ssh', 'known_hosts'), 'utf8');
  }
}

const way = (host: string, port?: number, proxyJump?: string): SshWay => ({ host, port, proxyJump });

describe('ways to a machine', () => {
  let machine: Sshd;
  let gateway: Sshd;
  let home: ClientHome;
  let servers: Server[];

  before(async () => {
    machine = await startSshd();
    gateway = await startSshd();
  });
  after(async () => {
    await machine.stop();
    await gateway.stop();
  });
  beforeEach(() => {
    home = new ClientHome(machine.home);
    home.config('');
    home.knows(
      { name: `[127.0.0.1]:${machine.port}`, sshd: machine },
      { name: `[127.0.0.1]:${gateway.port}`, sshd: gateway },
    );
    servers = [];
  });
  afterEach(() => {
    for (const server of servers) server.close();
  });

  const target = (ways: SshWay[], changes: Partial<SshTarget> = {}): SshTarget => ({
    ways,
    username: machine.username,
    login: { method: 'key', keyPath: machine.clientKey },
    lastAddress: undefined,
    ...changes,
  });
  const open = async (to: SshTarget, request: Partial<OpenRequest> = {}): Promise<SshSession> =>
    await openSession({ target: to, home: home.folder, ...request });
  /** Opens, runs something there, ends, and tells the way that was taken. */
  const wayTaken = async (to: SshTarget, prompts: Partial<LoginPrompts> = {}): Promise<string> => {
    const session = await open(to, { prompts });
    const process = await session.spawn(['true']);
    assert.deepEqual(await process.exited, { code: 0, signal: null });
    session.dispose();
    return session.route.words;
  };
  async function listening(onSocket: (socket: Socket) => void): Promise<number> {
    const server = createServer(onSocket).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  describe('by the SSH config', () => {
    it('follow an alias: address, port, user and key', async () => {
      home.config(
        'Host spark',
        '  HostName 127.0.0.1',
        `  Port ${machine.port}`,
        `  User ${machine.username}`,
        `  IdentityFile ${machine.clientKey}`,
      );
      const to = target([way('spark')], { username: undefined, login: { method: 'auto' } });
      assert.equal(await wayTaken(to), `127.0.0.1:${machine.port}`);
    });

    it('know a host by its HostKeyAlias', async () => {
      home.config('Host *', '  HostKeyAlias my-spark');
      home.knows({ name: 'my-spark', sshd: machine });
      await wayTaken(target([way('127.0.0.1', machine.port)]));
      home.knows({ name: 'my-spark', sshd: gateway });
      await assert.rejects(wayTaken(target([way('127.0.0.1', machine.port)])), (error: unknown) =>
        SparkError.is(error, 'hostKeyChanged'),
      );
    });

    it('read the known hosts files that it names, and write to the first', async () => {
      const [first, second] = [join(home.folder, 'known one'), join(home.folder, 'known two')];
      home.config('Host *', `  UserKnownHostsFile "${first}" "${second}"`);
      writeFileSync(second, `[127.0.0.1]:${machine.port} ${machine.hostKeys[0]!}\n`);
      await wayTaken(target([way('127.0.0.1', machine.port)]));
      writeFileSync(second, '');
      await wayTaken(target([way('127.0.0.1', machine.port)]), { confirmHostKey: () => Promise.resolve(true) });
      assert.ok(readFileSync(first, 'utf8').startsWith(`[127.0.0.1]:${machine.port} ssh-ed25519 `));
    });

    it('ask nothing about an unknown key where it says yes or accept-new', async () => {
      writeFileSync(join(home.folder, '.ssh', 'known_hosts'), '');
      home.config('Host *', '  StrictHostKeyChecking yes');
      await assert.rejects(wayTaken(target([way('127.0.0.1', machine.port)])), (error: unknown) =>
        SparkError.is(error, 'hostKeyUnknown'),
      );
      home.config('Host *', '  StrictHostKeyChecking accept-new');
      await wayTaken(target([way('127.0.0.1', machine.port)]));
      assert.match(home.knownHosts, /^\[127\.0\.0\.1\]:\d+ ssh-ed25519 /);
    });

    it('use the ciphers that it names', async () => {
      home.config('Host *', '  Ciphers aes256-ctr', '  KexAlgorithms ecdh-sha2-nistp256');
      const { lines, log } = (await import('./openSession.js')).collectLog();
      const session = await open(target([way('127.0.0.1', machine.port)]), { log });
      session.dispose();
      assert.ok(
        lines.some(line => /Agreed on ecdh-sha2-nistp256, .*, aes256-ctr\./.test(line)),
        lines.join('\n'),
      );
    });

    it('run a Match exec only now, and the command of a ProxyCommand with its tokens', async () => {
      const relay = join(home.folder, 'relay.cjs');
      writeFileSync(
        relay,
        `const s = require('node:net').connect(Number(process.argv[3]), process.argv[2]);
         process.stdin.pipe(s); s.pipe(process.stdout);`,
      );
      home.config(
        'Match exec "true"',
        `  ProxyCommand ${process.execPath} ${relay} %h %p`,
        'Host spark',
        '  HostName 127.0.0.1',
        `  Port ${machine.port}`,
      );
      assert.equal(await wayTaken(target([way('spark')])), `127.0.0.1:${machine.port} through a ProxyCommand`);
    });

    it('say what a ProxyCommand complained about', async () => {
      home.config('Host *', '  ProxyCommand echo no route to the moon >&2; exit 3');
      await assert.rejects(wayTaken(target([way('127.0.0.1', machine.port)])), (error: unknown) => {
        assert.ok(SparkError.is(error, 'connectionLost'), String(error));
        assert.match(error.message, /no route to the moon/);
        return true;
      });
    });

    it('say which line cannot be read', async () => {
      home.config('Host *', '  Port ninety');
      await assert.rejects(wayTaken(target([way('127.0.0.1', machine.port)])), (error: unknown) => {
        assert.ok(SparkError.is(error, 'sshConfigInvalid'));
        assert.match(error.message, /config:2: /);
        return true;
      });
    });
  });

  describe('through jump hosts', () => {
    const through = () => `${gateway.username}@127.0.0.1:${gateway.port}`;
    beforeEach(() => {
      gateway.authorize(machine.clientKey);
      // the key is for the gateway too, which logs in as ssh would
      home.config(`Host *`, `  IdentityFile ${machine.clientKey}`);
    });

    it('lead on to the machine, each host verified under its own name', async () => {
      const taken = await wayTaken(target([way('127.0.0.1', machine.port, through())]));
      assert.equal(taken, `127.0.0.1:${machine.port} via 127.0.0.1`);
      assert.match(gateway.log(), /Accepted publickey/);
      home.knows(
        { name: `[127.0.0.1]:${machine.port}`, sshd: machine },
        { name: `[127.0.0.1]:${gateway.port}`, sshd: machine },
      );
      await assert.rejects(wayTaken(target([way('127.0.0.1', machine.port, through())])), (error: unknown) => {
        assert.ok(SparkError.is(error, 'hostKeyChanged'));
        assert.match(error.message, /^Jump host 127\.0\.0\.1: /);
        return true;
      });
    });

    it('may be several, and named by the SSH config', async () => {
      home.config(
        `Host *`,
        `  IdentityFile ${machine.clientKey}`,
        'Host outer',
        '  HostName 127.0.0.1',
        `  Port ${gateway.port}`,
        'Host inner',
        '  HostName 127.0.0.1',
        `  Port ${gateway.port}`,
        `  HostKeyAlias [127.0.0.1]:${gateway.port}`,
        'Host spark',
        '  HostName 127.0.0.1',
        `  Port ${machine.port}`,
        '  ProxyJump outer,inner',
      );
      assert.equal(await wayTaken(target([way('spark')])), `127.0.0.1:${machine.port} via outer, inner`);
    });

    it('end with the session, and the session with them', async () => {
      const session = await open(target([way('127.0.0.1', machine.port, through())]));
      const ended = new Promise<unknown>(resolve => session.onDidEnd(resolve));
      const resume = gateway.pauseSessions();
      resume();
      for (const pid of sessionPids(gateway.pid)) process.kill(pid, 'SIGKILL');
      assert.equal(((await ended) as { code: string }).code, 'connectionLost');
    });

    it('say that the machine behind them does not answer', async () => {
      const port = await freePort();
      home.knows({ name: `[127.0.0.1]:${gateway.port}`, sshd: gateway });
      await assert.rejects(wayTaken(target([way('127.0.0.1', port, through())])), (error: unknown) => {
        assert.ok(SparkError.is(error, 'connectionRefused'));
        assert.match(error.message, /From the jump host/);
        return true;
      });
    });

    it('that lead in a circle are found out', async () => {
      home.config('Host a', '  ProxyJump b', 'Host b', '  ProxyJump a');
      await assert.rejects(wayTaken(target([way('a')])), (error: unknown) => SparkError.is(error, 'sshConfigInvalid'));
    });
  });

  describe('of which there are several', () => {
    it('lead there by the first that answers', async () => {
      const taken = await wayTaken(target([way('127.0.0.1', await freePort()), way('127.0.0.1', machine.port)]));
      assert.equal(taken, `127.0.0.1:${machine.port}`);
    });

    it('pass by an address that accepts and says nothing, and one where something else answers', async () => {
      const silent = await listening(socket => void socket.on('error', () => undefined));
      const web = await listening(
        socket => void socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
      );
      for (const port of [silent, web]) {
        const identity = { name: `[127.0.0.1]:${port}`, sshd: machine };
        home.knows(identity);
        assert.equal(
          await wayTaken(target([way('127.0.0.1', port), way('127.0.0.1', machine.port)])),
          `127.0.0.1:${machine.port}`,
        );
      }
    });

    it('pass by another machine that has one of the addresses today', async () => {
      // known is the machine; on its first address the gateway answers
      home.knows({ name: `[127.0.0.1]:${gateway.port}`, sshd: machine });
      const taken = await wayTaken(target([way('127.0.0.1', gateway.port), way('127.0.0.1', machine.port)]));
      assert.equal(taken, `127.0.0.1:${machine.port}`);
    });

    it('have one identity: a key that was trusted for the first is asked about for none', async () => {
      home.knows({ name: 'spark.invalid', sshd: machine });
      await wayTaken(target([way('spark.invalid'), way('127.0.0.1', machine.port)]));
    });

    it('come back to where it was last when its name is not known', async () => {
      home.knows({ name: `[spark.invalid]:${machine.port}`, sshd: machine });
      const to = target([way('spark.invalid', machine.port)], { lastAddress: '127.0.0.1' });
      assert.equal(await wayTaken(to), `127.0.0.1:${machine.port}`);
      // and not to whoever has that address today
      home.knows({ name: `[spark.invalid]:${machine.port}`, sshd: gateway });
      await assert.rejects(wayTaken(to), (error: unknown) => SparkError.is(error, 'hostNotFound'));
    });

    it('take a jump host when no direct one leads there', async () => {
      gateway.authorize(machine.clientKey);
      home.config(`Host *`, `  IdentityFile ${machine.clientKey}`);
      const jump = `${gateway.username}@127.0.0.1:${gateway.port}`;
      home.knows({ name: 'spark.invalid', sshd: machine }, { name: `[127.0.0.1]:${gateway.port}`, sshd: gateway });
      const taken = await wayTaken(target([way('spark.invalid'), way('127.0.0.1', machine.port, jump)]));
      assert.equal(taken, `127.0.0.1:${machine.port} via 127.0.0.1`);
    });

    it('say what is wrong with the first when none leads there', async () => {
      const to = target([way('spark.invalid'), way('127.0.0.1', await freePort())]);
      await assert.rejects(wayTaken(to), (error: unknown) => {
        assert.ok(SparkError.is(error, 'hostNotFound'));
        assert.match(error.message, /other address/);
        return true;
      });
    });
  });
});

/** Processes of the sessions of a server. */
function sessionPids(server: number): number[] {
  const children = readFileSync(`/proc/${server}/task/${server}/children`, 'utf8').trim();
  return children === '' ? [] : children.split(' ').map(Number);
}
