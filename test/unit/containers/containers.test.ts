import assert from 'node:assert/strict';
import {
  readContainers,
  readGpuUse,
  readImages,
  readPorts,
  readStats,
} from '../../../src/engine/containers/answers.js';
import { readPlaces, waysOf } from '../../../src/engine/containers/engineWays.js';
import { DockerFailure, failure, stateOf } from '../../../src/engine/containers/failures.js';
import { LogFrames } from '../../../src/engine/containers/logFrames.js';
import { runRequest } from '../../../src/engine/containers/runRequest.js';
import {
  containerRefSchema,
  containerRunSchema,
  imageRefSchema,
  type Container,
} from '../../../src/shared/containers.js';
import { containerText, noticeText, rowsOf } from '../../../src/vscode/containers/containerRows.js';
import { PullLayers } from '../../../src/vscode/containers/containerWords.js';
import { TerminalText } from '../../../src/vscode/containers/terminalText.js';
import * as v from 'valibot';

const container: Container = {
  ...{ id: 'a'.repeat(64), name: 'trainer', image: 'nvcr.io/nvidia/pytorch:25.09-py3', state: 'running' },
  ...{ status: 'Up 2 hours', ports: [{ host: '0.0.0.0', hostPort: 8888, containerPort: 8888, protocol: 'tcp' }] },
};

const ID = 'b'.repeat(64);

describe('what Docker says of containers', () => {
  it('is read for ports, each once', () => {
    const port = (IP: string, PublicPort: number, PrivatePort: number, Type = 'tcp') => ({
      ...{ IP, PublicPort, PrivatePort, Type },
    });
    const ports = readPorts([
      ...[port('0.0.0.0', 80, 8080), port('::', 80, 8080), { PrivatePort: 6006, Type: 'tcp' }],
      ...[port('127.0.0.1', 80, 9000, 'udp'), port('127.0.0.1', 70_000, 1), 'nonsense', null],
    ]);
    assert.deepEqual(
      ports.map(({ host, hostPort, containerPort, protocol }) => `${host} ${hostPort} ${containerPort} ${protocol}`),
      ['0.0.0.0 80 8080 tcp', '127.0.0.1 80 9000 udp'],
    );
    const many = Array.from({ length: 5000 }, (_, index) => port('', index + 1, index + 1));
    assert.equal(readPorts(many).length, 256);
  });

  it('is read for names and states, and what is something else is left out', () => {
    const answer = [
      { Id: ID, Names: ['/web/db', '/db'], Image: 'i', State: 'running', Status: 'Up', Ports: null, More: 1 },
      { Id: '../etc', Names: ['/x'], Image: 'i', State: 'running', Status: 'Up', Ports: [] },
      ...['nonsense', null, []],
    ];
    assert.deepEqual(readContainers(JSON.stringify(answer)), [
      { id: ID, name: 'db', image: 'i', state: 'running', status: 'Up', ports: [] },
    ]);
    for (const other of ['', '{}', 'null', '[', '"x"']) assert.deepEqual(readContainers(other), []);
  });

  it('is read for what a container uses, as Docker reckons it', () => {
    const cpu = (total_usage: number, system_cpu_usage: number) => ({
      ...{ cpu_usage: { total_usage }, system_cpu_usage, online_cpus: 4 },
    });
    const stats = (memory_stats: object) => ({
      cpu_stats: cpu(3000, 20_000),
      precpu_stats: cpu(1000, 10_000),
      memory_stats,
    });
    const read = (answer: unknown) => readStats(JSON.stringify(answer));
    assert.deepEqual(read(stats({ usage: 500, stats: { inactive_file: 200 } })), { cpuPercent: 80, memoryBytes: 300 });
    assert.equal(read(stats({ usage: 500, stats: { total_inactive_file: 100, inactive_file: 1 } })).memoryBytes, 400);
    assert.equal(read(stats({})).memoryBytes, null);
    // one that has just ended: nothing was measured
    assert.equal(read({ ...stats({}), cpu_stats: cpu(0, 0), precpu_stats: cpu(0, 0) }).cpuPercent, null);
    assert.deepEqual(readStats('nonsense'), { cpuPercent: null, memoryBytes: null });
  });

  it('is joined with the processes on the GPU', () => {
    const uses = readGpuUse(
      new Map([
        ['apps', '41, 2048\n41, 2048\n42, [N/A]\n7, 100'],
        ['cgroup', `41 0::/system.slice/docker-${ID}.scope\n42 0::/system.slice/docker-${ID}.scope`],
      ]),
    );
    assert.deepEqual([...uses], [[ID, { gpuBytes: 2048 * 2 ** 20, gpuProcesses: 2 }]]);
  });

  it('is read for images, a row for each name', () => {
    const image = { Id: `sha256:${ID}`, Size: 12_345_678_901, Created: 1_000_000 };
    const answer = JSON.stringify([
      { ...image, RepoTags: ['a:1', 'b:2'] },
      { ...image, RepoTags: ['<none>:<none>'] },
      { ...image, RepoTags: null },
      { ...image, Id: 'x' },
    ]);
    const images = readImages(answer, (1_000_000 + 15 * 86_400) * 1000);
    assert.deepEqual(
      images.map(({ name, size, created }) => [name, size, created]),
      ['a:1', 'b:2', null, null].map(name => [name, '12.3 GB', '2 weeks ago']),
    );
  });

  it('is text in frames, where the container has no terminal', () => {
    const frame = (output: number, bytes: Buffer) => {
      const head = Buffer.alloc(8);
      head[0] = output;
      head.writeUInt32BE(bytes.length, 4);
      return Buffer.concat([head, bytes]);
    };
    const euro = Buffer.from('€');
    const sent = Buffer.concat([
      ...[frame(1, Buffer.from('out ')), frame(1, euro.subarray(0, 1)), frame(2, Buffer.from('err '))],
      ...[frame(1, euro.subarray(1)), frame(2, Buffer.alloc(0))],
    ]);
    for (const step of [1, 3, 7, sent.length]) {
      const frames = new LogFrames(false);
      let text = '';
      for (let at = 0; at < sent.length; at += step) text += frames.take(sent.subarray(at, at + step));
      assert.equal(text, 'out err €', `${step} bytes at a time`);
    }
    const plain = new LogFrames(true);
    assert.equal(plain.take(euro.subarray(0, 2)) + plain.take(euro.subarray(2)), '€');
  });

  it('is a sentence when it fails, and tells what is missing from what is broken', () => {
    const denied = 'permission denied while trying to connect to the docker API at unix:///var/run/docker.sock';
    assert.equal(stateOf({ code: 1, stderr: denied }), 'denied');
    assert.equal(stateOf({ code: 1, stderr: 'Error response from daemon: pull access denied for x' }), 'failed');
    const stderr = 'docker: Error response from daemon: no space left on device\n\nRun "docker run --help"';
    assert.equal(failure({ code: 125, stderr }, 'spark', 'me').message, 'Docker on spark: no space left on device');
  });
});

