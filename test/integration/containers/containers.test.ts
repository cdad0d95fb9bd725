import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/engine/base/clock.js';
import { ContainerService } from '../../../src/engine/containers/containerService.js';
import { run } from '../../../src/engine/ssh/run.js';
import type { SshSession } from '../../../src/engine/ssh/types.js';
import type { ContainerRunData } from '../../../src/shared/containers.js';
import { SparkError } from '../../../src/shared/errors.js';
import { type Dockerd, hasDockerd, startDockerd } from '../../support/dockerd.js';
import { hasSshd, type Sshd, startSshd } from '../../support/sshd.js';
import { untilEvent } from '../../support/until.js';
import { openSession } from '../ssh/openSession.js';

const SYSTEM = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const NEVER = new AbortController().signal;
const SPARK = 'spark';
const isCode = (code: SparkError['code']) => (error: unknown) => SparkError.is(error, code);

async function startMachine(
  bin: string,
  { host, config = [] }: { host?: string; config?: readonly string[] } = {},
): Promise<{ sshd: Sshd; session: SshSession; service: ContainerService }> {
  const more = host === undefined ? '' : ` DOCKER_HOST=${host}`;
  const env = `SetEnv HOME=${tmpdir()} PATH=${bin}:${SYSTEM} XDG_RUNTIME_DIR=${bin}${more}`;
  const sshd = await startSshd({ config: [env, ...config] });
  sshd.trust();
  const { port, username, clientKey: keyPath, home } = sshd;
  const target = { hostname: '127.0.0.1', port, username, auth: { method: 'key', keyPath } as const };
  const session = await openSession({ target, home });
  const service = new ContainerService({
    ...{ name: () => SPARK, session: () => session, used: () => undefined, run, clock: systemClock },
  });
  return { sshd, session, service };
}

