import { type Job } from '../../src/shared/jobs.js';
import { usePanel } from '../state/context.js';
import { fullDate } from '../text/time.js';

/** More are not named. */
const MOST_NAMED = 8;

/** A job while it ran. */
export interface JobRun {
  readonly id: string;
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly goesOn: boolean;
}

/** The last run of each job of a machine, as far as it lies within a stretch of time; the earliest first. */
export function runsWithin(jobs: readonly Job[], connectionId: string, from: number, to: number): JobRun[] {
  return jobs
    .flatMap(({ id, name, connectionId: of, startedAt, completedAt, status }) => {
      if (of !== connectionId || startedAt === null) return [];
      const goesOn = status === 'running' || status === 'stopping';
      // of one that was lost nobody knows the end
      if (completedAt === null && !goesOn) return [];
      return [{ id, name, from: startedAt, to: completedAt ?? Math.max(to, startedAt), goesOn }];
    })
    .filter(run => run.to >= from && run.from <= to)
    .sort((one, other) => one.from - other.from);
}

/** Names the runs that are shaded in the charts; each leads to its job. */
export function JobRuns({ runs }: { runs: readonly JobRun[] }) {
  const { jobs } = usePanel();
  if (runs.length === 0) return null;
  const more = runs.length - MOST_NAMED;
  return (
    <p class="history__runs">
      <span class="secondary">Jobs that ran then, shaded:</span>
      {runs.slice(-MOST_NAMED).map(({ id, name, from, to, goesOn }) => (
        <button
          key={id}
          type="button"
          class="table__link"
          title={`${fullDate(from)} to ${goesOn ? 'now' : fullDate(to)}; open it`}
          onClick={() => jobs.open(id)}
        >
          {name}
        </button>
      ))}
      {more > 0 && <span class="secondary">and {more} before</span>}
    </p>
  );
}