describe('the way to the engine', () => {
  const ways = (host: string, program: string, context: string, sockets: string) =>
    waysOf(readPlaces(new Map(Object.entries({ host, program, context, sockets })))).map(way =>
      way.kind === 'socket' ? way.path : way.kind,
    );
  const docker = '/usr/bin/docker';
  const both = 'open /var/run/docker.sock\nopen /run/podman/podman.sock';

  it('is the socket that this user may open, then Docker’s program', () => {
    assert.deepEqual(ways('', docker, '', both), ['/var/run/docker.sock', 'program']);
    assert.deepEqual(ways('', '', '', 'closed /var/run/docker.sock\nopen /run/user/1/podman/podman.sock'), [
      '/run/user/1/podman/podman.sock',
    ]);
    assert.deepEqual(ways('', docker, '', 'closed /var/run/docker.sock'), ['program']);
  });

  it('is what the user has set', () => {
    assert.deepEqual(ways('unix:///mine.sock', docker, '', both), ['/mine.sock', 'program']);
    assert.deepEqual(ways('tcp://10.0.0.7:2376', docker, '', both), ['program']);
    assert.deepEqual(ways('', docker, '"currentContext": "rootless"', both), ['program']);
  });

  it('is none, for a reason', () => {
    const state = (sockets: string) => {
      try {
        return ways('', '', '', sockets);
      } catch (error) {
        return error instanceof DockerFailure && error.state;
      }
    };
    assert.deepEqual([state(''), state('closed /var/run/docker.sock')], ['missing', 'denied']);
  });
});

