import { SparkError, type ErrorInfo } from '../../src/shared/errors.js';
import { type ConnectionView } from '../../src/shared/connection.js';
import { type GpuProcess } from '../../src/shared/details.js';
import { type Series, type SeriesQuery } from '../../src/shared/history.js';
import { type EndpointHealth, type OllamaTarget } from '../../src/shared/ollama.js';
import { draftFor, emptyDraft, checkDraft } from './draft.js';
import { type PanelSession } from './session.js';
import { type PanelStore } from './store.js';

/** What a user can do in the page. Failures end in the store, where the views show them. */
export class PanelActions {
  private readonly session: PanelSession;
  private readonly store: PanelStore;

  constructor(session: PanelSession, store: PanelStore) {
    this.session = session;
    this.store = store;
  }

  reload(): void {
    void this.session.load();
  }

  connect(connectionId: string): void {
    this.run(connectionId, this.session.peer.request('connections/connect', { connectionId, offerChoices: true }));
  }

  /** Also ends an attempt that is under way. */
  disconnect(connectionId: string): void {
    this.run(connectionId, this.session.peer.request('connections/disconnect', { connectionId }));
  }

  makeActive(connectionId: string): void {
    this.run(connectionId, this.session.peer.request('connections/setActive', { connectionId }));
  }

  /** The window asks whether it is meant. */
  remove(connectionId: string): void {
    this.run(connectionId, this.session.peer.request('panel/deleteConnection', { connectionId }));
  }

  /** The window lets the user choose among the hosts of ssh_config. */
  importSshConfig(): void {
    this.tell('panel/importSshConfig');
  }

  /** The window looks for machines on the network and opens the form for the one that is chosen. */
  discover(): void {
    this.tell('panel/discover');
  }

  showLog(): void {
    this.tell('panel/showLog');
  }

  /** Where a host key that has changed is put right. */
  openKnownHosts(connectionId: string): void {
    this.run(connectionId, this.session.peer.request('panel/openKnownHosts', { connectionId }));
  }

  /** Puts the published address of Ollama on the clipboard; false when that failed. */
  async copyEndpoint(): Promise<boolean> {
    try {
      await this.session.peer.request('panel/copyEndpoint', {});
      return true;
    } catch {
      return false;
    }
  }

  /** Which Ollama tools use from now on. */
  selectTarget(target: OllamaTarget): void {
    this.session.peer.request('panel/selectTarget', { target }).catch(() => {
      // what is chosen is drawn from the state, so it shows that nothing has changed
      this.store.state.value &&= { ...this.store.state.value };
    });
  }

  /** How both Ollamas do; null while nobody can tell. */
  async health(): Promise<EndpointHealth | null> {
    try {
      return await this.session.peer.request('ollama/health', {});
    } catch {
      return null;
    }
  }

  /** Reads what changes slowly; asking also tells that somebody looks. */
  async lookAt(connectionId: string): Promise<void> {
    try {
      const details = await this.session.peer.request('metrics/details', { connectionId });
      if (details) this.store.setDetails(details);
      this.store.alerts.value = await this.session.peer.request('alerts/list', {});
    } catch {
      // the link or the engine went away; the state that follows says so
    }
  }

  /** The history of one GPU; rejects with the reason. */
  async series(query: SeriesQuery): Promise<Series> {
    return await this.session.peer.request('metrics/series', query);
  }

  /** The window asks whether it is meant, and shows what went wrong. */
  async endProcess(connectionId: string, { pid, startTicks, command }: GpuProcess): Promise<void> {
    if (startTicks === null) return;
    try {
      const name = command.slice(0, 300);
      if (await this.session.peer.request('panel/endProcess', { connectionId, pid, startTicks, name }))
        await this.lookAt(connectionId);
    } catch {
      // the window is going away
    }
  }

  /** The window asks where to. */
  exportMetrics(connectionId: string, hours: number): void {
    this.session.peer.request('panel/exportMetrics', { connectionId, hours }).catch(() => {
      // the window is going away
    });
  }

  add(): void {
    this.store.draft.value = emptyDraft();
  }

  edit(connection: ConnectionView): void {
    this.store.draft.value = draftFor(connection);
  }

  closeForm(focusNext: string): void {
    this.store.focusNext.value = focusNext;
    this.store.draft.value = null;
  }

  /** The chosen path; null when the dialog was closed. */
  async pickKeyFile(): Promise<string | null> {
    try {
      return await this.session.peer.request('panel/pickKeyFile', {});
    } catch {
      return null;
    }
  }

  /** Saves the form and closes it; answers why it could not be saved. The form must have passed {@link checkDraft}. */
  async save(thenConnect: boolean): Promise<ErrorInfo | null> {
    const draft = this.store.draft.value;
    const checked = draft && checkDraft(draft);
    if (!checked || 'errors' in checked) return { code: 'invalidInput', message: 'Some fields need attention.' };
    try {
      const { peer } = this.session;
      const saved =
        draft.connectionId === null
          ? await peer.request('connections/create', checked.data)
          : await peer.request('connections/update', { connectionId: draft.connectionId, changes: checked.data });
      this.closeForm(saved.id);
      if (thenConnect) this.connect(saved.id);
      return null;
    } catch (error) {
      return SparkError.toInfo(error);
    }
  }

  /** Asks the window for something that it shows itself, failures included. */
  private tell(request: 'panel/showLog' | 'panel/importSshConfig' | 'panel/discover'): void {
    this.session.peer.request(request, {}).catch(() => {
      // the window is going away; there is nobody left to show it to
    });
  }

  private run(connectionId: string, request: Promise<unknown>): void {
    this.store.setFailure(connectionId, null);
    request.catch((error: unknown) => {
      // what the user ended is no failure, and a failed login shows as the connection's own state
      const known = this.store.connections.value.find(connection => connection.id === connectionId);
      if (SparkError.is(error, 'cancelled') || known?.status.state === 'error') return;
      this.store.setFailure(connectionId, SparkError.toInfo(error));
    });
  }
}
