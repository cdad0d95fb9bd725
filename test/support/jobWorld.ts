import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job, JobInput } from '../../src/shared/jobs.js';
import { type Sshd, startSshd } from './sshd.js';
import { newStorage, TestWindow } from './window.js';

export interface JobWorldOptions {
  /** Folders of programs that the machine has beside the system's. */
  readonly programs?: readonly string[];
  /** The waits of the launcher pass fast. */
  readonly hastens?: boolean;
  /** Tells the port to which the engine is to connect; by default the server's own. */
  readonly route?: (port: number) => Promise<number>;
  readonly settings?: Parameters<typeof TestWindow.open>[0]['settings'];
}

export type NewJob = Partial<JobInput['config']> & Partial<Pick<JobInput, 'name' | 'modelName'>>;

/** An engine as it ships, connected to a real sshd, and what tests of jobs do with it. */
export class JobWorld {
  /** Another one after a {@link killEngine}. */
  window!: TestWindow;
  connectionId = '';
  readonly secrets = new Map<string, string>();
  private readonly storage = newStorage();
  private readonly homeBefore = process.env['HOME'];

  private constructor(
    readonly sshd: Sshd,
    private readonly programs: string,
    private readonly settings: JobWorldOptions['settings'],
  ) {}

  static async start({ programs = [], hastens, route, settings }: JobWorldOptions = {}): Promise<JobWorld> {
    const own = mkdtempSync(join(tmpdir(), 'programs-'));
    if (hastens) hasten(own);
    const path = [own, ...programs, '/usr/local/bin', '/usr/bin', '/bin'].join(':');
    const world = new JobWorld(await startSshd({ path }), own, settings);
    const { sshd } = world;
    // the engine, a child of this process, finds known_hosts there
    process.env['HOME'] = sshd.home;
    const port = (await route?.(sshd.port)) ?? sshd.port;
    sshd.trust();
    await world.openWindow();
    const { id } = await world.window.peer.request('connections/create', {
      ...{ name: 'real', hostname: '127.0.0.1', port, username: sshd.username, sshKeyPath: sshd.clientKey },
    });
    world.connectionId = id;
    await world.window.peer.request('connections/connect', { connectionId: id });
    return world;
  }

  folderOf(jobId: string): string {
    return join(this.sshd.folder, 'session-home', '.dgx-spark', 'jobs', jobId);
  }

  textOf(jobId: string, name: string): string {
    return readFileSync(join(this.folderOf(jobId), name), 'utf8');
  }

  async create(command: string, { name = 'a job', modelName = null, ...config }: NewJob = {}): Promise<Job> {
    const { connectionId } = this;
    return await this.window.peer.request('jobs/create', {
      ...{ connectionId, name, modelName, config: { command, ...config } },
    });
  }

  async start({ id: jobId }: Pick<Job, 'id'>): Promise<Job> {
    return await this.window.peer.request('jobs/start', { jobId });
  }

  async stop({ id: jobId }: Pick<Job, 'id'>): Promise<Job> {
    return await this.window.peer.request('jobs/stop', { jobId });
  }

  async reach({ id: jobId }: Pick<Job, 'id'>, ...statuses: Job['status'][]): Promise<Job> {
    return await this.window.until(`a job that is ${statuses.join(' or ')}`, ({ jobs }) =>
      jobs.find(({ id, status }) => id === jobId && statuses.includes(status)),
    );
  }

  async end(job: Pick<Job, 'id'>): Promise<Job> {
    return await this.reach(job, 'completed', 'failed', 'stopped', 'lost');
  }

  async finish(command: string, more: NewJob = {}): Promise<Job> {
    const job = await this.create(command, more);
    await this.start(job);
    return await this.end(job);
  }

  /** Everything that a job has printed, as windows read it. */
  async readLog({ id: jobId }: Pick<Job, 'id'>): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let offset = 0; ;) {
      const { data, size } = await this.window.peer.request('jobs/readLog', { jobId, offset });
      const piece = Buffer.from(data, 'base64');
      pieces.push(piece);
      offset += piece.length;
      if (piece.length === 0 || offset >= size) return Buffer.concat(pieces);
    }
  }

  /** Cuts the link and waits until it is up again. */
  async cutLink(): Promise<void> {
    const status = () => this.window.connection(this.connectionId)?.status;
    const since = status()?.since ?? 0;
    this.sshd.cutSessions();
    await this.window.until('the link', () => status()?.state === 'connected' && (status()?.since ?? 0) > since);
  }

  /** The engine ends as if its computer had lost its power; another takes its place. */
  async killEngine(): Promise<void> {
    const before = this.window;
    const pid = await before.enginePid();
    process.kill(pid, 'SIGKILL');
    await before.until('the loss', ({ peer }) => peer.closed.aborted);
    before.close();
    await this.openWindow();
  }

  async close(): Promise<void> {
    await this.window.endEngine();
    await this.sshd.stop();
    this.storage.remove();
    rmSync(this.programs, { recursive: true });
    process.env['HOME'] = this.homeBefore;
  }

  private async openWindow(): Promise<void> {
    this.window = await TestWindow.open({
      storage: this.storage.folder,
      secrets: this.secrets,
      // where it does not connect to the server itself, but to what stands before it
      answer: question => (question.kind === 'hostKey' ? { kind: 'yes' } : { kind: 'cancelled' }),
      settings: { pollIntervalSeconds: 60, keepaliveSeconds: 1, ...this.settings },
    });
    const { window } = this;
    const jobs = await window.peer.request('jobs/list', {});
    // else it has been told of newer ones
    if (window.jobs.length === 0) window.jobs = jobs;
  }
}

/** Puts a `sleep` there that takes a part of the waits of the launcher and of those who look, and all of any other's. */
function hasten(folder: string): void {
  const file = join(folder, 'sleep');
  writeFileSync(file, '#!/bin/sh\ncase $1 in 1 | 5) set -- 0.05 ;; esac\nexec /bin/sleep "$@"\n');
  chmodSync(file, 0o755);
}