describe('containers of a real Docker over a real sshd', function () {
  this.timeout(60_000);
  let dockerd: Dockerd | undefined;
  let machine: Awaited<ReturnType<typeof startMachine>> | undefined;
  let service: ContainerService;

  const work = (script: string, more: Partial<ContainerRunData> = {}): ContainerRunData => ({
    ...{ image: 'busybox:test', gpus: false, ipcHost: true, ports: [], volumes: [] },
    command: ['sh', '-c', script],
    ...more,
  });
  const find = async (name: string) => (await service.list(SPARK)).containers.find(one => one.name === name);
  const follow = async (name: string, done: (text: string) => boolean) => {
    const stop = new AbortController();
    let text = '';
    const onText = (piece: string) => {
      text += piece;
      if (done(text)) stop.abort();
    };
    await service.followLogs(SPARK, name, 100, { signal: stop.signal, onText }).catch((error: unknown) => {
      if (!SparkError.is(error, 'cancelled')) throw error;
    });
    return text;
  };

  before(async function () {
    if (!hasDockerd() || !hasSshd()) this.skip();
    try {
      dockerd = await startDockerd();
      // some machines may not start containers at all
      await dockerd.docker('run', '--rm', '--network=none', dockerd.image, 'true');
    } catch (error) {
      if (process.env['CI_NEEDS_DOCKER'] !== undefined) throw error;
      console.warn(`skipped: ${String(error).slice(0, 300)}`);
      this.skip();
    }
    machine = await startMachine(dockerd.bin, { host: dockerd.host });
    service = machine.service;
  });

  after(async () => {
    machine?.service.dispose();
    machine?.session.dispose();
    await machine?.sshd.stop();
    await dockerd?.stop();
  });

  it('runs one, lists it, stops, starts and removes it, and tells of what others do to it', async () => {
    const changes: string[] = [];
    let look: () => void = () => undefined;
    const listening = service.onDidChange(id => {
      changes.push(id);
      look();
    });
    const id = await service.run(SPARK, work('exec sleep 1000', { name: 'one' }), NEVER);
    const running = await find('one');
    assert.deepEqual([running?.id, running?.state, running?.image], [id, 'running', 'busybox:test']);
    assert.match(running?.status ?? '', /^Up /);

    await service.act(SPARK, 'one', 'pause', NEVER);
    assert.equal((await find('one'))?.state, 'paused');
    await service.act(SPARK, 'one', 'unpause', NEVER);
    // from now on nobody but Docker tells
    changes.length = 0;
    await dockerd!.docker('kill', 'one');
    await untilEvent(
      'Docker to tell of the end',
      onEvent => {
        look = onEvent;
        return () => (look = () => undefined);
      },
      () => changes.length > 0,
    );
    assert.match((await find('one'))?.status ?? '', /^Exited \(137\)/);
    await service.act(SPARK, id, 'start', NEVER);
    assert.equal((await find('one'))?.state, 'running');
    await service.act(SPARK, id, 'remove', NEVER);
    assert.equal(await find('one'), undefined);
    await assert.rejects(service.act(SPARK, 'one', 'start', NEVER), (error: unknown) => {
      assert.ok(SparkError.is(error, 'dockerFailed'));
      assert.match(error.message, /No such container: one/);
      return true;
    });
    listening.dispose();
  });

  it('hands over what is typed untouched, whatever it looks like', async () => {
    const nasty = `$(touch /tmp/x) 'q' "d" \`b\` \\ ; \n new %s --rm ü`;
    await service.run(SPARK, { ...work(''), name: 'two', command: ['printf', '%s', nasty] }, NEVER);
    // Docker 20.10 itself ends a log before its last words for one who begins to follow it while the container ends
    await dockerd!.docker('wait', 'two');
    assert.equal(await follow('two', () => false), nasty);
    const inspected = JSON.parse(await service.inspect(SPARK, 'two', NEVER)) as [{ Args: string[] }];
    assert.deepEqual(inspected[0].Args, ['%s', nasty]);
  });

  it('follows a log live, both outputs, and ends its program when nobody reads it', async () => {
    await service.run(SPARK, work('echo out; echo err >&2; exec sleep 1000', { name: 'three' }), NEVER);
    const text = await follow('three', said => said.includes('out') && said.includes('err'));
    assert.deepEqual(text.trim().split('\n').sort(), ['err', 'out']);
  });

  it('measures what running ones use, without a GPU', async () => {
    const id = await service.run(SPARK, work('exec sleep 1000', { name: 'four' }), NEVER);
    const usage = (await service.usage(SPARK, NEVER)).find(one => one.id === id);
    assert.deepEqual([usage?.gpuBytes, usage?.gpuProcesses], [null, 0]);
    assert.equal(typeof usage?.cpuPercent, 'number');
  });

  it('lists and removes images, and says why a pull fails', async () => {
    await dockerd!.docker('tag', 'busybox:test', 'busybox:other');
    const named = async () => (await service.images(SPARK, NEVER)).map(({ name }) => name).sort();
    assert.deepEqual(await named(), ['busybox:other', 'busybox:test']);
    await service.removeImage(SPARK, 'busybox:other', NEVER);
    assert.deepEqual(await named(), ['busybox:test']);
    const kept = (await find('four'))!.id;
    const elsewhere = service.removeImage(SPARK, `a/../../containers/${kept}`, NEVER);
    await assert.rejects(elsewhere, isCode('invalidInput'));
    assert.equal((await find('four'))?.id, kept);
    assert.equal(await service.pruneImages(SPARK, NEVER), '');
    // an image without a name
    await dockerd!.docker('commit', 'four');
    assert.deepEqual(await named(), ['busybox:test', null]);
    assert.match(await service.pruneImages(SPARK, NEVER), /^\d.* B are free again\.$/);
    assert.deepEqual(await named(), ['busybox:test']);
    const pulling = service.pull(SPARK, '127.0.0.1:1/none:1', { signal: NEVER, onText: () => undefined });
    await assert.rejects(pulling, isCode('dockerFailed'));
  });

  it('says that the link was lost, and not that Docker failed', async () => {
    const other = await startMachine(dockerd!.bin, { host: dockerd!.host });
    await service.run(SPARK, work('echo there; exec sleep 1000', { name: 'seven' }), NEVER);
    const onText = () => other.sshd.killSessions();
    const following = other.service.followLogs(SPARK, 'seven', 10, { signal: NEVER, onText });
    await assert.rejects(following, isCode('connectionLost'));
    other.service.dispose();
    other.session.dispose();
    await other.sshd.stop();
  });

  it('leaves nothing behind that could not be started', async () => {
    const broken = service.run(SPARK, { ...work(''), name: 'five', command: ['/no/such/program'] }, NEVER);
    await assert.rejects(broken, isCode('dockerFailed'));
    assert.equal(await find('five'), undefined);
    const missing = service.run(SPARK, { ...work(''), image: 'not/there:1' }, NEVER);
    await assert.rejects(missing, /No such image/);
  });

  it('goes through Docker’s own program where the server lets nobody through to a socket', async () => {
    const closed = await startMachine(dockerd!.bin, {
      ...{ host: dockerd!.host, config: ['AllowStreamLocalForwarding no'] },
    });
    try {
      const id = await closed.service.run(SPARK, work('echo through; exec sleep 1000', { name: 'six' }), NEVER);
      assert.equal((await closed.service.list(SPARK)).containers.find(({ name }) => name === 'six')?.id, id);
      const stop = new AbortController();
      const onText = (text: string) => {
        if (text.includes('through')) stop.abort();
      };
      const following = closed.service.followLogs(SPARK, 'six', 10, { signal: stop.signal, onText });
      await assert.rejects(following, isCode('cancelled'));
      await closed.service.act(SPARK, 'six', 'remove', NEVER);
    } finally {
      closed.service.dispose();
      closed.session.dispose();
      await closed.sshd.stop();
    }
  });
});

