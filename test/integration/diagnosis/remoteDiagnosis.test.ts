import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { createServer as createHttpServer, type RequestListener, type Server as HttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Finding } from '../../../src/engine/diagnosis/finding.js';
import { diagnoseRemote } from '../../../src/engine/diagnosis/remoteDiagnosis.js';
import { formatReport } from '../../../src/engine/diagnosis/report.js';
import { explainFailure } from '../../../src/engine/metrics/nvidiaSmiFailure.js';
import { run } from '../../../src/engine/ssh/run.js';
import type { SshSession } from '../../../src/engine/ssh/types.js';
import { SparkError } from '../../../src/shared/errors.js';
import { FakeClock } from '../../support/fakeClock.js';
import { freePort, hasSshd, type Sshd, startSshd } from '../../support/sshd.js';
import { type Spark, startSpark } from '../../spark/spark.js';
import { makeKeyPair } from '../../spark/ssh/keys.js';
import { LocalSession } from '../metrics/localSession.js';
import { openSession } from '../ssh/openSession.js';

/** A program that hangs until the one that started it ends; at most a minute, since the number of that one may be another's then. */
const UNTIL_ENDED = 'n=0; while kill -0 $PPID 2>/dev/null && [ $n -lt 600 ]; do sleep 0.1 || exit; n=$((n+1)); done';

const STEPS = ['System', 'Clock', 'Memory', 'Disk', 'GPU', 'Docker', 'Forwarding', 'Ollama'];
/** Not busybox: it takes its own `date` and `df` for those of the test. */
const SHELLS = ['/bin/sh', '/bin/dash', '/bin/bash'].filter(
  (file, index) => fs.existsSync(file) && (index === 0 || fs.realpathSync(file) !== fs.realpathSync('/bin/sh')),
);
/** What the script needs of a machine; everything else is there or not as the test decides. */
const TOOLS = ['date', 'uname', 'sed', 'id', 'df', 'cat', 'grep', 'timeout', 'sleep'];

async function diagnose(
  session: SshSession,
  options: { port: number; clock?: FakeClock; signal?: AbortSignal },
): Promise<Record<string, Finding>> {
  const { port: ollamaPort, signal = new AbortController().signal } = options;
  const parts = { run, explainNvidiaSmi: explainFailure, ...(options.clock && { clock: options.clock }) };
  const findings = await diagnoseRemote(session, { ollamaPort, signal }, parts);
  assert.deepEqual(
    findings.map(({ step }) => step),
    STEPS,
  );
  for (const { state, hint, title } of findings) {
    assert.ok(title.length > 0);
    if (state === 'warning' || state === 'problem') assert.match(hint ?? '', /\S/, title);
  }
  return Object.fromEntries(findings.map(finding => [finding.step, finding]));
}

/** This computer as a machine that has only the programs that a test gives it. */
class Machine extends LocalSession {
  override forward(host = '127.0.0.1', port = 0): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port });
      socket.once('connect', () => resolve(socket));
      socket.once('error', () => reject(new SparkError({ code: 'forwardRefused', message: 'Nothing listens there.' })));
    });
  }
}

