import { execFile, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const DOCKERD = '/usr/sbin/dockerd';
const BUSYBOX = '/bin/busybox';
const LINKS = ['sh', 'echo', 'cat', 'sleep', 'printf', 'true', 'id'];

/** A real Docker engine of its own. */
export interface Dockerd {
  /** A folder for PATH whose `docker` asks this engine. */
  readonly bin: string;
  /** Where it listens, as `DOCKER_HOST` takes it. */
  readonly host: string;
  /** The name of the one image, which holds busybox. */
  readonly image: string;
  docker(...argv: string[]): Promise<string>;
  stop(): Promise<void>;
}

/** Whether this machine can run one: it takes root, Docker and a static busybox. */
export function hasDockerd(): boolean {
  return process.getuid?.() === 0 && [DOCKERD, BUSYBOX].every(file => existsSync(file));
}

/** Starts an engine without a network. Rejects with what it complains about. */
export async function startDockerd(): Promise<Dockerd> {
  const folder = mkdtempSync(join(tmpdir(), 'dockerd-'));
  const [bin, root] = [join(folder, 'bin'), join(folder, 'root', 'bin')];
  for (const path of [bin, root]) mkdirSync(path, { recursive: true });
  const host = `unix://${folder}/docker.sock`;
  writeFileSync(join(bin, 'docker'), `#!/bin/sh\nexec /usr/bin/docker -H ${host} "$@"\n`);
  chmodSync(join(bin, 'docker'), 0o755);
  const places = ['data', 'exec'].map((name, index) => [['--data-root', '--exec-root'][index]!, join(folder, name)]);
  const daemon = spawn(
    DOCKERD,
    [
      ...['--storage-driver=vfs', '--iptables=false', '--ip6tables=false', '--bridge=none', '-H', host],
      ...['-p', join(folder, 'pid'), ...places.flat()],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = new Promise<void>(resolve => daemon.once('exit', () => resolve()));
  const docker = async (...argv: string[]) => (await exec(join(bin, 'docker'), argv)).stdout;
  const stop = async () => {
    const ids = (await docker('ps', '-aq').catch(() => '')).split('\n').filter(id => id !== '');
    if (ids.length > 0) await docker('rm', '-f', ...ids).catch(() => undefined);
    daemon.kill('SIGTERM');
    await ended;
    // left mounted by an engine that has had a container on the host's network
    await exec('umount', [join(folder, 'exec', 'netns', 'default')]).catch(() => undefined);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await new Promise<void>((resolve, reject) => {
      let said = '';
      daemon.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes('API listen on')) resolve();
      });
      void ended.then(() => reject(new Error(`dockerd ended: ${said.slice(-1000)}`)));
    });
    await exec('cp', [BUSYBOX, join(root, 'busybox')]);
    for (const name of LINKS) symlinkSync('busybox', join(root, name));
    await exec('sh', [
      '-c',
      'tar -C "$1" -c . | "$2" import - busybox:test',
      'sh',
      join(root, '..'),
      join(bin, 'docker'),
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { bin, host, image: 'busybox:test', docker, stop };
}