describe('the arguments of a container', () => {
  it("have NVIDIA's usual choices, and publish on the machine itself only", () => {
    const run = v.parse(containerRunSchema, {
      ...{ image: 'some/image:1', name: 'n', ports: [{ host: 80, container: 8080 }], command: ['--privileged'] },
      volumes: [{ source: '/home/me', target: '/work' }],
    });
    assert.deepEqual(runRequest(run), {
      ...{ Image: 'some/image:1', Cmd: ['--privileged'], ExposedPorts: { '8080/tcp': {} } },
      HostConfig: {
        DeviceRequests: [{ Driver: '', Count: -1, Capabilities: [['gpu']] }],
        Ulimits: [
          { Name: 'memlock', Soft: -1, Hard: -1 },
          { Name: 'stack', Soft: 67_108_864, Hard: 67_108_864 },
        ],
        IpcMode: 'host',
        PortBindings: { '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: '80' }] },
        Binds: ['/home/me:/work'],
      },
    });
    const plain = v.parse(containerRunSchema, { image: 'i', gpus: false, ipcHost: false, shmSize: '16g' });
    assert.deepEqual(runRequest(plain), {
      ...{ Image: 'i', ExposedPorts: {}, HostConfig: { ShmSize: 16 * 2 ** 30, PortBindings: {}, Binds: [] } },
    });
  });

  it('are refused where they could mean something else', () => {
    for (const text of ['-v', '--privileged', 'a b', 'a;b', '', 'a\n']) {
      assert.ok(!v.is(containerRefSchema, text), text);
      if (text !== 'a\n') assert.ok(!v.is(imageRefSchema, text), text);
    }
    const volumes = [{ source: '/a:/etc', target: '/b' }];
    assert.ok(!v.is(containerRunSchema, { image: 'i', volumes }));
    assert.ok(!v.is(containerRunSchema, { image: 'i', privileged: true }));
  });
});

describe('the containers view', () => {
  it('says state, use and ports of a container', () => {
    const usage = { id: container.id, cpuPercent: 34.6, memoryBytes: 2e9, gpuBytes: null, gpuProcesses: 1 };
    const text = containerText(container, usage);
    assert.match(text.description, /^Up 2 hours · uses the GPU · CPU 35 % · .* · port 8888 · nvcr/);
    assert.deepEqual([text.contextValue, text.tone], ['container;running;ports', 'good']);
  });

  it('tells a failure from an end', () => {
    const tone = (status: string) => containerText({ ...container, state: 'exited', status }, undefined).tone;
    assert.deepEqual(['Exited (0) now', 'Exited (1) now', 'Exited (137) now'].map(tone), ['plain', 'bad', 'plain']);
  });

  it('shows what is running first, and why there is nothing', () => {
    const stopped = { ...container, id: 'c'.repeat(64), state: 'exited' };
    const list = { connectionId: 'x', state: 'up' as const, containers: [stopped, container] };
    const ids = rowsOf('x', { list, usage: [] }).map(row => (row.kind === 'container' ? row.containerId[0] : row.kind));
    assert.deepEqual(ids, ['a', 'c', 'images']);
    const error = { code: 'dockerMissing' as const, message: 'Docker is not installed on spark.' };
    const page = { list: { connectionId: 'x', state: 'missing' as const, containers: [], error }, usage: [] };
    assert.deepEqual(rowsOf('x', page), [{ kind: 'notice', connectionId: 'x' }]);
    assert.equal(noticeText(page).label, error.message);
  });

  it('counts the layers of a pull', () => {
    const layers = new PullLayers();
    assert.deepEqual(layers.take('1.0: Pulling from x\nabcdef012345: Pulling fs layer\nabcdef0123').all, 1);
    const { done, all } = layers.take('46: Already exists\nabcdef012345: Pull complete\n');
    assert.deepEqual([done, all], [2, 2]);
  });
});

describe('what a log may do to a terminal', () => {
  it('is to colour, and nothing else', () => {
    const text = new TerminalText();
    assert.equal(text.write('a\u001b[31mred\u001b[0m\n'), 'a\u001b[31mred\u001b[0m\r\n');
    assert.equal(text.write('\u001b]52;c;aGk=\u0007\u001b[2Jx\u001b[6n\u009b31m'), ']52;c;aGk=[2Jx[6n31m');
    assert.equal(text.write('\u001b[3') + text.write('2mgreen'), '\u001b[32mgreen');
    assert.equal(text.write('10 %\r20 %\u001b[K'), '10 %\r20 %\u001b[K');
  });
});