describe('diagnosing a machine from within', function () {
  this.timeout(60_000);
  let folder: string;
  let servers: (Server | HttpServer)[];

  beforeEach(() => {
    folder = fs.mkdtempSync(join(tmpdir(), 'dgx-spark-diagnosis-'));
    servers = [];
  });

  afterEach(async () => {
    for (const server of servers) {
      if ('closeAllConnections' in server) server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    }
    fs.rmSync(folder, { recursive: true });
  });

  async function serve(server: Server | HttpServer, host = '127.0.0.1'): Promise<number> {
    servers.push(server);
    server.listen(0, host);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  const serveHttp = (listener: RequestListener) => serve(createHttpServer(listener));
  const serveOllama = () =>
    serveHttp((request, response) => {
      response.statusCode = request.url === '/api/version' && request.method === 'GET' ? 200 : 404;
      response.end('{"version":"0.12.3"}');
    });

  function program(name: string, script: string): void {
    const file = join(folder, name);
    fs.rmSync(file, { force: true });
    fs.writeFileSync(file, `#!/bin/sh\n${script}\n`);
    fs.chmodSync(file, 0o755);
  }

  for (const shell of SHELLS)
    describe(`through ${shell}`, () => {
      let machine: Machine;
      let clock: FakeClock;

      beforeEach(() => {
        clock = new FakeClock();
        for (const tool of TOOLS) {
          const found = execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim();
          fs.symlinkSync(found, join(folder, tool));
        }
        program('date', `echo ${clock.now() / 1000}`);
        machine = new Machine(shell, folder, { env: { HOME: folder } });
      });

      afterEach(() => {
        machine.dispose();
        assert.equal(clock.pending, 0, 'no timer is left');
      });

      it('finds all in order', async () => {
        program(
          'nvidia-smi',
          `[ "$*" = "--query-gpu=name,driver_version --format=csv,noheader" ] && echo "NVIDIA GB10, 580.126.09"`,
        );
        program('docker', `[ "$*" = "version --format {{.Server.Version}}" ] && echo 28.3.3`);
        const found = await diagnose(machine, { port: await serveOllama(), clock });
        assert.deepEqual(
          ['Clock', 'GPU', 'Docker', 'Forwarding', 'Ollama'].map(step => found[step]?.state),
          ['ok', 'ok', 'ok', 'ok', 'ok'],
        );
        assert.equal(found['GPU']?.title, 'NVIDIA GB10, driver 580.126.09');
        assert.equal(found['Docker']?.title, 'Docker 28.3.3');
        const [kernel] = execFileSync('uname', ['-srm'], { encoding: 'utf8' }).split('\n');
        assert.ok(found['System']?.title.endsWith(kernel!));
        if (fs.existsSync('/proc/meminfo')) assert.match(found['Memory']?.title ?? '', /GiB available$/);
        assert.match(found['Disk']?.title ?? '', /^\/ is \d+ % full/);
        assert.equal(machine.processes.length, 1);
      });

      it('finds that nothing is installed', async () => {
        const found = await diagnose(machine, { port: await freePort(), clock });
        assert.match(found['GPU']?.title ?? '', /nvidia-smi was not found/);
        assert.match(found['Docker']?.title ?? '', /not installed/);
        assert.match(found['Ollama']?.title ?? '', /not installed/);
        assert.equal(found['Forwarding']?.state, 'ok');
      });

      it('finds what is installed and fails', async () => {
        program('nvidia-smi', 'echo "Failed to initialize NVML: Driver/library version mismatch"; exit 18');
        program('docker', 'echo "permission denied while trying to connect to the Docker daemon socket" >&2; exit 1');
        program(
          'id',
          '[ "$*" = -un ] && echo anna; [ "$*" = -nG ] && echo anna; [ "$*" = "-nG anna" ] && echo anna docker',
        );
        program('ollama', 'exit 0');
        program('systemctl', '[ "$*" = "is-active ollama" ] && echo failed; exit 3');
        const found = await diagnose(machine, { port: await freePort(), clock });
        assert.match(found['GPU']?.title ?? '', /driver was updated/);
        assert.match(found['Docker']?.title ?? '', /not yet in this connection/);
        assert.match(found['Ollama']?.title ?? '', /fails to start/);
      });

      it('finds an Ollama that listens elsewhere', async function () {
        if (!fs.existsSync('/proc/net/tcp')) this.skip();
        const port = await serve(createServer(), '127.0.0.2');
        const found = await diagnose(machine, { port, clock });
        assert.equal(found['Ollama']?.state, 'problem');
        assert.equal(found['Ollama'].title, 'Ollama listens on 127.0.0.2, but not on 127.0.0.1');
      });

      it('finds a clock that is wrong', async () => {
        program('date', `echo ${clock.now() / 1000 - 180}`);
        const found = await diagnose(machine, { port: await freePort(), clock });
        assert.match(found['Clock']?.title ?? '', /3 minutes behind/);
      });

      it('goes on when a program hangs that can be ended', async () => {
        for (const name of ['nvidia-smi', 'docker', 'df']) program(name, 'echo too late');
        program('timeout', 'shift; case $1 in nvidia-smi|docker|df) exit 124;; esac; exec "$@"');
        const found = await diagnose(machine, { port: await freePort(), clock });
        assert.match(found['GPU']?.title ?? '', /does not answer/);
        assert.match(found['Docker']?.title ?? '', /does not answer/);
        assert.match(found['Disk']?.title ?? '', /did not answer in time/);
        assert.notEqual(found['System']?.state, 'skipped');
      });

      it('tells what it has when one hangs that cannot', async () => {
        fs.rmSync(join(folder, 'timeout'));
        program('nvidia-smi', UNTIL_ENDED);
        program('docker', 'echo 28.3.3');
        const working = diagnose(machine, { port: await freePort(), clock });
        await machine.printed(/ b gpu/);
        clock.advance(45_000);
        const found = await working;
        assert.match(found['GPU']?.title ?? '', /does not answer/);
        assert.equal(found['Docker']?.title, 'Docker 28.3.3');
      });

      it('lets nothing that a program prints into the report as it is', async () => {
        const evil = String.raw`printf "\033[2Jevil\n\342\200\256x\n"; exit 1`;
        for (const name of ['nvidia-smi', 'docker', 'uname', 'systemctl', 'ollama']) program(name, evil);
        program('df', 'head -c 3000000 /dev/zero');
        fs.symlinkSync('/usr/bin/head', join(folder, 'head'));
        const found = await diagnose(machine, { port: await freePort(), clock });
        const report = formatReport(Object.values(found), []);
        for (const line of report.split('\n')) assert.doesNotMatch(line, /[\p{Cc}\p{Cf}]/u);
      });

      it('is cancelled', async () => {
        program('nvidia-smi', UNTIL_ENDED);
        const abort = new AbortController();
        const working = diagnose(machine, { port: await freePort(), clock, signal: abort.signal });
        working.catch(() => undefined);
        await machine.printed(/ b gpu/);
        abort.abort();
        await assert.rejects(working, (error: unknown) => SparkError.is(error, 'cancelled'));
      });
    });

  it('finds a login that runs no programs', async () => {
    program('nologin', 'echo "This account is currently not available."; exit 1');
    const machine = new Machine(join(folder, 'nologin'), folder);
    const found = await diagnose(machine, { port: await serveOllama() });
    assert.equal(found['System']?.state, 'problem');
    assert.match(found['System'].detail ?? '', /currently not available/);
    assert.equal(found['GPU']?.state, 'skipped');
    // what does not need a program is found all the same
    assert.equal(found['Ollama']?.state, 'ok');
    machine.dispose();
  });

  describe('over a real SSH server', () => {
    let sshd: Sshd | undefined;
    let session: SshSession | undefined;

    before(function () {
      if (!hasSshd()) this.skip();
    });

    afterEach(async () => {
      session?.dispose();
      await sshd?.stop();
      sshd = session = undefined;
    });

    async function open(config: string[] = []): Promise<SshSession> {
      sshd = await startSshd({ config: [...config, `SetEnv HOME=${folder} PATH=${folder}:/usr/bin:/bin`] });
      sshd.trust();
      const { port, username, clientKey: keyPath, home } = sshd;
      session = await openSession({
        target: { hostname: '127.0.0.1', port, username, auth: { method: 'key', keyPath } },
        home,
      });
      return session;
    }

    it('finds a whole machine in order', async () => {
      program('nvidia-smi', 'echo "NVIDIA GB10, 580.126.09"');
      program('docker', 'echo 28.3.3');
      const found = await diagnose(await open(), { port: await serveOllama() });
      assert.deepEqual(
        ['System', 'Clock', 'GPU', 'Docker', 'Forwarding', 'Ollama'].map(step => found[step]?.state),
        ['ok', 'ok', 'ok', 'ok', 'ok', 'ok'],
      );
      assert.equal(found['Ollama']?.title.startsWith('Ollama 0.12.3 answers'), true);
    });

    it('tells a server that does not forward, and asks the machine itself for Ollama', async function () {
      const found = await diagnose(await open(['AllowTcpForwarding no']), { port: await serveOllama() });
      assert.equal(found['Forwarding']?.state, 'problem');
      assert.match(found['Forwarding'].hint ?? '', /AllowTcpForwarding/);
      if (!fs.existsSync('/usr/bin/curl')) this.skip();
      assert.match(found['Ollama']?.title ?? '', /^Ollama 0\.12\.3 answers on port \d+ of the machine$/);
    });

    it('tells apart nothing, something else, and an Ollama that is stuck', async () => {
      const live = await open();
      const nothing = await diagnose(live, { port: await freePort() });
      assert.equal(nothing['Forwarding']?.state, 'ok');
      assert.match(nothing['Ollama']?.title ?? '', /not installed|does not run/);

      for (const answer of ['<html>', '{"version":3}', '{"version":"a b"}', 'x'.repeat(100_000)]) {
        const other = await diagnose(live, { port: await serveHttp((_request, response) => response.end(answer)) });
        assert.match(other['Ollama']?.title ?? '', /is not Ollama/);
      }
      const notHttp = await serve(
        createServer(socket =>
          socket
            .on('error', () => undefined)
            .resume()
            .end('SSH-2.0-x\r\n'),
        ),
      );
      assert.match((await diagnose(live, { port: notHttp }))['Ollama']?.title ?? '', /is not Ollama/);

      const clock = new FakeClock();
      const stuck = await serveHttp(() => setImmediate(() => clock.advance(8_000)));
      assert.match((await diagnose(live, { port: stuck, clock }))['Ollama']?.title ?? '', /but does not answer/);
    });

    it('fails when the connection is lost meanwhile', async () => {
      const live = await open();
      const port = await serveHttp(() => sshd?.kill());
      await assert.rejects(diagnose(live, { port }), (error: unknown) => SparkError.is(error, 'connectionLost'));
    });
  });

  describe('on a simulated Spark', () => {
    let spark: Spark;
    let session: SshSession;

    beforeEach(async () => {
      const keys = makeKeyPair('test');
      const keyPath = join(folder, 'key');
      fs.writeFileSync(keyPath, keys.privateKey, { mode: 0o600 });
      spark = await startSpark({ authorizedKeys: [keys.publicKey] });
      session = await openSession({
        target: { hostname: '127.0.0.1', port: spark.port, username: spark.username, auth: { method: 'key', keyPath } },
        home: folder,
        prompts: { confirmHostKey: () => Promise.resolve(true) },
      });
    });

    afterEach(async () => {
      session.dispose();
      await spark.close();
    });

    it('finds GPU, memory and Ollama of a GB10', async () => {
      const found = await diagnose(session, { port: 11434 });
      assert.match(found['GPU']?.title ?? '', /^NVIDIA GB10, driver \d/);
      assert.match(found['Memory']?.title ?? '', /of 121\.\d GiB available$/);
      assert.match(found['Ollama']?.title ?? '', /^Ollama \S+ answers on port 11434$/);
    });

    it('finds a driver that is gone, and garbage', async () => {
      spark.setShape('noDriver');
      assert.match((await diagnose(session, { port: 11434 }))['GPU']?.title ?? '', /driver is not running/);
      spark.setShape('gb10');
      spark.faults.nvidiaSmi('garbage');
      assert.match((await diagnose(session, { port: 11434 }))['GPU']?.title ?? '', /unreadable/);
    });
  });
});
