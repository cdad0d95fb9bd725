import { randomBytes } from 'node:crypto';
import type { Adoptable, Job, JobUsage, LogChunk } from '../../shared/jobs.js';
import { SparkError } from '../../shared/errors.js';
import type { Clock } from '../base/clock.js';
import type { Disposable } from '../base/disposable.js';
import { printable } from '../base/remoteText.js';
import type { MachineHook } from '../notify/machineHook.js';
import type { Run, RunResult } from '../ssh/run.js';
import type { SshSession } from '../ssh/types.js';
import { ADOPTABLE, readAdoptable } from './adoption.js';
import { type JobReport, readReport } from './report.js';
import { exportsOf, prepareLaunch, type Quote } from './runners.js';
import { CHILD, ENDER, LAUNCH, LOOK, READ_LOG, READ_USAGE, REMOVE, STOP, SUPERVISOR } from './scripts.js';
import { readUsage } from './usage.js';

const TIMEOUT_MS = 60_000;
const MAX_BYTES = 4 * 1024 * 1024;
/** Between the polite signal and the one that nothing withstands. */
export const GRACE_SECONDS = 10;

export interface RemoteTools {
  readonly run: Run;
  readonly quote: Quote;
  readonly clock: Clock;
}

/** Jobs on one machine, through a session with it. Everything rejects with the reason when the link goes away. */
export class RemoteJobs {
  constructor(
    readonly session: SshSession,
    private readonly tools: RemoteTools,
  ) {}

  /** Starts this run of a job, unless it was started already. Rejects with `launchFailed`. */
  async launch(job: Job, secrets: Readonly<Record<string, string>>, hook: MachineHook | undefined): Promise<void> {
    const { quote } = this.tools;
    const { command, env, container } = prepareLaunch(job, quote);
    const parts = [
      SUPERVISOR,
      CHILD,
      ENDER,
      command,
      exportsOf(env, quote),
      exportsOf(secrets, quote),
      container ?? '',
      ...[hook?.config ?? '', hook?.completed ?? '', hook?.failed ?? ''],
    ];
    const input = [...parts.map(text => Buffer.from(text).toString('base64')), 'end', ''].join('\n');
    const seconds = (job.config.timeLimitMinutes ?? 0) * 60;
    const words = [job.id, String(job.run), job.config.folder, String(seconds), String(GRACE_SECONDS)];
    const result = await this.run(LAUNCH, words, input);
    if (result.code === 0) return;
    throw new SparkError({
      code: 'launchFailed',
      message: launchProblem(result),
      hint: LAUNCH_HINTS[result.code ?? 0],
    });
  }

  /** How jobs are, with one program for all of them. */
  async look(ids: readonly string[]): Promise<Map<string, JobReport>> {
    const marker = newMarker();
    const { stdout } = await this.run(LOOK, [marker, 'once'], listOf(ids));
    const reports = new Map<string, JobReport>();
    let whole = false;
    for (const line of stdout.split('\n')) {
      const report = readReport(line, marker);
      if (report) reports.set(report.id, report);
      if (line.trim() === `${marker} done`) whole = true;
    }
    if (whole) return reports;
    throw new SparkError({ code: 'remoteCommandFailed', message: 'The machine did not say how its jobs are.' });
  }

  /** Follows jobs until disposed; `onEnd` is called when it cannot any more. */
  async watch(ids: readonly string[], onReport: (report: JobReport) => void, onEnd: () => void): Promise<Disposable> {
    const marker = newMarker();
    const remote = await this.session.spawn(['sh', '-c', LOOK, 'dgx-spark-jobs', marker, 'watch']);
    let rest = '';
    let over = false;
    remote.stream.on('data', (chunk: Buffer) => {
      rest += chunk.toString('latin1');
      const lines = rest.split('\n');
      rest = (lines.pop() ?? '').slice(-4096);
      for (const line of lines) {
        const report = readReport(line, marker);
        if (report && !over) onReport(report);
      }
    });
    remote.stream.on('error', () => undefined);
    remote.stderr.on('error', () => undefined);
    remote.stderr.resume();
    const ended = () => {
      if (!over) onEnd();
      over = true;
    };
    remote.exited.then(ended, ended);
    remote.stream.end(listOf(ids));
    return {
      dispose: () => {
        over = true;
        remote.dispose();
      },
    };
  }

