import { FolderKanban, FolderSearch, Plus, Server } from 'lucide-preact';
import { useEffect } from 'preact/hooks';
import { type Project } from '../../src/shared/projects.js';
import { usePanel } from '../state/context.js';
import { Button, IconButton } from '../ui/button.js';
import { Banner, EmptyState } from '../ui/messages.js';
import { TextField } from '../ui/textField.js';
import { ProjectCard } from './projectCard.js';
import { ProjectForm } from './projectForm.js';

/** The projects, and the form in their place while one is being written. */
export function ProjectsTab() {
  const { store } = usePanel();
  const draft = store.projectDraft.value;
  if (draft) return <ProjectForm key={draft.projectId ?? 'new'} />;
  return <List />;
}

function List() {
  const { store, actions, projects } = usePanel();
  const all = store.projects.value;
  const connections = store.connections.value;
  const search = store.projectSearch.value;
  const failure = store.projectFailure.value;
  const focusNext = store.focusNext.value;

  // the form took the focus with it when it closed; a new card may come a moment after the answer
  useEffect(() => {
    if (focusNext === null) return;
    const target = document.getElementById(focusNext === 'new' ? 'add-project' : `project-${focusNext}`);
    if (!target) return;
    target.focus();
    store.focusNext.value = null;
  }, [focusNext, all]);

  if (connections.length === 0) {
    return (
      <EmptyState icon={Server} text="A project is a folder on a Spark. Save a connection to one first.">
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
  const mayFind = store.liveConnections.value.length > 0;
  const trouble = failure && <Banner tone="error" message={failure.message} hint={failure.hint} />;
  if (all.length === 0) {
    return (
      <>
        {trouble}
        <EmptyState
          icon={FolderKanban}
          text="A project is a folder on your Spark with a configuration: open its files, a terminal in it, and its jobs from here."
        >
          <Button kind="primary" icon={Plus} id="add-project" onClick={() => projects.add()}>
            Create your first project
          </Button>
          {mayFind && (
            <Button icon={FolderSearch} onClick={() => projects.find()}>
              Find projects on the Spark
            </Button>
          )}
        </EmptyState>
      </>
    );
  }
  const names = new Map(connections.map(({ id, name }) => [id, name]));
  const shown = all.filter(project => matches(project, names.get(project.connectionId), search));
  return (
    <section class="projects" aria-labelledby="projects-heading">
      <div class="section-head">
        <h2 id="projects-heading">Projects</h2>
        <div class="section-head__actions">
          {mayFind && (
            <IconButton icon={FolderSearch} label="Find projects on a Spark" onClick={() => projects.find()} />
          )}
          <Button icon={Plus} id="add-project" onClick={() => projects.add()}>
            New project
          </Button>
        </div>
      </div>
      {trouble}
      {(all.length > FEW || search !== '') && (
        <div class="projects__search">
          <TextField
            id="project-search"
            label="Search"
            value={search}
            help={search === '' ? 'By name, description, type, status, folder or connection.' : found(shown.length)}
            onInput={value => (store.projectSearch.value = value)}
          />
        </div>
      )}
      {shown.length === 0 && <p class="secondary">No project fits.</p>}
      <ul class="projects__list">
        {shown.map(project => (
          <ProjectCard
            key={project.id}
            project={project}
            connection={connections.find(({ id }) => id === project.connectionId)}
          />
        ))}
      </ul>
    </section>
  );
}

/** So few are seen at one glance. */
const FEW = 1;

function found(count: number): string {
  return count === 1 ? '1 project fits.' : `${count} projects fit.`;
}

/** Every word must be somewhere. */
function matches(project: Project, connection: string | undefined, search: string): boolean {
  const { name, description, projectType, status, remotePath } = project;
  const text = [name, description, projectType, status, remotePath, connection].join('\n').toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every(word => text.includes(word));
}
