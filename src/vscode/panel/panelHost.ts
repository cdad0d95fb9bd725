import { createMessageConnection } from 'vscode-jsonrpc/node';
import { rpcRuntime } from '../../link/rpc.js';
import type { ErrorInfo } from '../../shared/errors.js';
import type { JobTemplate } from '../../shared/jobs.js';
import {
  type KnownOfNew,
  type Palette,
  panelNotifications,
  panelRequests,
  type PanelState,
  type ProjectTarget,
  type Tab,
} from '../../shared/panel.js';
import type { OllamaTarget } from '../../shared/ollama.js';
import { Peer, type Handlers, type ParamsOf } from '../../shared/peer.js';
import type { EngineClient } from '../engineClient.js';
import type { JobList } from '../jobs/jobList.js';
import { templatesOf } from '../jobs/templateList.js';
import type { Disposable } from '../emitter.js';
import type { ProjectList } from '../projects/projectList.js';
import { PageMessages, type PageChannel } from './pageMessages.js';

export type ProcessToEnd = ParamsOf<typeof panelRequests, 'panel/endProcess'>;

/** What the panel's page may ask of its window. */
export interface PanelActions {
  /** Null when the user closes the dialog. */
  pickKeyFile(): Promise<string | null>;
  /** Asks first; false when the user thought better of it. */
  deleteConnection(connectionId: string): Promise<boolean>;
  copyEndpoint(): Promise<void>;
  selectTarget(target: OllamaTarget): Promise<void>;
  showLog(): void;
  openKnownHosts(error: ErrorInfo): Promise<void>;
  importSshConfig(): void;
  discover(): void;
  readonly jobs: PanelJobs;
  /** Asks first; false when the user thought better of it. */
  endProcess(which: ProcessToEnd): Promise<boolean>;
  exportMetrics(connectionId: string, hours: number): void;
  editProjectConfig(projectId: string): void;
  findProjects(): void;
  hasRemoteSsh(): boolean;
  /** Comes a moment after the rest. */
  readonly projects: Promise<PanelProjectActions>;
}

/** What it may ask about projects. */
export interface PanelProjectActions {
  /** Null when the user closes the dialog. */
  pickFolder(connectionId: string, path: string): Promise<string | null>;
  /** Asks first; false when the user thought better of it. */
  remove(projectId: string): Promise<boolean>;
  open(projectId: string, where: ProjectTarget): Promise<void>;
}

/** Settings that the page shows. */
export interface ChosenSettings {
  readonly palette: Palette;
  readonly target: OllamaTarget;
  /** Not checked yet. */
  readonly templates: Readonly<Record<string, unknown>>;
}

/** Jobs, and what the page may ask about them that needs the user. */
export interface PanelJobs {
  readonly list: Pick<JobList, 'all' | 'onDidChange'>;
  /** Asks for secrets that it lacks; false when the user thought better of it. */
  start(jobId: string): Promise<boolean>;
  /** Asks first; false when the user thought better of it. */
  remove(jobId: string): Promise<boolean>;
  /** Asks what to call it. */
  saveTemplate(template: JobTemplate): Promise<void>;
  /** Asks where to. */
  exportPoints(jobIds: readonly string[]): Promise<void>;
  /** Opens the plain log as an editor, or asks where to save it. */
  takeLog(jobId: string, how: 'open' | 'save'): Promise<void>;
}

const PAGE_SIDE = { requests: {}, notifications: panelNotifications } as const;
const HOST_SIDE = { requests: panelRequests, notifications: {} } as const;

/**
 * The window's end of the panel: answers its page, hands requests on to the engine, and keeps a page that can be seen
 * up to date with whole states. Knows no editor.
 */
export class PanelHost implements Disposable {
  private readonly peer: Peer<typeof HOST_SIDE, typeof PAGE_SIDE>;
  private readonly held: Disposable[];
  private isReady = false;
  private isVisible = true;
  private tab: Tab | null = null;
  private projectForm: { projectId: string | null } | undefined;
  private job: { view: 'job' | 'form'; jobId: string | null } | undefined;
  private form: { connectionId: string | null; found?: KnownOfNew } | undefined;

  constructor(
    channel: PageChannel,
    private readonly client: EngineClient,
    private readonly projects: Pick<ProjectList, 'all' | 'onDidChange'>,
    private readonly chosen: () => ChosenSettings,
    private readonly actions: PanelActions,
  ) {
    const messages = new PageMessages(channel);
    const connection = createMessageConnection(messages.reader, messages.writer);
    this.peer = new Peer(connection, HOST_SIDE, PAGE_SIDE, this.handlers(actions), {}, rpcRuntime);
    this.held = [
      this.peer,
      client.onDidChange(() => {
        this.sendState();
      }),
      projects.onDidChange(() => {
        this.sendState();
      }),
      actions.jobs.list.onDidChange(() => {
        this.sendState();
      }),
      client.on('jobs/logGrew', grown => {
        if (this.isListening) this.peer.notify('jobs/logGrew', grown);
      }),
      client.onDidSample(sample => {
        if (this.isListening) this.peer.notify('metrics/sampled', sample);
      }),
    ];
  }

  /** Shows a tab now, or as soon as the page is there. */
  showTab(tab: Tab): void {
    this.tab = tab;
    if (!this.isListening) return;
    this.peer.notify('panel/showTab', { tab });
    this.tab = null;
  }

  /** Opens the form, empty (`null`) or for a saved connection, now or as soon as the page is there. */
  showForm(connectionId: string | null, found?: KnownOfNew): void {
    this.form = { connectionId, ...(found && { found }) };
    if (this.isListening) this.sendForm();
  }

