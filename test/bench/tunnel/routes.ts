import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort, type Sshd } from '../../support/sshd.js';
import { newStorage, TestWindow } from '../../support/window.js';

/** A local port that leads to the bench's server, and the process that carries it. */
export interface Route {
  readonly name: 'ours' | 'ssh';
  readonly port: number;
  readonly pid: number;
  /** Uploads a file to this path of the machine, beside the tunnel. */
  uploadFile(local: string, remoteFolder: string): Promise<void>;
  stop(): Promise<void>;
}

/** Clock ticks a second of /proc/PID/stat; 100 on every Linux that Node runs on. */
const TICKS = 100;

/** Seconds of CPU that a process has used. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** MiB of memory that a process holds. */
export function memoryMib(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? NaN) / 1024;
}

/** Starts a program of the bench and resolves with the port that it prints. */
export async function startProgram(name: string, ...args: string[]): Promise<{ port: number; stop(): void }> {
  const file = resolve('out', 'bench', 'tunnel', `${name}.process.js`);
  const child = spawn(process.execPath, [file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { port: Number(line), stop: () => child.stdin.end() };
}

/** Our tunnel, in the engine process as it ships. */
export async function startOurs(sshd: Sshd, sshPort: number, remotePort: number): Promise<Route> {
  process.env['HOME'] = sshd.home;
  const storage = newStorage();
  const window = await TestWindow.open({
    storage: storage.folder,
    answer: question => (question.kind === 'hostKey' ? { kind: 'yes' } : { kind: 'cancelled' }),
    settings: { localPort: await freePort(), remotePort, connectTimeoutSeconds: 60 },
  });
  const { id: connectionId } = await window.peer.request('connections/create', {
    name: 'bench',
    hostname: '127.0.0.1',
    port: sshPort,
    username: sshd.username,
    sshKeyPath: sshd.clientKey,
  });
  const { tunnel } = await window.peer.request('connections/connect', { connectionId });
  if (tunnel.state !== 'open') throw new Error('The tunnel is not open.');
  return {
    name: 'ours',
    port: tunnel.localPort,
    pid: await window.enginePid(),
    async uploadFile(local, remoteFolder) {
      const request = {
        ...{ connectionId, direction: 'upload' as const, sources: [local], destination: remoteFolder },
        onConflict: 'overwrite' as const,
      };
      const { transferId } = await window.peer.request('transfers/start', request);
      const { problems } = await window.peer.request('transfers/wait', { transferId });
      if (problems.length > 0) throw new Error(problems.join(' '));
    },
    async stop() {
      await window.endEngine();
      storage.remove();
    },
  };
}

/** `ssh -L`, with OpenSSH's default cipher. */
export async function startSsh(sshd: Sshd, sshPort: number, remotePort: number): Promise<Route> {
  const port = await freePort();
  const child: ChildProcess = spawn(
    'ssh',
    [
      ...['-F', 'none', '-N', '-i', sshd.clientKey, '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=no'],
      ...['-o', `UserKnownHostsFile=${join(sshd.folder, 'bench_known_hosts')}`, '-o', 'LogLevel=ERROR'],
      ...['-L', `127.0.0.1:${port}:127.0.0.1:${remotePort}`, '-p', String(sshPort), `${sshd.username}@127.0.0.1`],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error('ssh has ended.');
    await new Promise(done => setTimeout(done, 50));
  }
  return {
    name: 'ssh',
    port,
    pid: child.pid ?? 0,
    async uploadFile(local, remoteFolder) {
      const scp = spawn(
        'scp',
        [
          ...['-F', 'none', '-q', '-i', sshd.clientKey, '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=no'],
          ...['-o', `UserKnownHostsFile=${join(sshd.folder, 'bench_known_hosts')}`, '-P', String(sshPort)],
          ...[local, `${sshd.username}@127.0.0.1:${remoteFolder}/`],
        ],
        { stdio: ['ignore', 'ignore', 'inherit'] },
      );
      const [code] = (await once(scp, 'exit')) as [number | null];
      if (code !== 0) throw new Error('scp has failed.');
    },
    async stop() {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise(done => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      done(true);
    });
    socket.on('error', () => done(false));
  });
}
