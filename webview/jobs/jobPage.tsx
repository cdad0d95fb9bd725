import { ArrowLeft } from 'lucide-preact';
import { useEffect, useState } from 'preact/hooks';
import { isActive, type Job, type JobPoint } from '../../src/shared/jobs.js';
import { usePanel } from '../state/context.js';
import { figure } from '../text/jobs.js';
import { Button } from '../ui/button.js';
import { JobLog } from './jobLog.js';
import { JobProgress, JobState, jobTimes, JobTrouble, StartStop } from './jobMarks.js';
import { LossChart } from './lossChart.js';

/** One job: how it is, its curve and its log. */
export function JobPage({ job }: { job: Job }) {
  const { jobs } = usePanel();
  const points = usePoints(job);
  return (
    <section class="job-page" aria-labelledby="job-heading">
      <div class="job-page__nav">
        <Button icon={ArrowLeft} onClick={() => jobs.show(null)}>
          All jobs
        </Button>
        <StartStop job={job} primary />
      </div>
      <div class="job__head">
        <div class="job__who">
          <h2 id="job-heading">{job.name}</h2>
          <p class="secondary">{[job.modelName, jobTimes(job)].filter(Boolean).join(' · ')}</p>
        </div>
        <JobState status={job.status} />
      </div>
      <JobTrouble />
      <JobProgress job={job} />
      {job.reason !== null && <p class="job__reason">{job.reason}</p>}
      <Figures job={job} />
      {points.length > 1 && <LossChart points={points} />}
      {job.run === 0 ? (
        <p class="secondary">It has not been started yet.</p>
      ) : (
        <JobLog key={job.run} job={job} isLive={isActive(job.status)} />
      )}
    </section>
  );
}

/** The last that the log said of each. */
function Figures({ job: { metrics } }: { job: Job }) {
  if (metrics === null) return null;
  const all: readonly (readonly [string, number | null])[] = [
    ['Step', metrics.step],
    ['Epoch', metrics.epoch],
    ['Loss', metrics.loss],
    ['Eval loss', metrics.evalLoss],
    ['Learning rate', metrics.learningRate],
    ['Tokens/s', metrics.tokensPerSecond],
  ];
  return (
    <dl class="job-figures">
      {all.map(
        ([name, value]) =>
          value !== null && (
            <div key={name}>
              <dt>{name}</dt>
              <dd class="numbers">{figure(value)}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

/** The points of its curve, read again when its last figures are others. */
function usePoints(job: Job): readonly JobPoint[] {
  const { jobs, store } = usePanel();
  const [points, setPoints] = useState<readonly JobPoint[]>([]);
  const isUp = store.connections.value.some(one => one.id === job.connectionId && one.status.state === 'connected');
  const figures = JSON.stringify(job.metrics);
  useEffect(() => {
    if (!isUp || job.run === 0) return undefined;
    let current = true;
    jobs.points(job.id).then(
      all => current && setPoints(all),
      () => undefined, // the link went away; it is read again when that is back
    );
    return () => {
      current = false;
    };
  }, [job.id, job.run, figures, isUp]);
  return points;
}
