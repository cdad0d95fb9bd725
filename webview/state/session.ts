import { CancellationTokenSource, ResponseError, createMessageConnection } from 'vscode-jsonrpc/browser';
import { SparkError } from '../../src/shared/errors.js';
import { type Sample } from '../../src/shared/metrics.js';
import { type KnownOfNew, panelNotifications, panelRequests, type PanelState } from '../../src/shared/panel.js';
import { Peer } from '../../src/shared/peer.js';
import { draftFor, emptyDraft } from './draft.js';
import { emptyJobDraft, jobDraftFor } from './jobDraft.js';
import { type HostApi } from './host.js';
import { emptyProjectDraft, projectDraftFor } from './projectDraft.js';
import { HostMessageWriter, WindowMessageReader } from './messages.js';
import { isGap, mergeSamples } from './samples.js';
import { isLive, type PanelStore } from './store.js';

const LOCAL = { requests: {}, notifications: panelNotifications } as const;
const REMOTE = { requests: panelRequests, notifications: {} } as const;
/** The page's end of the boundary to its window. */
export type PanelPeer = Peer<typeof LOCAL, typeof REMOTE>;

/** Keeps the store true: asks for everything once, then follows what the window tells. */
export class PanelSession {
  readonly peer: PanelPeer;
  private readonly store: PanelStore;
  private readonly refreshing = new Set<string>();

  constructor(host: HostApi, store: PanelStore) {
    this.store = store;
    this.peer = new Peer(
      createMessageConnection(new WindowMessageReader(), new HostMessageWriter(host)),
      LOCAL,
      REMOTE,
      {},
      {
        'panel/state': state => this.follow(state),
        'panel/showTab': ({ tab }) => {
          store.tab.value = tab;
        },
        'panel/showForm': ({ connectionId, found }) => this.showForm(connectionId, found),
        'panel/showProjectForm': ({ projectId }) => this.showProjectForm(projectId),
        'panel/showJob': ({ view, jobId }) => this.showJob(view, jobId),
        'jobs/logGrew': ({ jobId, size }) => {
          store.logSizes.value = new Map(store.logSizes.value).set(jobId, size);
        },
        'metrics/sampled': sample => this.take(sample),
      },
      { CancellationTokenSource, ResponseError },
    );
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') for (const one of store.liveConnections.value) this.refresh(one.id);
    });
  }

  /** Asks for everything. A failure is shown with a button that comes here again. */
  async load(): Promise<void> {
    this.store.loadError.value = null;
    try {
      const { state, tab } = await this.peer.request('panel/ready', {});
      if (tab) this.store.tab.value = tab;
      this.follow(state);
    } catch (error) {
      this.store.loadError.value = SparkError.toInfo(error);
    }
  }

  private follow(state: PanelState): void {
    const before = new Set(this.store.liveConnections.value.map(connection => connection.id));
    this.store.apply(state);
    for (const connection of state.snapshot.connections) {
      if (isLive(connection) && !before.has(connection.id)) this.refresh(connection.id);
      if (connection.status.state !== 'disconnected') this.store.setFailure(connection.id, null);
    }
  }

  private take(sample: Sample): void {
    const known = this.store.samples.value.get(sample.connectionId) ?? [];
    if (isGap(known, sample)) this.refresh(sample.connectionId);
    this.store.setSamples(sample.connectionId, mergeSamples(known, [sample]));
  }

  /** Fetches what the engine kept, so that samples missed while hidden are in the sparkline too. */
  private refresh(connectionId: string): void {
    if (this.refreshing.has(connectionId)) return;
    this.refreshing.add(connectionId);
    this.peer
      .request('metrics/recent', { connectionId })
      .then(
        recent => {
          if (!this.store.liveConnections.value.some(connection => connection.id === connectionId)) return;
          this.store.setSamples(connectionId, mergeSamples(this.store.samples.value.get(connectionId) ?? [], recent));
        },
        () => {
          // the link or the engine went away; the state that follows says so
        },
      )
      .finally(() => this.refreshing.delete(connectionId));
  }

  private showProjectForm(projectId: string | null): void {
    const { store } = this;
    store.tab.value = 'projects';
    if (store.projectDraft.value?.projectId === projectId) return; // half filled: it stays
    const saved = store.projects.value.find(project => project.id === projectId);
    const first = store.active.value ?? store.connections.value[0];
    if (saved) store.projectDraft.value = projectDraftFor(saved);
    else if (projectId === null && first) store.projectDraft.value = emptyProjectDraft(first.id);
  }

  private showJob(view: 'job' | 'form', jobId: string | null): void {
    const { store } = this;
    store.tab.value = 'jobs';
    if (view === 'job') {
      store.jobDraft.value = null;
      store.jobId.value = jobId;
      return;
    }
    if (store.jobDraft.value?.jobId === jobId) return; // half filled: it stays
    const saved = store.jobs.value.find(({ id }) => id === jobId);
    const first = store.active.value ?? store.connections.value[0];
    if (saved) store.jobDraft.value = jobDraftFor(saved);
    else if (jobId === null && first) store.jobDraft.value = emptyJobDraft(first.id);
  }

  private showForm(connectionId: string | null, found: KnownOfNew | undefined): void {
    const { store } = this;
    store.tab.value = 'connection';
    if (connectionId === null && found) {
      store.draft.value = { ...emptyDraft(), name: found.name, hostname: found.hostname, port: String(found.port) };
      return;
    }
    if (store.draft.value?.connectionId === connectionId) return; // half filled: it stays
    if (connectionId === null) {
      store.draft.value = emptyDraft();
      return;
    }
    const saved = store.connections.value.find(connection => connection.id === connectionId);
    if (saved) store.draft.value = draftFor(saved);
  }
}
