import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import type { ConnectionView } from '../../shared/connection.js';
import {
  type Adoptable,
  type adoptionSchema,
  isActive,
  isAdopted,
  type Job,
  type JobChanges,
  jobConfigSchema,
  type JobData,
  type JobPoint,
  type JobUsage,
  type LogChunk,
  type MemoryNeed,
  type Runner,
} from '../../shared/jobs.js';
import { SparkError } from '../../shared/errors.js';
import type { Clock } from '../base/clock.js';
import { type Disposable, DisposableStore } from '../base/disposable.js';
import { Emitter, type Event } from '../base/emitter.js';
import type { Logger } from '../base/logger.js';
import type { Recorded } from '../metrics/pastSamples.js';
import type { MachineHook } from '../notify/machineHook.js';
import { Secret } from '../base/secret.js';
import type { Keychain } from '../server/keychain.js';
import type { Run } from '../ssh/run.js';
import type { SshSession } from '../ssh/types.js';
import type { JobRepository } from '../store/types.js';
import { JobBook } from './jobBook.js';
import { MachineJobs } from './machineJobs.js';
import { RemoteJobs } from './remoteJobs.js';
import type { Quote } from './runners.js';

const GIB = 1024 ** 3;
/** Who was away for less has missed no more than one of the samples that a launcher takes. */
const AWAY_MS = 60_000;

export interface JobServiceOptions {
  readonly repository: JobRepository;
  readonly keychain: Keychain;
  readonly session: (connectionId: string) => SshSession | undefined;
  /** Told that something has been done through a connection. */
  readonly used: (connectionId: string) => void;
  /** What lets a machine post the end of a job by itself; undefined where it is not to. */
  readonly hook: (job: Job) => Promise<MachineHook | undefined>;
  /** Told what a machine has recorded while nobody was connected. */
  readonly recorded: (connectionId: string, recorded: Recorded) => void;
  readonly run: Run;
  readonly quote: Quote;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The training jobs of all connections. They run on by themselves; this knows of them, starts and stops them. */
export class JobService implements Disposable {
  private readonly held = new DisposableStore();
  private readonly grew = this.held.add(new Emitter<{ jobId: string; size: number }>());
  private readonly book: JobBook;
  private readonly machines = new Map<string, MachineJobs>();
  /** When the last session with a machine had ended. */
  private readonly leftAt = new Map<string, number>();
  /** GPUs of each machine, as they were counted last. */
  private readonly gpus = new Map<string, number>();

  /** Fires with all jobs. */
  readonly onDidChange: Event<readonly Job[]>;
  /** Fires when the log of a job that is followed has grown. */
  readonly onDidGrow: Event<{ jobId: string; size: number }> = this.grew.event;

  constructor(private readonly options: JobServiceOptions) {
    this.book = this.held.add(new JobBook(options.repository));
    this.onDidChange = this.book.onDidChange;
  }

  list(of: { connectionId?: string | undefined; projectId?: string | undefined } = {}): Job[] {
    return this.book.all.filter(
      job =>
        (of.connectionId === undefined || job.connectionId === of.connectionId) &&
        (of.projectId === undefined || job.projectId === of.projectId),
    );
  }

  /** Throws `notFound`. */
  get(jobId: string): Job {
    return this.book.get(jobId);
  }

  /** Follows the jobs of what is connected now: all are looked at again after every reconnect. */
  follow(connections: readonly ConnectionView[]): void {
    this.book.keepOnly(new Set(connections.map(({ id }) => id)));
    for (const [id, machine] of this.machines)
      if (machine.session !== this.sessionOf(id, connections)) {
        machine.dispose();
        this.machines.delete(id);
        this.leftAt.set(id, this.options.clock.now());
      }
    for (const { id } of connections) {
      const session = this.sessionOf(id, connections);
      if (session && !this.machines.has(id)) this.machines.set(id, this.machine(id, session));
    }
  }

  /** Told how many GPUs a machine has: so many jobs may run there at once. */
  readonly gpusAre = (connectionId: string, count: number): void => {
    // none are listed while the driver does not answer
    if (count === 0 || this.gpus.get(connectionId) === count) return;
    this.gpus.set(connectionId, count);
    void this.machines.get(connectionId)?.advance();
  };

  /** To be called when something else may have deleted jobs. */
  refresh(): void {
    this.book.dropDeleted();
  }

  async create(data: JobData): Promise<Job> {
    const job: Job = {
      ...{ id: randomUUID(), connectionId: data.connectionId, projectId: data.projectId },
      ...{ name: data.name, modelName: data.modelName === '' ? null : data.modelName },
      ...{ status: 'pending', config: data.config, metrics: null, containerId: null },
      ...{ startedAt: null, completedAt: null, createdAt: this.options.clock.now() },
      ...{ run: 0, queuedAt: null, exitCode: null, reason: null, told: true, sent: true },
    };
    this.checkAfter(job);
    return await this.book.put(job);
  }

