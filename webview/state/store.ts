import { batch, computed, effect, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { type Alert } from '../../src/shared/alerts.js';
import { type ConnectionView } from '../../src/shared/connection.js';
import { type ErrorInfo } from '../../src/shared/errors.js';
import { type MachineDetails } from '../../src/shared/details.js';
import { type Sample } from '../../src/shared/metrics.js';
import { type PanelState, type Tab } from '../../src/shared/panel.js';
import { type Job, type JobTemplate } from '../../src/shared/jobs.js';
import { type Project } from '../../src/shared/projects.js';
import { recall, type Draft, type HostApi, type JobDraft, type ProjectDraft } from './host.js';

/** Whether a connection's machine is being watched; a link that is coming back counts. */
export function isLive(connection: ConnectionView): boolean {
  return connection.status.state === 'connected' || connection.status.state === 'reconnecting';
}

/** Everything the page shows, as signals. What the user was doing is remembered by the editor; see {@link Draft}. */
export class PanelStore {
  readonly state: Signal<PanelState | null> = signal(null);
  /** Why nothing could be loaded at all. */
  readonly loadError: Signal<ErrorInfo | null> = signal(null);
  readonly samples: Signal<ReadonlyMap<string, readonly Sample[]>> = signal(new Map());
  /** What changes slowly, by connection; read while the metrics are looked at. */
  readonly details: Signal<ReadonlyMap<string, MachineDetails>> = signal(new Map());
  readonly alerts: Signal<readonly Alert[]> = signal([]);
  /** The GPU whose facts and history are shown. */
  readonly gpuIndex: Signal<number> = signal(0);
  /** What went wrong with the last thing asked for, by connection. */
  readonly failures: Signal<ReadonlyMap<string, ErrorInfo>> = signal(new Map());
  readonly tab: Signal<Tab>;
  /** The connection whose metrics the user chose to see. */
  readonly selectedId: Signal<string | null>;
  readonly draft: Signal<Draft | null>;
  /** Where the focus goes after the form has closed: a connection, or `new` for the Add button. */
  readonly focusNext: Signal<string | null> = signal(null);

  /** The project form; null while none is open. */
  readonly projectDraft: Signal<ProjectDraft | null>;
  readonly projectSearch: Signal<string> = signal('');
  /** What went wrong with the last thing asked for about projects. */
  readonly projectFailure: Signal<ErrorInfo | null> = signal(null);

  readonly projects: ReadonlySignal<readonly Project[]> = computed(() => this.state.value?.projects ?? []);
  /** The job form; null while none is open. */
  readonly jobDraft: Signal<JobDraft | null>;
  /** The job that is looked at; null for the list. */
  readonly jobId: Signal<string | null>;
  /** What went wrong with the last thing asked for about jobs. */
  readonly jobFailure: Signal<ErrorInfo | null> = signal(null);
  /** How big the logs of jobs were told to be. */
  readonly logSizes: Signal<ReadonlyMap<string, number>> = signal(new Map());

  readonly jobs: ReadonlySignal<readonly Job[]> = computed(() => this.state.value?.jobs ?? []);
  readonly templates: ReadonlySignal<readonly JobTemplate[]> = computed(() => this.state.value?.templates ?? []);
  readonly connections: ReadonlySignal<readonly ConnectionView[]> = computed(
    () => this.state.value?.snapshot.connections ?? [],
  );
  /** Whether the list is what is really saved: true once an engine has answered, or where nothing was ever saved. */
  readonly isKnown = computed(() => this.state.value?.engineUp === true || this.connections.value.length > 0);
  readonly liveConnections = computed(() => this.connections.value.filter(isLive));
  /** The active connection, else one that does something now. */
  readonly active = computed(
    () =>
      this.connections.value.find(connection => connection.isActive) ??
      this.connections.value.find(connection => connection.status.state !== 'disconnected') ??
      null,
  );
  /** Whose metrics are shown. */
  readonly watched = computed(() => {
    const live = this.liveConnections.value;
    const wanted = [this.selectedId.value, this.active.value?.id];
    return live.find(one => one.id === wanted[0]) ?? live.find(one => one.id === wanted[1]) ?? live[0] ?? null;
  });

  constructor(host: HostApi) {
    const remembered = recall(host);
    this.tab = signal(remembered.tab);
    this.selectedId = signal(remembered.selectedId);
    this.draft = signal(remembered.draft);
    this.jobDraft = signal(remembered.jobDraft);
    this.jobId = signal(remembered.jobId);
    this.projectDraft = signal(remembered.projectDraft);
    effect(() => {
      host.setState({
        tab: this.tab.value,
        selectedId: this.selectedId.value,
        draft: this.draft.value,
        projectDraft: this.projectDraft.value,
        jobDraft: this.jobDraft.value,
        jobId: this.jobId.value,
      });
    });
  }

  /** Takes over a whole state and drops the samples of machines that are no longer watched. */
  apply(state: PanelState): void {
    batch(() => {
      this.state.value = state;
      this.loadError.value = null;
      const live = new Set(this.liveConnections.value.map(connection => connection.id));
      const kept = [...this.samples.value].filter(([id]) => live.has(id));
      if (kept.length !== this.samples.value.size) this.samples.value = new Map(kept);
    });
  }

  setSamples(connectionId: string, samples: readonly Sample[]): void {
    this.samples.value = new Map(this.samples.value).set(connectionId, samples);
  }

  setDetails(details: MachineDetails): void {
    this.details.value = new Map(this.details.value).set(details.connectionId, details);
  }

  setFailure(connectionId: string, failure: ErrorInfo | null): void {
    const failures = new Map(this.failures.value);
    if (failure) failures.set(connectionId, failure);
    else if (!failures.delete(connectionId)) return;
    this.failures.value = failures;
  }
}
