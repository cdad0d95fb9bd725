import { CircleCheck, CircleDashed, CircleHelp, CircleX, Clock, LoaderCircle, Play, Square } from 'lucide-preact';
import { isActive, isAdopted, type Job, type JobStatus } from '../../src/shared/jobs.js';
import { minute } from '../state/clock.js';
import { usePanel } from '../state/context.js';
import { JOB_WORDS } from '../text/jobs.js';
import { span, timeAgo } from '../text/time.js';
import { Button } from '../ui/button.js';
import { Icon } from '../ui/icon.js';
import { Banner } from '../ui/messages.js';

const ICONS = {
  pending: CircleDashed,
  queued: Clock,
  starting: LoaderCircle,
  running: Play,
  stopping: LoaderCircle,
  completed: CircleCheck,
  failed: CircleX,
  stopped: Square,
  lost: CircleHelp,
} as const satisfies Readonly<Record<JobStatus, unknown>>;

/** Icon and word of a status. */
export function JobState({ status }: { status: JobStatus }) {
  return (
    <span class="job-state" data-status={status}>
      <Icon of={ICONS[status]} />
      <span>{JOB_WORDS[status]}</span>
    </span>
  );
}

/** How far it is, where its log tells: a bar and what it stands for. */
export function JobProgress({ job }: { job: Job }) {
  const { step, steps, secondsLeft } = job.metrics ?? { step: null, steps: null, secondsLeft: null };
  if (!isActive(job.status) || step === null || steps === null || steps <= 0) return null;
  const done = Math.max(0, Math.min(100, Math.floor((step / steps) * 100)));
  const left = secondsLeft === null ? '' : `, about ${span(secondsLeft * 1000)} left`;
  const words = `Step ${step} of ${steps}${left}`;
  return (
    <div class="job-progress">
      <progress class="job-progress__bar" max={100} value={done} aria-label={`${done} %: ${words}`} />
      <span class="secondary numbers">
        {done} % · {words}
      </span>
    </div>
  );
}

/** When it ran, in words. */
export function jobTimes(job: Job): string {
  const now = minute.value;
  if (job.startedAt === null) return `Created ${timeAgo(job.createdAt, now)}`;
  if (job.completedAt === null) return `Started ${timeAgo(job.startedAt, now)}`;
  return `Ended ${timeAgo(job.completedAt, now)}, took ${span(job.completedAt - job.startedAt)}`;
}

/** Starts or stops it, whichever makes sense. */
export function StartStop({ job, primary }: { job: Job; primary?: boolean }) {
  const { jobs } = usePanel();
  if (isActive(job.status) || job.status === 'queued')
    return (
      <Button
        icon={Square}
        label={`Stop ${job.name}`}
        disabled={job.status === 'stopping'}
        onClick={() => jobs.stop(job.id)}
      >
        Stop
      </Button>
    );
  if (isAdopted(job)) return null;
  return (
    <Button
      kind={primary ? 'primary' : 'secondary'}
      icon={Play}
      label={`Start ${job.name}`}
      onClick={() => jobs.start(job.id)}
    >
      {job.run > 0 ? 'Start again' : 'Start'}
    </Button>
  );
}

/** What went wrong with the last thing that was asked for. */
export function JobTrouble() {
  const failure = usePanel().store.jobFailure.value;
  return failure && <Banner tone="error" message={failure.message} hint={failure.hint} />;
}