  async update(jobId: string, changes: JobChanges): Promise<Job> {
    const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
    const before = this.atRest(jobId, 'changed');
    if (isAdopted(before) && changes.config) throw adoptedOnce(before);
    const job: Job = { ...before, ...given };
    this.checkAfter(job);
    return await this.book.put(job);
  }

  async duplicate(jobId: string): Promise<Job> {
    const original = this.get(jobId);
    if (isAdopted(original)) throw adoptedOnce(original);
    const { connectionId, projectId, name, modelName, config } = original;
    const copy = `${name.replace(/ \(copy(?: \d+)?\)$/, '').slice(0, 100)} (copy)`;
    return await this.create({ connectionId, projectId, name: copy, modelName, config });
  }

  async adoptable(connectionId: string): Promise<Adoptable[]> {
    return await this.machineOf({ connectionId }).remote.adoptable();
  }

  /** Makes a job of something that was started by hand. Rejects with `notFound` when it does not run (any more). */
  async adopt(adoption: v.InferOutput<typeof adoptionSchema>): Promise<Job> {
    const { connectionId, name } = adoption;
    const found = (await this.adoptable(connectionId)).find(one =>
      'pid' in adoption
        ? one.kind === 'process' && one.pid === adoption.pid
        : one.kind === 'container' && one.name === adoption.container,
    );
    if (!found)
      throw new SparkError({
        code: 'notFound',
        message: 'pid' in adoption ? 'No such program of yours runs there.' : 'No such container runs there.',
        hint: 'It may have ended meanwhile.',
      });
    const isProcess = found.kind === 'process';
    const command = isProcess ? found.command : `docker logs -f ${found.name}`;
    const runner: Runner = isProcess
      ? { kind: 'adoptedProcess', pid: found.pid, start: found.start }
      : { kind: 'adoptedContainer', container: found.name };
    const config = v.parse(jobConfigSchema, { command, runner });
    const shown = name ?? (isProcess ? `${command.slice(0, 60)} (${found.pid})` : found.name);
    const job = await this.create({ connectionId, projectId: null, name: shown, modelName: null, config });
    return await this.start(job.id);
  }

  /** Starts it or puts it into the queue; one that runs or waits is left as it is. */
  async start(jobId: string): Promise<Job> {
    const job = this.get(jobId);
    const machine = this.machineOf(job);
    if (isAdopted(job) && job.run > 0 && !isActive(job.status)) throw adoptedOnce(job);
    if (!isActive(job.status) && job.status !== 'queued') {
      const missing = await this.missingSecrets(jobId);
      if (missing.length > 0)
        throw new SparkError({
          code: 'secretMissing',
          message: `${missing.join(', ')} ${missing.length === 1 ? 'has' : 'have'} no value in the keychain yet.`,
          hint: 'Enter it, then start the job again.',
        });
      await this.book.enqueue(jobId, this.options.clock.now());
    }
    this.options.used(job.connectionId);
    await machine.advance();
    return this.get(jobId);
  }

  async stop(jobId: string): Promise<Job> {
    const job = this.get(jobId);
    if (job.status === 'queued')
      return await this.book.put({ ...job, status: 'stopped', queuedAt: null, reason: 'It was taken from the queue.' });
    if (!isActive(job.status)) return job;
    this.options.used(job.connectionId);
    await this.machineOf(job).stop(job);
    return this.get(jobId);
  }

  async delete(jobId: string, remoteFiles: boolean): Promise<void> {
    const job = this.atRest(jobId, 'deleted');
    if (remoteFiles && job.run > 0) await this.machineOf(job).remote.remove(jobId);
    await this.book.delete(jobId);
  }

  /** True for the one who is first to say so. */
  async markTold(jobId: string): Promise<boolean> {
    const job = this.get(jobId);
    if (job.told) return false;
    await this.book.put({ ...job, told: true });
    return true;
  }

  /** The end of this run needs no message outside of the editor any more. */
  readonly markSent = async (jobId: string, run: number): Promise<void> => {
    if (this.book.find(jobId)?.run === run) await this.book.note(jobId, { sent: true });
  };

  /** The last bytes of a log. */
  readonly tail = async (jobId: string, bytes: number): Promise<Buffer> =>
    Buffer.from((await this.readLog(jobId, undefined, bytes)).data, 'base64');

  async missingSecrets(jobId: string): Promise<string[]> {
    const missing: string[] = [];
    for (const name of this.get(jobId).config.secrets)
      if ((await this.options.keychain.get(secretKey(name))) === undefined) missing.push(name);
    return missing;
  }

  async setSecret(name: string, value: string): Promise<void> {
    await this.options.keychain.store(secretKey(name), new Secret(value));
  }

