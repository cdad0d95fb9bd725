import { EventEmitter } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isActive, type Job } from '../../src/shared/jobs.js';
import { Publisher } from '../spark/smi/publisher.js';
import { JobWorld } from '../support/jobWorld.js';
import { freePort } from '../support/sshd.js';
import { untilEvent } from '../support/until.js';
import { Random } from './random.js';
import { Relay } from './relay.js';
import { randomJob, type StormJob } from './stormJob.js';

/** Between two starts, and between two faults that need not be over. */
const MOST_PAUSE_MS = { starts: 600, faults: 4_000 };
/** A link that is not back for so long does not come back. */
const LINK_LIMIT_MS = 90_000;
/** Jobs that take longer, in the mean and all faults included, hang. */
const MOST_MS_EACH = 10_000;
/** Every so many, the log of a job is followed. */
const FOLLOWS_EACH = 4;

const FAULTS = ['reset', 'refused', 'silent', 'serverKilled', 'engineKilled'] as const;
type Fault = (typeof FAULTS)[number];
const FAULT_NAMES: Record<Fault, string> = {
  reset: 'connection reset',
  refused: 'connection reset and new ones refused',
  silent: 'nothing got through for a while',
  serverKilled: "the server's processes of the session killed",
  engineKilled: 'engine killed',
};

export interface StormOptions {
  readonly seed: number;
  readonly jobs: number;
  readonly say: (line: string) => void;
}

export interface StormReport {
  readonly seed: number;
  readonly ms: number;
  readonly jobs: number;
  readonly faults: ReadonlyMap<Fault, number>;
  /** Starts that were asked for again, since the first time was not known to have counted. */
  readonly startsAgain: number;
  readonly bytes: number;
  readonly followed: number;
  /** What must not be; empty when all is well. */
  readonly wrong: readonly string[];
}

