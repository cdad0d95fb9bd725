import { type JobStatus } from '../../src/shared/jobs.js';

/** The word of each status; colour and icon only repeat it. */
export const JOB_WORDS: Readonly<Record<JobStatus, string>> = {
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

/** A figure of a training, short: 4 digits at most, or in powers of ten where it is very small. */
export function figure(value: number): string {
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential(1);
  return String(Number(value.toPrecision(4)));
}