  /** The same with the form of a project. */
  showProjectForm(projectId: string | null): void {
    this.projectForm = { projectId };
    if (this.isListening) this.sendForm();
  }

  /** The same with a job or the form for one. */
  showJob(view: 'job' | 'form', jobId: string | null): void {
    this.job = { view, jobId };
    if (this.isListening) this.sendForm();
  }

  /** To be called when the panel is shown or hidden. A hidden page is gone; a new one asks for everything. */
  setVisible(visible: boolean): void {
    this.isVisible = visible;
    if (visible) this.sendState();
    else this.isReady = false;
  }

  /** Sends everything to a page that can be seen. */
  sendState(): void {
    if (this.isListening) this.peer.notify('panel/state', this.state());
  }

  dispose(): void {
    for (const item of this.held) item.dispose();
  }

  private get isListening(): boolean {
    return this.isReady && this.isVisible;
  }

  private state(): PanelState {
    const { snapshot, status } = this.client;
    const { palette, target, templates } = this.chosen();
    // with nothing saved there is no engine to be missed
    return {
      snapshot,
      ...{ palette, target },
      engineUp: status.state === 'up' || status.state === 'none',
      projects: [...this.projects.all],
      hasRemoteSsh: this.actions.hasRemoteSsh(),
      jobs: [...this.actions.jobs.list.all],
      templates: templatesOf(templates),
    };
  }

  private sendForm(): void {
    if (this.form) this.peer.notify('panel/showForm', this.form);
    this.form = undefined;
    if (this.projectForm) this.peer.notify('panel/showProjectForm', this.projectForm);
    this.projectForm = undefined;
    if (this.job) this.peer.notify('panel/showJob', this.job);
    this.job = undefined;
  }

  private handlers(actions: PanelActions): Handlers<typeof panelRequests> {
    const { client } = this;
    // requests are not cancelled when the page goes away: the user has asked, and hiding the panel is no answer
    return {
      'panel/ready': () => {
        this.isReady = true;
        const { tab } = this;
        this.tab = null;
        // after the answer, which the page draws itself from
        setImmediate(() => {
          this.sendForm();
        });
        return { state: this.state(), tab };
      },
      'panel/pickKeyFile': async () => await actions.pickKeyFile(),
      'panel/deleteConnection': async ({ connectionId }) => await actions.deleteConnection(connectionId),
      'panel/copyEndpoint': async () => {
        await actions.copyEndpoint();
        return null;
      },
      'panel/selectTarget': async ({ target }) => {
        await actions.selectTarget(target);
        return null;
      },
      'panel/showLog': () => {
        actions.showLog();
        return null;
      },
      'panel/importSshConfig': () => {
        actions.importSshConfig();
        return null;
      },
      'panel/discover': () => {
        actions.discover();
        return null;
      },
      'panel/openKnownHosts': async ({ connectionId }) => {
        const error = client.connection(connectionId)?.status.error;
        if (error) await actions.openKnownHosts(error);
        return null;
      },
      'panel/pickRemoteFolder': async ({ connectionId, path }) =>
        await (await actions.projects).pickFolder(connectionId, path),
      'panel/openProject': async ({ projectId, where }) => {
        await (await actions.projects).open(projectId, where);
        return null;
      },
      'panel/deleteProject': async ({ projectId }) => await (await actions.projects).remove(projectId),
      'panel/editProjectConfig': ({ projectId }) => {
        actions.editProjectConfig(projectId);
        return null;
      },
      'panel/findProjects': () => {
        actions.findProjects();
        return null;
      },
      'projects/create': async params => await client.request('projects/create', params),
      'projects/update': async params => await client.request('projects/update', params),
      'projects/duplicate': async params => await client.request('projects/duplicate', params),
      'projects/getConfig': async params => await client.request('projects/getConfig', params),
      'panel/startJob': async ({ jobId }) => await actions.jobs.start(jobId),
      'panel/deleteJob': async ({ jobId }) => await actions.jobs.remove(jobId),
      'panel/saveTemplate': async template => {
        await actions.jobs.saveTemplate(template);
        return null;
      },
      'panel/exportPoints': async ({ jobIds }) => {
        await actions.jobs.exportPoints(jobIds);
        return null;
      },
      'panel/takeLog': async ({ jobId, how }) => {
        await actions.jobs.takeLog(jobId, how);
        return null;
      },
      'jobs/create': async params => await client.request('jobs/create', params),
      'jobs/update': async params => await client.request('jobs/update', params),
      'jobs/stop': async params => await client.request('jobs/stop', params),
      'jobs/duplicate': async params => await client.request('jobs/duplicate', params),
      'jobs/readLog': async params => await client.request('jobs/readLog', params),
      'jobs/points': async params => await client.request('jobs/points', params),
      'jobs/usage': async params => await client.request('jobs/usage', params),
      'connections/create': async params => await client.request('connections/create', params),
      'connections/update': async params => await client.request('connections/update', params),
      'connections/connect': async params => await client.request('connections/connect', params),
      'connections/disconnect': async params => await client.request('connections/disconnect', params),
      'connections/setActive': async params => await client.request('connections/setActive', params),
      'ollama/health': async params => await client.request('ollama/health', params),
      'panel/endProcess': async which => await actions.endProcess(which),
      'panel/exportMetrics': ({ connectionId, hours }) => {
        actions.exportMetrics(connectionId, hours);
        return null;
      },
      'alerts/list': async params => await client.request('alerts/list', params),
      'metrics/details': async params => await client.request('metrics/details', params),
      'metrics/series': async params => await client.request('metrics/series', params),
      'metrics/recent': async params => await client.request('metrics/recent', params),
    };
  }
}