/** Starts jobs while the link is cut and the engine is killed at random moments, and tells what came of each. */
export async function runJobStorm(options: StormOptions): Promise<StormReport> {
  const folder = mkdtempSync(join(tmpdir(), 'storm-'));
  // eight GPUs: as many jobs run at once
  new Publisher(folder, 'h100x8');
  let relay: Relay | undefined;
  const world = await JobWorld.start({
    programs: [join(folder, 'bin')],
    route: async port => {
      relay = await Relay.start(await freePort(), port);
      return relay.port;
    },
    settings: { connectTimeoutSeconds: 5, pollIntervalSeconds: 1 },
  });
  try {
    return await new Storm(world, relay!, options).run();
  } catch (error) {
    throw new Error(`The storm with the seed ${options.seed} did not come to its end.`, { cause: error });
  } finally {
    await world.close();
    relay?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The report as text. */
export function printedStorm({ seed, ms, jobs, faults, startsAgain, bytes, followed, wrong }: StormReport): string {
  const lines: (readonly [string, string | number])[] = [
    ['jobs', jobs],
    ...FAULTS.map(fault => [FAULT_NAMES[fault], faults.get(fault) ?? 0] as const),
    ['starts that were asked for again', startsAgain],
    ['logs, all compared byte for byte', `${(bytes / 1e6).toFixed(1)} MB`],
    ['logs that were followed through it all', followed],
    ['wrong (must be 0)', wrong.length],
  ];
  return [
    `seed ${seed}, ${(ms / 60_000).toFixed(1)} minutes`,
    ...lines.map(([what, count]) => `${what.padEnd(56)} ${count}`),
    ...wrong.slice(0, 50),
  ].join('\n');
}

class Storm {
  private readonly happened = new EventEmitter();
  private readonly plans: { readonly id: string; readonly plan: StormJob }[] = [];
  private readonly followers = new Map<string, Follower>();
  private readonly faults = new Map<Fault, number>();
  private readonly begunAt = performance.now();
  private startsAgain = 0;
  private killing = false;
  private over = false;

  constructor(
    private readonly world: JobWorld,
    private readonly relay: Relay,
    private readonly options: StormOptions,
  ) {
    this.happened.setMaxListeners(0);
    this.listen();
  }

  async run(): Promise<StormReport> {
    const { seed, jobs } = this.options;
    const random = new Random(seed);
    for (let number = 0; number < jobs; number += 1) {
      const plan = randomJob(random, number);
      const { id } = await this.world.create(plan.command, { name: `storm ${number}` });
      this.plans.push({ id, plan });
      if (number % FOLLOWS_EACH === 0) this.followers.set(id, new Follower(id));
    }
    const faults = this.injectFaults(new Random(seed + 1));
    await this.startAll(new Random(seed + 2));
    await this.until('every job to end', () => this.hasEnded, jobs * MOST_MS_EACH + LINK_LIMIT_MS);
    this.over = true;
    this.say('all jobs have ended');
    await faults;
    this.say('all faults are over');
    const wrong = await this.verify();
    return {
      ...{ seed, ms: performance.now() - this.begunAt, jobs, faults: this.faults, startsAgain: this.startsAgain },
      bytes: this.plans.reduce((sum, { plan }) => sum + plan.log.length, 0),
      followed: this.followers.size,
      wrong,
    };
  }

  private get hasEnded(): boolean {
    return !this.killing && this.world.window.jobs.every(({ run, status }) => run > 0 && isOver(status));
  }

  private get isUp(): boolean {
    const { window, connectionId } = this.world;
    return !this.killing && window.connection(connectionId)?.status.state === 'connected';
  }

  private say(what: string): void {
    this.options.say(`${((performance.now() - this.begunAt) / 1000).toFixed(1).padStart(7)} s ${what}`);
  }

  private listen(): void {
    this.world.window.onEvent(() => {
      this.happened.emit('event');
      for (const [id, size] of this.world.window.logSizes)
        void this.followers
          .get(id)
          ?.catchUp(this.world, size)
          .catch(() => undefined);
    });
  }

  private async until(what: string, read: () => boolean, timeoutMs?: number): Promise<void> {
    await untilEvent(
      what,
      look => {
        this.happened.on('event', look);
        return () => this.happened.off('event', look);
      },
      read,
      timeoutMs,
    );
  }

  private async startAll(random: Random): Promise<void> {
    const starts: Promise<void>[] = [];
    for (const [number, { id }] of this.plans.entries()) {
      starts.push(this.begin(id));
      if (number % 20 === 19) this.say(`${number + 1} jobs are started`);
      await delay(random.between(0, MOST_PAUSE_MS.starts));
    }
    await Promise.all(starts);
  }

  /** As a user does: what does not show that it was started is started again. */
  private async begin(id: string): Promise<void> {
    for (;;) {
      const { window } = this.world;
      try {
        await window.peer.request('jobs/start', { jobId: id });
        return;
      } catch {
        this.startsAgain += 1;
      }
      await this.until('the link', () => this.isUp, LINK_LIMIT_MS);
      const job = await this.world.window.peer.request('jobs/get', { jobId: id }).catch(() => undefined);
      if (job && job.run > 0) return;
    }
  }

  private async injectFaults(random: Random): Promise<void> {
    while (!this.over) {
      const fault = random.pick(FAULTS);
      this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
      this.say(FAULT_NAMES[fault]);
      await this.inject(fault, random.between(100, 1_500));
      if (random.chance(0.75)) {
        await this.until('the link', () => this.isUp, LINK_LIMIT_MS);
        this.say(
          `the link is up; ${this.world.window.jobs.filter(({ run, status }) => run > 0 && isOver(status)).length} jobs have ended`,
        );
      }
      await delay(random.between(0, MOST_PAUSE_MS.faults));
    }
    await this.until('the link', () => this.isUp, LINK_LIMIT_MS);
  }

  private async inject(fault: Fault, ms: number): Promise<void> {
    const { relay, world } = this;
    switch (fault) {
      case 'reset':
        relay.reset();
        return;
      case 'refused':
        relay.refuse();
        relay.reset();
        await delay(ms);
        await relay.accept();
        return;
      case 'silent': {
        const release = relay.hold();
        await delay(2 * ms);
        release();
        return;
      }
      case 'serverKilled':
        world.sshd.cutSessions();
        return;
      case 'engineKilled':
        this.killing = true;
        await world.killEngine();
        this.listen();
        this.killing = false;
        this.happened.emit('event');
    }
  }

  private async verify(): Promise<string[]> {
    const { world } = this;
    const wrong: string[] = [];
    const runs = readFileSync(join(world.sshd.folder, 'session-home', 'runs'), 'utf8')
      .trim()
      .split('\n');
    for (const [number, { id, plan }] of this.plans.entries()) {
      const must = (what: string, is: unknown, expected: unknown) => {
        if (is !== expected) wrong.push(`job ${number} (${id}): ${what} ${String(is)}, expected ${String(expected)}`);
      };
      const job = await world.window.peer.request('jobs/get', { jobId: id });
      must('times that it ran:', runs.filter(line => line === String(number)).length, 1);
      must('run', job.run, 1);
      must(`(${job.reason ?? 'no reason'}) is`, job.status, plan.exitCode === 0 ? 'completed' : 'failed');
      must('exit code', job.exitCode, plan.exitCode);
      const same = (log: Buffer) => (log.equals(plan.log) ? 'is as it was printed' : `of ${log.length} bytes`);
      const onDisk = join(world.folderOf(id), 'log');
      must('its log', same(existsSync(onDisk) ? readFileSync(onDisk) : Buffer.alloc(0)), 'is as it was printed');
      must('its log, read,', same(await world.readLog(job)), 'is as it was printed');
      const follower = this.followers.get(id);
      if (follower) {
        await follower.catchUp(world, plan.log.length);
        must('its log, followed,', same(follower.text), 'is as it was printed');
      }
      const starts = readdirSync(world.folderOf(id)).filter(name => name.startsWith('started-'));
      must('starts on the machine:', starts.join(), 'started-1');
    }
    return wrong;
  }
}

/** Reads on in a log whenever it has grown, as a viewer does: from where it was, over lost links and engines. */
class Follower {
  private readonly pieces: Buffer[] = [];
  private offset = 0;
  private working: Promise<void> | undefined;

  constructor(private readonly jobId: string) {}

  get text(): Buffer {
    return Buffer.concat(this.pieces);
  }

  /** Rejects when the link goes away: the next call goes on from there. */
  async catchUp(world: JobWorld, size: number): Promise<void> {
    while (this.working) await this.working.catch(() => undefined);
    if (this.offset >= size) return;
    this.working = this.readOn(world).finally(() => (this.working = undefined));
    await this.working;
  }

  private async readOn({ window }: JobWorld): Promise<void> {
    const { jobId } = this;
    for (;;) {
      const { data, size } = await window.peer.request('jobs/readLog', { jobId, offset: this.offset });
      const piece = Buffer.from(data, 'base64');
      this.pieces.push(piece);
      this.offset += piece.length;
      if (piece.length === 0 || this.offset >= size) return;
    }
  }
}

function isOver(status: Job['status']): boolean {
  return !isActive(status) && status !== 'queued';
}