  /** Asks for the end of this run of a job. */
  async stop(job: Job): Promise<void> {
    const result = await this.run(STOP, [job.id, String(job.run), String(GRACE_SECONDS)]);
    if (result.code === 0) return;
    const said = printable(result.stderr);
    throw new SparkError({ code: 'remoteCommandFailed', message: `The job could not be stopped. ${said}`.trim() });
  }

  /** Removes what a job has left on the machine. */
  async remove(id: string): Promise<void> {
    const result = await this.run(REMOVE, [id]);
    if (result.code === 0) return;
    const said = printable(result.stderr);
    throw new SparkError({ code: 'remoteCommandFailed', message: `Its folder could not be removed. ${said}`.trim() });
  }

  /** A piece of a log, the last one where no offset is given. Rejects with `notFound` where there is none. */
  async readLog(id: string, offset: number | undefined, length: number): Promise<LogChunk> {
    return await this.readFile('log', id, offset, length);
  }

  /** A piece of the file of figures that a job writes itself. Rejects with `notFound` where there is none. */
  async readFigures(id: string, offset: number, length: number): Promise<LogChunk> {
    return await this.readFile('figures', id, offset, length);
  }

  /** What runs on the machine and could become a job. */
  async adoptable(): Promise<Adoptable[]> {
    const marker = newMarker();
    const { stdout } = await this.run(ADOPTABLE, [marker]);
    return readAdoptable(stdout, marker);
  }

  /** What was recorded of the machine while a job ran, by its own clock; empty where nothing was. */
  async readUsage(id: string): Promise<JobUsage[]> {
    return (await this.readRecorded(id)).usage;
  }

  /** The same, with what its clock differs by. */
  async readRecorded(id: string): Promise<{ usage: JobUsage[]; offsetMs: number }> {
    const marker = newMarker();
    const { stdout } = await this.run(READ_USAGE, [marker, id]);
    const text = stdout.split(`\n${marker}\n`)[1] ?? '';
    const machineNow = /^(\d{1,12})\n/.exec(text)?.[1];
    const offsetMs = machineNow === undefined ? 0 : this.tools.clock.now() - Number(machineNow) * 1000;
    return { usage: readUsage(text), offsetMs };
  }

  private async readFile(
    kind: 'log' | 'figures',
    id: string,
    offset: number | undefined,
    length: number,
  ): Promise<LogChunk> {
    const marker = newMarker();
    const { stdout } = await this.run(READ_LOG, [
      marker,
      id,
      offset === undefined ? '-' : String(offset),
      String(length),
      kind,
    ]);
    const [, size, inode, at, data = ''] =
      new RegExp(`^${marker} (\\d{1,15}) (\\d{1,20}) (\\d{1,15})\\n([A-Za-z0-9+/=]*)`, 'm').exec(stdout) ?? [];
    if (size === undefined || inode === undefined)
      throw new SparkError({ code: 'notFound', message: `The machine holds no ${kind} of this job.` });
    return { data, offset: Number(at), size: Number(size), generation: inode };
  }

  private async run(script: string, words: readonly string[], input = ''): Promise<RunResult> {
    const { run, clock } = this.tools;
    const argv = ['sh', '-c', script, 'dgx-spark-jobs', ...words];
    return await run(this.session, argv, { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, input, clock });
  }
}

const LAUNCH_HINTS: Readonly<Record<number, string | undefined>> = {
  4: 'Make sure that the home folder on the machine can be written to.',
  5: 'There may be no space left on the machine.',
  6: 'Install util-linux and coreutils on the machine.',
  7: 'Install curl there, or have this computer post the end of the job.',
  8: 'Start it again.',
};

function launchProblem({ code, stderr }: RunResult): string {
  if (code === 3) return 'The job did not reach the machine whole.';
  if (code === 4) return 'The folder ~/.dgx-spark/jobs cannot be made on the machine.';
  if (code === 6) return 'The machine lacks setsid or base64, which jobs need.';
  if (code === 7) return 'The machine lacks curl, which it needs to post the end of the job.';
  if (code === 8) return 'The launcher on the machine was ended before the job began.';
  return `The job could not be started. ${printable(stderr)}`.trim();
}

function newMarker(): string {
  return randomBytes(16).toString('hex');
}

function listOf(ids: readonly string[]): string {
  return [...ids, 'end', ''].join('\n');
}
