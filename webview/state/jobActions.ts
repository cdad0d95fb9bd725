import { SparkError, type ErrorInfo } from '../../src/shared/errors.js';
import { type Job, type JobPoint, type JobTemplate, type JobUsage, type LogChunk } from '../../src/shared/jobs.js';
import { readConfig } from '../../src/shared/projectConfig.js';
import { checkJobDraft, emptyJobDraft, jobDraftFor, withDefaults } from './jobDraft.js';
import { type PanelSession } from './session.js';
import { type PanelStore } from './store.js';

/** What a user can do with jobs in the page. Failures end in the store, where the view shows them. */
export class JobActions {
  private readonly session: PanelSession;
  private readonly store: PanelStore;

  constructor(session: PanelSession, store: PanelStore) {
    this.session = session;
    this.store = store;
  }

  add(): void {
    const first = this.store.active.value ?? this.store.connections.value[0];
    if (first) this.store.jobDraft.value = emptyJobDraft(first.id);
  }

  edit(job: Job): void {
    this.store.jobDraft.value = jobDraftFor(job);
  }

  /** Shows one job; null for the list. */
  show(jobId: string | null): void {
    this.store.jobFailure.value = null;
    this.store.jobId.value = jobId;
  }

  /** Shows one job from wherever the page is. */
  open(jobId: string): void {
    this.store.tab.value = 'jobs';
    this.store.jobDraft.value = null;
    this.show(jobId);
  }

  closeForm(): void {
    this.store.jobDraft.value = null;
  }

  start(jobId: string): void {
    this.run(this.session.peer.request('panel/startJob', { jobId }));
  }

  stop(jobId: string): void {
    this.run(this.session.peer.request('jobs/stop', { jobId }));
  }

  duplicate(jobId: string): void {
    this.run(this.session.peer.request('jobs/duplicate', { jobId }).then(copy => this.edit(copy)));
  }

  /** The window asks whether it is meant. */
  remove(jobId: string): void {
    const removing = this.session.peer.request('panel/deleteJob', { jobId });
    this.run(
      removing.then(isGone => {
        if (isGone && this.store.jobId.value === jobId) this.show(null);
      }),
    );
  }

  async readLog(jobId: string, offset?: number, length?: number): Promise<LogChunk> {
    return await this.session.peer.request('jobs/readLog', {
      jobId,
      ...(offset === undefined ? {} : { offset }),
      ...(length === undefined ? {} : { length }),
    });
  }

  async points(jobId: string): Promise<JobPoint[]> {
    return await this.session.peer.request('jobs/points', { jobId });
  }

  async usage(jobId: string): Promise<JobUsage[]> {
    return await this.session.peer.request('jobs/usage', { jobId });
  }

  /** Takes what the configuration of a project says into the form, where nothing was written yet. */
  fillFromProject(projectId: string): void {
    this.run(
      this.session.peer.request('projects/getConfig', { projectId }).then(({ text }) => {
        const draft = this.store.jobDraft.value;
        const read = readConfig(text);
        if (draft?.projectId === projectId && 'config' in read)
          this.store.jobDraft.value = withDefaults(draft, read.config);
      }),
    );
  }

  /** Keeps what the form says as a template; the window asks what to call it. */
  saveTemplate(template: JobTemplate): void {
    this.run(this.session.peer.request('panel/saveTemplate', template));
  }

  exportPoints(jobIds: string[]): void {
    this.run(this.session.peer.request('panel/exportPoints', { jobIds }));
  }

  takeLog(jobId: string, how: 'open' | 'save'): void {
    this.run(this.session.peer.request('panel/takeLog', { jobId, how }));
  }

  /** Saves the form and closes it; answers why it could not be saved. */
  async save(thenStart: boolean): Promise<ErrorInfo | null> {
    const draft = this.store.jobDraft.value;
    const checked = draft && checkJobDraft(draft);
    if (!checked || 'errors' in checked) return { code: 'invalidInput', message: 'Some fields need attention.' };
    const { connectionId, ...changes } = checked.data;
    try {
      const { peer } = this.session;
      const saved =
        draft.jobId === null
          ? await peer.request('jobs/create', { connectionId, ...changes })
          : await peer.request('jobs/update', { jobId: draft.jobId, changes });
      this.closeForm();
      if (thenStart) {
        this.show(saved.id);
        this.start(saved.id);
      }
      return null;
    } catch (error) {
      return SparkError.toInfo(error);
    }
  }

  private run(request: Promise<unknown>): void {
    this.store.jobFailure.value = null;
    request.catch((error: unknown) => {
      if (!SparkError.is(error, 'cancelled')) this.store.jobFailure.value = SparkError.toInfo(error);
    });
  }
}
