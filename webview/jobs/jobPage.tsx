import { ArrowLeft } from 'lucide-preact';
import { isActive, type Job } from '../../src/shared/jobs.js';
import { usePanel } from '../state/context.js';
import { figure } from '../text/jobs.js';
import { Button } from '../ui/button.js';
import { Curves } from './curves.js';
import { JobLog } from './jobLog.js';
import { JobProgress, JobState, jobTimes, JobTrouble, StartStop } from './jobMarks.js';

/** One job: how it is, its curve and its log. */
export function JobPage({ job }: { job: Job }) {
  const { jobs } = usePanel();
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
      {job.run > 0 && <Curves key={`curves ${job.run}`} job={job} />}
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
