import * as v from 'valibot';
import { isActive, isAdopted, type Job, type JobStatus } from '../../shared/jobs.js';
import { duration, timeAgo } from '../wording.js';

const rowSchema = v.object({ kind: v.literal('job'), jobId: v.string() });
/** A row of the jobs tree: says which job it shows, and holds nothing of it. */
export type JobRow = v.InferOutput<typeof rowSchema>;

/** The row that a menu handed to a command; undefined for anything else. */
export function asJobRow(argument: unknown): JobRow | undefined {
  const checked = v.safeParse(rowSchema, argument);
  return checked.success ? checked.output : undefined;
}

/** The word of each status; icon and colour only repeat it. */
export const JOB_STATUS_WORDS: Readonly<Record<JobStatus, string>> = {
  pending: 'Not started',
  queued: 'Queued',
  starting: 'Starting',
  running: 'Running',
  stopping: 'Stopping',
  completed: 'Completed',
  failed: 'Failed',
  stopped: 'Stopped',
  lost: 'Lost',
};

/** Codicon of each status, without the `$()`. */
export const JOB_STATUS_ICONS: Readonly<Record<JobStatus, string>> = {
  pending: 'circle-outline',
  queued: 'clock',
  starting: 'loading~spin',
  running: 'run-all',
  stopping: 'loading~spin',
  completed: 'pass',
  failed: 'error',
  stopped: 'debug-stop',
  lost: 'question',
};

/** What a row shows, in words. */
export interface JobText {
  readonly label: string;
  readonly description: string;
  /** Tokens for `when` clauses: the kind, then what can be done with it. */
  readonly contextValue: string;
  readonly spoken: string;
}

/** @param connection its name, where there are several */
export function jobText(job: Job, connection: string | undefined, now: number): JobText {
  const words = [
    JOB_STATUS_WORDS[job.status],
    ...progress(job, now),
    ...(connection === undefined ? [] : [connection]),
  ];
  return {
    label: job.name,
    description: words.join(' · '),
    contextValue: ['job', doing(job), job.status, ...(job.run > 0 ? ['ran'] : [])].join(';'),
    spoken: [job.name, ...words].join(', '),
  };
}

function doing(job: Job): string {
  if (isUnderWay(job)) return 'underWay';
  return isAdopted(job) ? 'adopted' : 'atRest';
}

/** It runs, or waits to. */
export function isUnderWay({ status }: Job): boolean {
  return isActive(status) || status === 'queued';
}

/** Facts about a job for a tooltip; the texts may hold anything. */
export function jobFacts(job: Job, now: number): [string, string][] {
  const facts: [string, string][] = [['Status', JOB_STATUS_WORDS[job.status]]];
  if (job.reason !== null) facts.push(['Reason', job.reason]);
  if (job.modelName !== null) facts.push(['Model', job.modelName]);
  facts.push([
    'Command',
    job.config.command.length > 300 ? `${job.config.command.slice(0, 300)}…` : job.config.command,
  ]);
  if (job.startedAt !== null) facts.push(['Started', timeAgo(job.startedAt, now)]);
  if (job.startedAt !== null && job.completedAt !== null)
    facts.push(['Took', duration(job.completedAt - job.startedAt)]);
  if (typeof job.metrics?.loss === 'number') facts.push(['Loss', String(job.metrics.loss)]);
  return facts;
}

function progress({ status, metrics, startedAt, completedAt }: Job, now: number): string[] {
  const words: string[] = [];
  if (isActive(status) && typeof metrics?.step === 'number' && metrics.steps !== null && metrics.steps > 0)
    words.push(`${Math.min(100, Math.floor((metrics.step / metrics.steps) * 100))} %`);
  if (typeof metrics?.loss === 'number') words.push(`loss ${metrics.loss.toPrecision(3)}`);
  if (status === 'running' && typeof metrics?.secondsLeft === 'number')
    words.push(`${duration(metrics.secondsLeft * 1000)} left`);
  if (completedAt !== null) words.push(timeAgo(completedAt, now));
  else if (isActive(status) && startedAt !== null && words.length === 0) words.push(duration(now - startedAt));
  return words;
}