  /** Of all jobs; those that run keep what they were given. */
  async forgetSecrets(): Promise<void> {
    const names = new Set(this.book.all.flatMap(({ config }) => config.secrets));
    for (const name of names) await this.options.keychain.delete(secretKey(name));
  }

  async readLog(jobId: string, offset: number | undefined, length: number): Promise<LogChunk> {
    const job = this.get(jobId);
    return await this.machineOf(job).remote.readLog(jobId, offset, length);
  }

  /** What the log has told so far. */
  async points(jobId: string): Promise<JobPoint[]> {
    const job = this.get(jobId);
    if (job.run === 0) return [];
    return [...(await this.machineOf(job).points(job))];
  }

  /** What was recorded of the machine while it ran last. */
  async usage(jobId: string): Promise<JobUsage[]> {
    const job = this.get(jobId);
    return job.run === 0 ? [] : await this.machineOf(job).remote.readUsage(jobId);
  }

  /** What it said it needs, else by how much the memory of the machine shrank while it ran last. */
  async memoryNeed(jobId: string): Promise<MemoryNeed> {
    const job = this.get(jobId);
    const { memoryGib } = job.config;
    if (memoryGib !== null) return { bytes: memoryGib * GIB, basis: 'said' };
    const bytes = job.run > 0 ? memoryUsed(await this.usage(jobId)) : null;
    return bytes === null ? { bytes, basis: 'unknown' } : { bytes, basis: 'lastRun' };
  }

  dispose(): void {
    for (const machine of this.machines.values()) machine.dispose();
    this.machines.clear();
    this.held.dispose();
  }

  private machine(connectionId: string, session: SshSession): MachineJobs {
    const { run, quote, clock, log, keychain, hook, recorded } = this.options;
    const wasAway = clock.now() - (this.leftAt.get(connectionId) ?? -Infinity) > AWAY_MS;
    return new MachineJobs(connectionId, {
      remote: new RemoteJobs(session, { run, quote, clock }),
      ...{ book: this.book, clock, log, hook },
      places: () => this.gpus.get(connectionId) ?? 1,
      secrets: async names => {
        const found = await Promise.all(names.map(async name => [name, await keychain.get(secretKey(name))] as const));
        return Object.fromEntries(found.flatMap(([name, value]) => (value ? [[name, value.reveal()]] : [])));
      },
      onRecorded: wasAway ? found => recorded(connectionId, found) : undefined,
      onGrow: (jobId, size) => this.grew.fire({ jobId, size }),
    });
  }

  private machineOf({ connectionId }: Pick<Job, 'connectionId'>): MachineJobs {
    const machine = this.machines.get(connectionId);
    if (machine) return machine;
    throw new SparkError({
      code: 'notConnected',
      message: 'The machine of this job is not connected.',
      hint: 'Connect first. What runs there goes on meanwhile.',
    });
  }

  private sessionOf(id: string, connections: readonly ConnectionView[]): SshSession | undefined {
    const isUp = connections.some(one => one.id === id && one.status.state === 'connected');
    return isUp ? this.options.session(id) : undefined;
  }

  private atRest(jobId: string, what: string): Job {
    const job = this.get(jobId);
    if (!isActive(job.status) && job.status !== 'queued') return job;
    throw new SparkError({
      code: 'jobRuns',
      message: `"${job.name}" cannot be ${what} while it runs or waits for its turn.`,
      hint: 'Stop it first.',
    });
  }

  /** It waits for a job of the same machine, and not in a circle. */
  private checkAfter(job: Job): void {
    let next = job.config.after;
    for (let depth = 0; next !== null; depth += 1) {
      const other = this.book.find(next);
      if (next === job.id || depth > 1000 || (depth === 0 && other?.connectionId !== job.connectionId))
        throw new SparkError({
          code: 'invalidInput',
          message: other ? 'A job cannot wait for itself.' : 'The job that it is to start after is not saved any more.',
          field: 'after',
        });
      next = other?.config.after ?? null;
    }
  }
}

/** Bytes between the most and the least that was available, null where nothing was recorded. */
function memoryUsed(usage: readonly JobUsage[]): number | null {
  const available = usage.flatMap(({ memAvailableKiB }) => (memAvailableKiB === null ? [] : [memAvailableKiB]));
  if (available.length < 2) return null;
  const least = available.reduce((one, other) => Math.min(one, other));
  return ((available[0] ?? least) - least) * 1024;
}

function adoptedOnce({ name }: Job): SparkError {
  return new SparkError({
    code: 'invalidInput',
    message: `"${name}" was started by hand and only watched from here.`,
    hint: 'Start it there again and adopt it, or make a job with its command.',
  });
}

function secretKey(name: string): string {
  return `job-secret:${name}`;
}