describe('a machine whose Docker does not answer', function () {
  this.timeout(30_000);
  let bin: string;
  let machine: Awaited<ReturnType<typeof startMachine>>;
  let held: typeof machine | undefined;
  const docker = (script: string) => {
    writeFileSync(join(bin, 'docker'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, 'docker'), 0o755);
  };

  before(async function () {
    if (!hasSshd()) this.skip();
    bin = mkdtempSync(join(tmpdir(), 'docker-'));
    machine = await startMachine(bin);
    held = machine;
  });

  after(async () => {
    held?.session.dispose();
    await held?.sshd.stop();
    if (held) rmSync(bin, { recursive: true, force: true });
  });

  it('says what to do when the user is not in the group', async () => {
    docker(
      'echo "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock" >&2; exit 1',
    );
    const list = await machine.service.list(SPARK);
    assert.deepEqual([list.state, list.error?.code], ['denied', 'dockerDenied']);
    assert.equal(list.remedy, 'sudo usermod -aG docker "$USER"');
    assert.match(list.error?.hint ?? '', /next login/);
  });

  it('says when it does not run, and when it is not there', async () => {
    docker('echo "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?" >&2; exit 1');
    const list = await machine.service.list(SPARK);
    assert.deepEqual([list.state, list.remedy], ['stopped', 'sudo systemctl enable --now docker']);
    docker('exit 127');
    assert.equal((await machine.service.list(SPARK)).state, 'missing');
  });

  it('asks Podman where only its socket is there, without any program of its own', async function () {
    // a socket of Docker's own goes before it
    if (existsSync('/var/run/docker.sock')) this.skip();
    rmSync(join(bin, 'docker'));
    mkdirSync(join(bin, 'podman'));
    const id = 'a'.repeat(64);
    const server = createServer((request, response) => {
      if (request.url?.startsWith('/events')) return;
      const one = { Id: id, Names: ['/one'], Image: 'i', State: 'running', Status: 'Up', Ports: [] };
      response.end(JSON.stringify(request.url?.startsWith('/containers/json') ? [one] : []));
    }).listen(join(bin, 'podman', 'podman.sock'));
    await once(server, 'listening');
    const { state, containers } = await machine.service.list(SPARK);
    assert.deepEqual([state, containers.map(one => one.id)], ['up', [id]]);
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
    assert.notEqual((await machine.service.list(SPARK)).state, 'up');
    rmSync(join(bin, 'podman'), { recursive: true });
  });

  it('shows nothing of an answer that is not one', async () => {
    const answer = (body: string) =>
      docker(`read line; printf 'HTTP/1.1 200 OK\\r\\nContent-Length: %s\\r\\n\\r\\n%s' ${body.length} '${body}'`);
    answer('[{"Id":"../etc"},"nonsense"]');
    assert.deepEqual((await machine.service.list(SPARK)).containers, []);
    docker("read line; printf 'HTTP/1.1 301 Moved\\r\\nLocation: /elsewhere\\r\\nContent-Length: 0\\r\\n\\r\\n'");
    assert.equal((await machine.service.list(SPARK)).state, 'failed');
    docker('echo nonsense; exit 3');
    assert.equal((await machine.service.list(SPARK)).state, 'failed');
  });

  it('ends a pull that is given up', async () => {
    docker('echo "abcdef012345: Downloading"; exec sleep 1000');
    const stop = new AbortController();
    const pulling = machine.service.pull(SPARK, 'some/image:1', { signal: stop.signal, onText: () => stop.abort() });
    await assert.rejects(pulling, isCode('cancelled'));
  });
});
