import { SparkError, type ErrorInfo } from '../../src/shared/errors.js';
import { type ProjectTarget } from '../../src/shared/panel.js';
import { type Project } from '../../src/shared/projects.js';
import { checkProjectDraft, emptyProjectDraft, projectDraftFor } from './projectDraft.js';
import { type PanelSession } from './session.js';
import { type PanelStore } from './store.js';

/** What a user can do with projects in the page. Failures end in the store, where the view shows them. */
export class ProjectActions {
  private readonly session: PanelSession;
  private readonly store: PanelStore;

  constructor(session: PanelSession, store: PanelStore) {
    this.session = session;
    this.store = store;
  }

  add(): void {
    const { store } = this;
    const first = store.active.value ?? store.connections.value[0];
    if (first) store.projectDraft.value = emptyProjectDraft(first.id);
  }

  edit(project: Project): void {
    this.store.projectDraft.value = projectDraftFor(project);
  }

  closeForm(focusNext: string): void {
    this.store.focusNext.value = focusNext;
    this.store.projectDraft.value = null;
  }

  /** The window shows why it could not be opened. */
  open(projectId: string, where: ProjectTarget): void {
    this.run(this.session.peer.request('panel/openProject', { projectId, where }));
  }

  editConfig(projectId: string): void {
    this.run(this.session.peer.request('panel/editProjectConfig', { projectId }));
  }

  duplicate(projectId: string): void {
    const copying = this.session.peer.request('projects/duplicate', { projectId });
    this.run(copying.then(copy => this.edit(copy)));
  }

  /** The window asks whether it is meant. */
  remove(projectId: string): void {
    this.run(this.session.peer.request('panel/deleteProject', { projectId }));
  }

  /** The window lets the user choose among what it finds. */
  find(): void {
    this.run(this.session.peer.request('panel/findProjects', {}));
  }

  /** The chosen folder; null when the dialog was closed. */
  async pickFolder(connectionId: string, path: string): Promise<string | null> {
    const start = /^(?:\/|~(?:\/|$))/.test(path) ? path : '';
    try {
      return await this.session.peer.request('panel/pickRemoteFolder', { connectionId, path: start });
    } catch {
      return null;
    }
  }

  /** Saves the form and closes it; answers why it could not be saved. */
  async save(): Promise<ErrorInfo | null> {
    const draft = this.store.projectDraft.value;
    const checked = draft && checkProjectDraft(draft);
    if (!checked || 'errors' in checked) return { code: 'invalidInput', message: 'Some fields need attention.' };
    const { connectionId, name, description, projectType, remotePath, status } = checked.data;
    const fields = { name, description, projectType, remotePath, status };
    try {
      const { peer } = this.session;
      const saved =
        draft.projectId === null
          ? await peer.request('projects/create', { connectionId, ...fields })
          : await peer.request('projects/update', { projectId: draft.projectId, changes: fields });
      this.closeForm(saved.id);
      return null;
    } catch (error) {
      return SparkError.toInfo(error);
    }
  }

  private run(request: Promise<unknown>): void {
    this.store.projectFailure.value = null;
    request.catch((error: unknown) => {
      if (!SparkError.is(error, 'cancelled')) this.store.projectFailure.value = SparkError.toInfo(error);
    });
  }
}
