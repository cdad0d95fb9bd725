import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../../../src/engine/base/clock.js';
import type { Finding } from '../../../src/engine/diagnosis/finding.js';
import { diagnoseNetwork, type NetworkDiagnosisParts } from '../../../src/engine/diagnosis/networkDiagnosis.js';
import type { PingAnswer } from '../../../src/engine/diagnosis/ping.js';
import { chooseAlgorithms } from '../../../src/engine/ssh/algorithms.js';
import * as networkErrors from '../../../src/engine/ssh/networkErrors.js';
import { ServerHello } from '../../../src/engine/ssh/serverHello.js';
import { SparkError } from '../../../src/shared/errors.js';
import { FakeClock } from '../../support/fakeClock.js';
import { freePort, hasSshd, type Sshd, type SshdOptions, startSshd } from '../../support/sshd.js';

const STEPS = ['Name', 'Port', 'Ping', 'SSH server', 'Algorithms'];

describe('diagnosing the way to a machine', function () {
  this.timeout(30_000);
  let server: Server | undefined;
  let sockets: Socket[];
  let clock: FakeClock;
  let pinged: string[];

  beforeEach(() => {
    sockets = [];
    clock = new FakeClock();
    pinged = [];
  });

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    if (server) await new Promise(resolve => server?.close(resolve));
    server = undefined;
    assert.equal(clock.pending, 0, 'no timer is left');
  });

  /** A server that does this with each connection. */
  async function serve(onConnection: (socket: Socket) => void): Promise<number> {
    server = createServer(socket => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      onConnection(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  const { kex, serverHostKey, cipher, hmac } = chooseAlgorithms({}, []);

  interface Surroundings extends Partial<NetworkDiagnosisParts> {
    hostname?: string;
    answer?: PingAnswer;
    signal?: AbortSignal;
  }

  async function diagnose(port: number, more: Surroundings = {}): Promise<Record<string, Finding>> {
    const { hostname = '127.0.0.1', answer = 'unavailable', signal = new AbortController().signal, ...parts } = more;
    const findings = await diagnoseNetwork(
      { hostname, port },
      {
        errors: networkErrors,
        newHello: () => new ServerHello(),
        supported: { keyExchange: kex, hostKey: serverHostKey, cipher, mac: hmac },
        clock,
        now: () => clock.now(),
        platform: 'linux',
        ping: address => {
          pinged.push(address);
          return Promise.resolve(answer);
        },
        ...parts,
      },
      signal,
    );
    assert.deepEqual(
      findings.map(({ step }) => step),
      STEPS,
    );
    for (const { state, hint } of findings)
      if (state === 'warning' || state === 'problem') assert.match(hint ?? '', /\.$/);
    return Object.fromEntries(findings.map(finding => [finding.step, finding]));
  }

  const states = (found: Record<string, Finding>) => STEPS.map(step => found[step]?.state).join(' ');

  describe('with a real SSH server', () => {
    let sshd: Sshd | undefined;

    before(function () {
      if (!hasSshd()) this.skip();
    });

    afterEach(async () => {
      await sshd?.stop();
      sshd = undefined;
    });

    async function start(options?: SshdOptions): Promise<number> {
      sshd = await startSshd(options);
      return sshd.port;
    }

    it('finds all in order, and leaves a line in its log', async () => {
      const found = await diagnose(await start());
      assert.equal(states(found), 'ok ok skipped ok ok');
      assert.match(found['SSH server']?.title ?? '', /^SSH-2\.0-OpenSSH_/);
      assert.match(found['Port']?.detail ?? '', /^127\.0\.0\.1: connected in \d+ ms$/);
      assert.deepEqual(pinged, []);
    });

    it('finds that there is no common algorithm', async () => {
      const found = await diagnose(await start({ config: ['KexAlgorithms diffie-hellman-group14-sha1'] }));
      assert.equal(states(found), 'ok ok skipped ok problem');
      assert.match(found['Algorithms']?.detail ?? '', /diffie-hellman-group14-sha1/);
    });

    it('finds a server that is stopped: it accepts connections and says nothing', async () => {
      const port = await start();
      process.kill(sshd!.pid, 'SIGSTOP');
      const working = diagnose(port, { answer: 'answers', clock: impatient(15_000) });
      const found = await working;
      assert.equal(states(found), 'ok ok ok problem skipped');
      assert.match(found['SSH server']?.title ?? '', /says nothing/);
      assert.match(found['SSH server']?.hint ?? '', /memory is used up.*half an hour.*power supply/);
      assert.deepEqual(pinged, ['127.0.0.1']);
    });
  });

  /** Time passes at once for whoever waits for so long. */
  function impatient(ms: number): Clock {
    return {
      now: () => clock.now(),
      after: (wait, action) => {
        const timer = clock.after(wait, action);
        if (wait === ms) setImmediate(() => clock.advance(ms));
        return timer;
      },
    };
  }

  it('finds a server that says nothing on a machine that answers no ping', async () => {
    const port = await serve(() => setImmediate(() => clock.advance(15_000)));
    const found = await diagnose(port, { answer: 'silent' });
    assert.equal(states(found), 'ok ok warning problem skipped');
    assert.match(found['SSH server']?.hint ?? '', /out of memory or overloaded/);
  });

  it('finds a server that hangs up at once', async () => {
    const found = await diagnose(await serve(socket => socket.destroy()));
    assert.equal(states(found), 'ok ok skipped problem skipped');
    assert.match(found['SSH server']?.hint ?? '', /MaxStartups/);
  });

  it('finds a server that is something else, whether it waits or hangs up', async () => {
    const http = createHttpServer().listen(0, '127.0.0.1');
    await once(http, 'listening');
    const web = await diagnose((http.address() as AddressInfo).port);
    http.close();
    assert.equal(states(web), 'ok ok skipped problem skipped');
    assert.match(web['SSH server']?.title ?? '', /not an SSH 2 server \(it said "HTTP\/1\.1 400/);

    const mail = await serve(socket => {
      socket.write('220 mail.example.com ESMTP\u001b[2J\r\n');
      socket.once('data', () => setImmediate(() => clock.advance(15_000)));
    });
    const found = await diagnose(mail);
    assert.match(found['SSH server']?.title ?? '', /it said "220 mail\.example\.com ESMTP *\[2J"/);
  });

  it('finds a server that is too old', async () => {
    const found = await diagnose(await serve(socket => socket.end('SSH-1.5-OpenSSH_1.2.3\n')));
    assert.equal(states(found), 'ok ok skipped problem skipped');
    assert.match(found['SSH server']?.title ?? '', /not an SSH 2 server/);
  });

  it('finds a port where nothing listens', async () => {
    const found = await diagnose(await freePort(), { answer: 'answers' });
    assert.equal(states(found), 'ok problem ok skipped skipped');
    assert.match(found['Port']?.title ?? '', /nothing accepts connections/);
    assert.match(found['Port']?.detail ?? '', /^127\.0\.0\.1: refused after \d+ ms$/);
    assert.deepEqual(pinged, ['127.0.0.1']);
  });

  it('tells a machine that is silent from a port that is', async () => {
    const port = await serve(() => undefined);
    const silentPort = await diagnose(port, { clock: atOnce(8_000), answer: 'answers' });
    assert.equal(states(silentPort), 'ok problem ok skipped skipped');
    assert.match(silentPort['Port']?.detail ?? '', /no answer after \d+ ms/);
    assert.match(silentPort['Port']?.hint ?? '', /is on, since it answers ping.*firewall/);
    const silentMachine = await diagnose(port, { clock: atOnce(8_000), answer: 'silent' });
    assert.equal(states(silentMachine), 'ok problem warning skipped skipped');
    assert.match(silentMachine['Port']?.hint ?? '', /machine is on/);
  });

  /** Time passes before a connection can come about. */
  function atOnce(ms: number): Clock {
    return {
      now: () => clock.now(),
      after: (wait, action) => {
        const timer = clock.after(wait, action);
        if (wait === ms) queueMicrotask(() => clock.advance(ms));
        return timer;
      },
    };
  }

  it('tries each address, and says how each fared', async () => {
    const port = await serve(socket => socket.end('SSH-2.0-x\r\n'));
    const lookup = () =>
      Promise.resolve(['127.0.0.2', '127.0.0.1', '127.0.0.2'].map(address => ({ address, family: 4 })));
    const found = await diagnose(port, { hostname: 'spark-1a2b.local', lookup });
    assert.equal(found['Name']?.title, 'spark-1a2b.local is 127.0.0.2, 127.0.0.1');
    assert.equal(found['Port']?.state, 'ok');
    assert.match(found['Port'].detail ?? '', /^127\.0\.0\.2: refused after \d+ ms; 127\.0\.0\.1: connected in \d+ ms$/);
  });

  it('explains what macOS does to programs that may not use the local network', async () => {
    // an address of one link without its interface: no way there on any system
    const lookup = () => Promise.resolve([{ address: 'fe80::1', family: 6 }]);
    const found = await diagnose(22, { hostname: 'spark-1a2b.local', lookup, platform: 'darwin' });
    assert.equal(states(found), 'ok problem skipped skipped skipped');
    assert.match(found['Port']?.hint ?? '', /Local Network/);
  });

  it('finds a name that nobody knows, with advice that depends on its kind', async () => {
    const lookup = () => Promise.reject(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }));
    const local = await diagnose(22, { hostname: 'spark-1a2b.local', lookup });
    assert.equal(states(local), 'problem skipped skipped skipped skipped');
    assert.equal(local['Name']?.detail, 'ENOTFOUND');
    assert.match(local['Name'].hint ?? '', /multicast DNS.*IP address/);
    const other = await diagnose(22, { hostname: 'spark.example.com', lookup });
    assert.match(other['Name']?.hint ?? '', /spelling/);
    const empty = await diagnose(22, { hostname: 'spark.example.com', lookup: () => Promise.resolve([]) });
    assert.equal(empty['Name']?.state, 'problem');
  });

  it('does not wait for ever for a name', async () => {
    const lookup = () => {
      setImmediate(() => clock.advance(12_000));
      return new Promise<never>(() => undefined);
    };
    const found = await diagnose(22, { hostname: 'spark-1a2b.local', lookup });
    assert.match(found['Name']?.detail ?? '', /no answer in time/);
  });

  it('asks the system for names by itself', async () => {
    const found = await diagnose(await freePort(), { hostname: 'localhost' });
    assert.match(found['Name']?.title ?? '', /^localhost is .*(127\.0\.0\.1|::1)/);
  });

  it('is cancelled at any time, and leaves nothing open', async () => {
    const isCancelled = (error: unknown) => SparkError.is(error, 'cancelled');
    await assert.rejects(diagnose(22, { signal: AbortSignal.abort() }), isCancelled);
    const early = new AbortController();
    const lookup = () => {
      setImmediate(() => early.abort());
      return new Promise<never>(() => undefined);
    };
    await assert.rejects(diagnose(22, { hostname: 'slow.local', lookup, signal: early.signal }), isCancelled);
    const abort = new AbortController();
    const closed: Promise<unknown>[] = [];
    const port = await serve(socket => {
      closed.push(once(socket, 'close'));
      socket.resume();
      abort.abort();
    });
    await assert.rejects(diagnose(port, { signal: abort.signal }), isCancelled);
    await Promise.all(closed);
  });
});
