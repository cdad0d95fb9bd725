import assert from 'node:assert/strict';
import { readPorts, readUsage } from '../../../src/engine/containers/answers.js';
import { failure, stateOf } from '../../../src/engine/containers/failures.js';
import { runArguments } from '../../../src/engine/containers/runArguments.js';
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

describe('what Docker says of containers', () => {
  it('is read for ports, each once, ranges too', () => {
    const ports = readPorts('0.0.0.0:80->8080/tcp, [::]:80->8080/tcp, 6006/tcp, 127.0.0.1:7000-7001->9000-9001/udp');
    assert.deepEqual(
      ports.map(({ host, hostPort, containerPort, protocol }) => `${host} ${hostPort} ${containerPort} ${protocol}`),
      ['0.0.0.0 80 8080 tcp', '127.0.0.1 7000 9000 udp', '127.0.0.1 7001 9001 udp'],
    );
    assert.ok(readPorts('0.0.0.0:1-65535->1-65535/tcp').length <= 257);
  });

  it('is joined with the processes on the GPU', () => {
    const id = 'b'.repeat(64);
    const usage = readUsage(
      new Map([
        [
          'stats',
          `{"ID":"${id}","CPUPerc":"35.20%","MemUsage":"1.5GiB / 119.7GiB"}\n{"ID":"--","CPUPerc":"--","MemUsage":"--"}`,
        ],
        ['apps', '41, 2048\n41, 2048\n42, [N/A]\n7, 100'],
        ['cgroup', `41 0::/system.slice/docker-${id}.scope\n42 0::/system.slice/docker-${id}.scope`],
      ]),
    );
    assert.deepEqual(usage, [
      { id, cpuPercent: 35.2, memoryBytes: 1.5 * 2 ** 30, gpuBytes: 2048 * 2 ** 20, gpuProcesses: 2 },
    ]);
  });

  it('is a sentence when it fails, and tells what is missing from what is broken', () => {
    const denied = 'permission denied while trying to connect to the docker API at unix:///var/run/docker.sock';
    assert.equal(stateOf({ code: 1, stderr: denied }), 'denied');
    assert.equal(stateOf({ code: 1, stderr: 'Error response from daemon: pull access denied for x' }), 'failed');
    const stderr = 'docker: Error response from daemon: no space left on device\n\nRun "docker run --help"';
    assert.equal(failure({ code: 125, stderr }, 'spark', 'me').message, 'Docker on spark: no space left on device');
  });
});

describe('the arguments of a container', () => {
  it("have NVIDIA's usual choices, and take nothing for an option that is none", () => {
    const run = v.parse(containerRunSchema, {
      ...{ image: 'some/image:1', name: 'n', ports: [{ host: 80, container: 8080 }], command: ['--privileged'] },
      volumes: [{ source: '/home/me', target: '/work' }],
    });
    assert.equal(
      runArguments(run).join(' '),
      'run --detach --pull=never --name=n --gpus=all --ulimit=memlock=-1 --ulimit=stack=67108864 --ipc=host --publish=127.0.0.1:80:8080 --volume=/home/me:/work -- some/image:1 --privileged',
    );
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
