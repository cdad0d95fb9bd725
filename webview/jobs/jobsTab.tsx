import { Play, Plus, Server } from 'lucide-preact';
import { usePanel } from '../state/context.js';
import { Button } from '../ui/button.js';
import { EmptyState } from '../ui/messages.js';
import { JobCard } from './jobCard.js';
import { JobForm } from './jobForm.js';
import { JobTrouble } from './jobMarks.js';
import { JobPage } from './jobPage.js';

/** The training jobs: the list, one of them, or the form while one is being written. */
export function JobsTab() {
  const { store } = usePanel();
  const draft = store.jobDraft.value;
  if (draft) return <JobForm key={draft.jobId ?? 'new'} />;
  const shown = store.jobs.value.find(({ id }) => id === store.jobId.value);
  if (shown) return <JobPage key={shown.id} job={shown} />;
  return <List />;
}

function List() {
  const { store, actions, jobs } = usePanel();
  if (store.connections.value.length === 0) {
    return (
      <EmptyState icon={Server} text="A training job runs on a Spark. Save a connection to one first.">
        <Button
          kind="primary"
          icon={Plus}
          onClick={() => {
            store.tab.value = 'connection';
            actions.add();
          }}
        >
          Add your first Spark
        </Button>
      </EmptyState>
    );
  }
  const all = store.jobs.value;
  if (all.length === 0) {
    return (
      <>
        <JobTrouble />
        <EmptyState
          icon={Play}
          text="Start a training on your Spark and close the laptop: it goes on, and you find its log and curves here."
        >
          <Button kind="primary" icon={Plus} onClick={() => jobs.add()}>
            Create your first job
          </Button>
        </EmptyState>
      </>
    );
  }
  return (
    <section class="jobs" aria-labelledby="jobs-heading">
      <div class="section-head">
        <h2 id="jobs-heading">Training jobs</h2>
        <Button icon={Plus} onClick={() => jobs.add()}>
          New job
        </Button>
      </div>
      <JobTrouble />
      <ul class="jobs__list">
        {all.map(job => (
          <JobCard key={job.id} job={job} />
        ))}
      </ul>
    </section>
  );
}
