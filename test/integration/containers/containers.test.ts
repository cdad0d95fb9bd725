import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
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

async function startMachine(bin: string): Promise<{ sshd: Sshd; session: SshSession; service: ContainerService }> {
  const sshd = await startSshd({ config: [`SetEnv HOME=${tmpdir()} PATH=${bin}:${SYSTEM} XDG_RUNTIME_DIR=${bin}`] });
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
    machine = await startMachine(dockerd.bin);
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
    assert.match(await service.pruneImages(SPARK, NEVER), /0B/);
    const pulling = service.pull(SPARK, '127.0.0.1:1/none:1', { signal: NEVER, onText: () => undefined });
    await assert.rejects(pulling, isCode('dockerFailed'));
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

  it('asks Podman where only its socket is there, unless the user says otherwise', async () => {
    const socket = join(bin, 'podman', 'podman.sock');
    mkdirSync(join(bin, 'podman'));
    const server = createServer().listen(socket);
    await once(server, 'listening');
    docker('echo "$DOCKER_HOST" >&2; exit 1');
    const asked = async () => (await machine.service.list(SPARK)).error?.message ?? '';
    // a socket of Docker's own goes before it
    const expected = existsSync('/var/run/docker.sock') ? '1' : `unix://${socket}`;
    assert.ok((await asked()).includes(expected), await asked());
    await new Promise(resolve => server.close(resolve));
    assert.doesNotMatch(await asked(), /podman/);
  });

  it('shows nothing of an answer that is not one', async () => {
    docker('echo "{\\"ID\\":\\"../etc\\"}"; echo nonsense; echo "[]"');
    assert.deepEqual((await machine.service.list(SPARK)).containers, []);
  });

  it('ends a pull that is given up', async () => {
    docker('echo "abcdef012345: Downloading"; exec sleep 1000');
    const stop = new AbortController();
    const pulling = machine.service.pull(SPARK, 'some/image:1', { signal: stop.signal, onText: () => stop.abort() });
    await assert.rejects(pulling, isCode('cancelled'));
  });
});
