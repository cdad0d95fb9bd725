import { Braces, Copy, FolderOpen, MonitorUp, Pencil, SquareTerminal, Trash2 } from 'lucide-preact';
import { type ConnectionView } from '../../src/shared/connection.js';
import { type Project } from '../../src/shared/projects.js';
import { minute } from '../state/clock.js';
import { usePanel } from '../state/context.js';
import { JOB_WORDS } from '../text/jobs.js';
import { fullDate, timeAgo } from '../text/time.js';
import { Button, IconButton } from '../ui/button.js';
import { Tag } from '../ui/marks.js';

const STATUS_WORDS = { active: 'Active', paused: 'Paused', archived: 'Archived', done: 'Done' } as const;
/** More would push the next project out of sight. */
const JOBS_SHOWN = 3;

/** One project. */
export function ProjectCard({ project, connection }: { project: Project; connection: ConnectionView | undefined }) {
  const { store, projects, jobs: jobActions } = usePanel();
  const { id, name, status, description, projectType, remotePath, jobs, lastActivityAt } = project;
  return (
    <li class="card project" data-status={status} id={`project-${id}`} tabIndex={-1} aria-label={name}>
      <div class="project__row">
        <div class="project__what">
          <div class="project__name">
            <h3 title={name}>{name}</h3>
            <span class="project__status" data-status={status}>
              {STATUS_WORDS[status]}
            </span>
            {projectType && <Tag>{projectType}</Tag>}
          </div>
          <p class="address" title={remotePath}>
            {connection && <>{connection.name} · </>}
            {remotePath}
          </p>
          {description && <p class="project__about">{description}</p>}
          <p class="secondary">
            Last activity{' '}
            <time dateTime={new Date(lastActivityAt).toISOString()} title={fullDate(lastActivityAt)}>
              {timeAgo(lastActivityAt, Math.max(minute.value, lastActivityAt))}
            </time>
          </p>
        </div>
        <div class="project__actions">
          <Button icon={FolderOpen} label={`Open the files of ${name}`} onClick={() => projects.open(id, 'files')}>
            Open
          </Button>
          <IconButton
            icon={SquareTerminal}
            label={`Terminal in ${name}`}
            onClick={() => projects.open(id, 'terminal')}
          />
          {store.state.value?.hasRemoteSsh && (
            <IconButton
              icon={MonitorUp}
              label={`Open ${name} in a Remote-SSH window`}
              onClick={() => projects.open(id, 'remote')}
            />
          )}
          <IconButton icon={Braces} label={`Configuration of ${name}`} onClick={() => projects.editConfig(id)} />
          <IconButton icon={Pencil} label={`Edit ${name}`} onClick={() => projects.edit(project)} />
          <IconButton icon={Copy} label={`Duplicate ${name}`} onClick={() => projects.duplicate(id)} />
          <IconButton icon={Trash2} label={`Delete ${name}`} danger onClick={() => projects.remove(id)} />
        </div>
      </div>
      {jobs.length > 0 && (
        <ul class="project__jobs" aria-label={`Jobs of ${name}`}>
          {jobs.slice(0, JOBS_SHOWN).map(job => (
            <li key={job.id}>
              <button
                type="button"
                class="project__job"
                onClick={() => {
                  store.tab.value = 'jobs';
                  jobActions.show(job.id);
                }}
              >
                {job.name}
              </button>
              <Tag>{JOB_WORDS[job.status]}</Tag>
            </li>
          ))}
          {jobs.length > JOBS_SHOWN && <li class="secondary">and {jobs.length - JOBS_SHOWN} more</li>}
        </ul>
      )}
    </li>
  );
}
