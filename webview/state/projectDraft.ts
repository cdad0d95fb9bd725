import * as v from 'valibot';
import { projectInputSchema, type Project, type ProjectData } from '../../src/shared/projects.js';
import { type ProjectDraft } from './host.js';

/** The fields of the form, in the order in which they stand. */
export const PROJECT_FIELDS = ['name', 'connectionId', 'remotePath', 'projectType', 'status', 'description'] as const;
export type ProjectField = (typeof PROJECT_FIELDS)[number];
export type ProjectFieldErrors = Partial<Record<ProjectField, string>>;

/** The form for a new project. */
export function emptyProjectDraft(connectionId: string): ProjectDraft {
  return {
    projectId: null,
    connectionId,
    name: '',
    description: '',
    projectType: 'Training',
    remotePath: '~/',
    status: 'active',
  };
}

/** The form for a saved project. */
export function projectDraftFor(project: Project): ProjectDraft {
  const { connectionId, name, description, projectType, remotePath, status } = project;
  return {
    projectId: project.id,
    ...{ connectionId, name, remotePath, status },
    description: description ?? '',
    projectType: projectType ?? '',
  };
}

/** Checks a form by the contract's own rules: what may be sent, or the first complaint of each field. */
export function checkProjectDraft(draft: ProjectDraft): { data: ProjectData } | { errors: ProjectFieldErrors } {
  const { connectionId, name, description, projectType, remotePath, status } = draft;
  const orNull = (text: string) => (text.trim() === '' ? null : text);
  const checked = v.safeParse(projectInputSchema, {
    ...{ connectionId, name, remotePath, status },
    description: orNull(description),
    projectType: orNull(projectType),
  });
  if (checked.success) return { data: checked.output };
  const errors: ProjectFieldErrors = {};
  for (const issue of checked.issues) {
    const field = v.getDotPath(issue);
    if (isProjectField(field)) errors[field] ??= issue.message;
  }
  return { errors };
}

/** True when `name` is a field of the form: errors of the engine name fields too. */
export function isProjectField(name: string | null | undefined): name is ProjectField {
  return PROJECT_FIELDS.some(field => field === name);
}
