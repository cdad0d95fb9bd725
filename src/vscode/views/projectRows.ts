import * as v from 'valibot';
import type { ConnectionView } from '../../shared/connection.js';
import type { Project, ProjectStatus } from '../../shared/projects.js';
import { timeAgo } from '../wording.js';

const rowSchema = v.variant('kind', [
  v.object({ kind: v.literal('project'), projectId: v.string() }),
  v.object({ kind: v.literal('projectJob'), projectId: v.string(), jobId: v.string() }),
]);
/** A row of the projects tree: says which thing it shows, and holds nothing of it. */
export type Row = v.InferOutput<typeof rowSchema>;

/** The row that a menu handed to a command; undefined for anything else. */
export function asProjectRow(argument: unknown): Row | undefined {
  const checked = v.safeParse(rowSchema, argument);
  return checked.success ? checked.output : undefined;
}

export function projectRowId(row: Row): string {
  return row.kind === 'project' ? `project:${row.projectId}` : `job:${row.projectId}:${row.jobId}`;
}

/** The word of each status; icon and colour only repeat it. */
export const STATUS_WORDS: Readonly<Record<ProjectStatus, string>> = {
  active: 'Active',
  paused: 'Paused',
  archived: 'Archived',
  done: 'Done',
};

/** Codicon of each status, without the `$()`. */
export const STATUS_ICONS: Readonly<Record<ProjectStatus, string>> = {
  active: 'folder-active',
  paused: 'debug-pause',
  archived: 'archive',
  done: 'pass',
};

/** What is worked with comes first; within that what something was last done with. */
export function sortProjects(projects: readonly Project[]): Project[] {
  const rank = (status: ProjectStatus) => (status === 'archived' ? 2 : status === 'done' ? 1 : 0);
  return [...projects].sort(
    (one, other) => rank(one.status) - rank(other.status) || other.lastActivityAt - one.lastActivityAt,
  );
}

/** What a row shows, in words. */
export interface ProjectText {
  readonly label: string;
  readonly description: string;
  /** Tokens for `when` clauses: the kind, then the state. */
  readonly contextValue: string;
  readonly spoken: string;
}

/** @param connection of the project; its name is said where there are several */
export function projectText(
  project: Project,
  connection: Pick<ConnectionView, 'name' | 'status'> | undefined,
  among: number,
): ProjectText {
  const words = [
    STATUS_WORDS[project.status],
    ...(among > 1 && connection ? [connection.name] : []),
    project.remotePath,
  ];
  const isConnected = connection?.status.state === 'connected';
  return {
    label: project.name,
    description: words.join(' · '),
    contextValue: ['project', project.status, ...(isConnected ? ['connected'] : [])].join(';'),
    spoken: [project.name, ...words].join(', '),
  };
}

/** Facts about a project for a tooltip; the texts may hold anything. */
export function projectFacts(project: Project, connection: string | undefined, now: number): [string, string][] {
  const facts: [string, string][] = [['Folder', project.remotePath]];
  if (connection !== undefined) facts.push(['Connection', connection]);
  facts.push(['Status', STATUS_WORDS[project.status]]);
  if (project.projectType !== null && project.projectType !== '') facts.push(['Type', project.projectType]);
  facts.push(['Last activity', timeAgo(project.lastActivityAt, now)]);
  if (project.jobs.length > 0) facts.push(['Jobs', String(project.jobs.length)]);
  if (project.description !== null && project.description !== '') facts.push(['About', project.description]);
  return facts;
}
