import { Copy, Pencil, Trash2 } from 'lucide-preact';
import { isActive, isAdopted, type Job } from '../../src/shared/jobs.js';
import { usePanel } from '../state/context.js';
import { figure } from '../text/jobs.js';
import { Button, IconButton } from '../ui/button.js';
import { JobProgress, JobState, jobTimes, StartStop } from './jobMarks.js';

/** One job in the list. */
export function JobCard({ job }: { job: Job }) {
  const { store, jobs } = usePanel();
  const connections = store.connections.value;
  const machine = connections.length > 1 ? connections.find(({ id }) => id === job.connectionId)?.name : undefined;
  const facts = [
    job.modelName,
    machine,
    jobTimes(job),
    typeof job.metrics?.loss === 'number' && `loss ${figure(job.metrics.loss)}`,
  ];
  const atRest = !isActive(job.status) && job.status !== 'queued';
  return (
    <li class="card job" data-status={job.status}>
      <div class="job__head">
        <div class="job__who">
          <h3>{job.name}</h3>
          <p class="secondary">{facts.filter(Boolean).join(' · ')}</p>
        </div>
        <JobState status={job.status} />
      </div>
      <JobProgress job={job} />
      {job.reason !== null && <p class="job__reason">{job.reason}</p>}
      <div class="job__actions">
        <StartStop job={job} />
        <Button label={`Log and curves of ${job.name}`} onClick={() => jobs.show(job.id)}>
          Log and curves
        </Button>
        <span class="job__more">
          {atRest && !isAdopted(job) && (
            <IconButton icon={Pencil} label={`Edit ${job.name}`} onClick={() => jobs.edit(job)} />
          )}
          {!isAdopted(job) && (
            <IconButton icon={Copy} label={`Duplicate ${job.name}`} onClick={() => jobs.duplicate(job.id)} />
          )}
          {atRest && (
            <IconButton icon={Trash2} label={`Delete ${job.name}`} danger onClick={() => jobs.remove(job.id)} />
          )}
        </span>
      </div>
    </li>
  );
}
