import {
  AbstractMessageReader,
  AbstractMessageWriter,
  CancellationTokenSource,
  ResponseError,
  createMessageConnection,
  type DataCallback,
  type Disposable,
  type Message,
} from 'vscode-jsonrpc/node';
import { type Page } from 'playwright-core';
import { type Alert } from '../../src/shared/alerts.js';
import { type ConnectionView } from '../../src/shared/connection.js';
import { type Endpoint } from '../../src/shared/contract.js';
import { type EndpointHealth, type OllamaTarget } from '../../src/shared/ollama.js';
import { type Job, type JobPoint, type JobTemplate, type JobUsage } from '../../src/shared/jobs.js';
import { SparkError } from '../../src/shared/errors.js';
import { type MachineDetails } from '../../src/shared/details.js';
import { type Series, type SeriesQuery } from '../../src/shared/history.js';
import { type Sample } from '../../src/shared/metrics.js';
import {
  panelNotifications,
  panelRequests,
  type PanelState,
  type Tab,
  type KnownOfNew,
} from '../../src/shared/panel.js';
import { type Project, type ProjectData } from '../../src/shared/projects.js';
import { project } from './fixtures.js';
import { Peer, type Handlers } from '../../src/shared/peer.js';
import { emptySeries, job, ollama } from './fixtures.js';

const LOCAL = { requests: panelRequests, notifications: {} } as const;
const REMOTE = { requests: {}, notifications: panelNotifications } as const;
type Requests = typeof panelRequests;

function projectFields({
  connectionId,
  name,
  description,
  projectType,
  remotePath,
  status,
}: ProjectData): Partial<Project> {
  return { connectionId, name, description, projectType, remotePath, status };
}

interface Call {
  readonly method: string;
  readonly params: unknown;
}

class PageReader extends AbstractMessageReader {
  private callback: DataCallback | undefined;

  listen(callback: DataCallback): Disposable {
    this.callback = callback;
    return { dispose: () => (this.callback = undefined) };
  }

  receive(message: Message): void {
    this.callback?.(message);
  }
}

class PageWriter extends AbstractMessageWriter {
  private readonly page: Page;

  constructor(page: Page) {
    super();
    this.page = page;
  }

  async write(message: Message): Promise<void> {
    await this.page.evaluate(data => {
      window.postMessage(data, '*');
    }, message);
  }

  end(): void {
    // the page ends with the test
  }
}

/** Plays the window of the panel through the real contract: answers what the page asks and remembers it. */
export class FakeHost {
  readonly calls: Call[] = [];
  connections: ConnectionView[] = [];
  endpoint: Endpoint = { url: 'http://localhost:11434', source: 'local', connectionId: null };
  palette: PanelState['palette'] = 'theme';
  target: OllamaTarget = 'auto';
  health: EndpointHealth = { local: ollama({ url: 'http://localhost:11434' }), dgx: null };
  engineUp = true;
  jobs: Job[] = [];
  /** The log of every job. */
  log = Buffer.from('');
  /** By the id of the job; of any other none. */
  points: Record<string, JobPoint[]> = {};
  usage: JobUsage[] = [];
  templates: JobTemplate[] = [];
  /** Configuration of every project. */
  projectConfig = '{}';
  tab: Tab | null = null;
  projects: Project[] = [];
  hasRemoteSsh = false;
  /** The folder that the user finds when they browse. */
  folder: string | null = '/home/nvidia/llama';
  recent = new Map<string, Sample[]>();
  alerts: Alert[] = [];
  details = new Map<string, MachineDetails>();
  series: (query: SeriesQuery) => Series = () => emptySeries();
  keyFile: string | null = '/home/me/.ssh/id_spark';
  /** Answers that differ from the usual ones. */
  answers: Partial<Handlers<Requests>> = {};
  private readonly reader = new PageReader();
  private readonly peer: Peer<typeof LOCAL, typeof REMOTE>;
  private waiting: (() => void)[] = [];

  constructor(page: Page) {
    const connection = createMessageConnection(this.reader, new PageWriter(page));
    this.peer = new Peer(connection, LOCAL, REMOTE, this.handlers(), {}, { CancellationTokenSource, ResponseError });
  }

  receive(message: unknown): void {
    this.reader.receive(message as Message);
  }

  state(): PanelState {
    return {
      snapshot: { connections: this.connections, endpoint: this.endpoint, forwards: [] },
      palette: this.palette,
      target: this.target,
      engineUp: this.engineUp,
      projects: this.projects,
      hasRemoteSsh: this.hasRemoteSsh,
      jobs: this.jobs,
      templates: this.templates,
    };
  }

  /** Tells the page the state as it is now. */
  announce(): void {
    this.peer.notify('panel/state', this.state());
  }

  sampled(sample: Sample): void {
    this.peer.notify('metrics/sampled', sample);
  }

  showForm(connectionId: string | null, found?: KnownOfNew): void {
    this.peer.notify('panel/showForm', { connectionId, ...(found && { found }) });
  }

  showProjectForm(projectId: string | null): void {
    this.peer.notify('panel/showProjectForm', { projectId });
  }

  showTab(tab: Tab): void {
    this.peer.notify('panel/showTab', { tab });
  }

  showJob(view: 'job' | 'form', jobId: string | null): void {
    this.peer.notify('panel/showJob', { view, jobId });
  }

  /** The log has grown. */
  print(jobId: string, text: string): void {
    this.log = Buffer.concat([this.log, Buffer.from(text)]);
    this.peer.notify('jobs/logGrew', { jobId, size: this.log.length });
  }

  /** The parameters of the first call of `method`, as soon as it has come. */
  async called(method: keyof Requests): Promise<unknown> {
    for (;;) {
      const found = this.calls.find(call => call.method === method);
      if (found) return found.params;
      await new Promise<void>(resolve => this.waiting.push(resolve));
    }
  }

  count(method: keyof Requests): number {
    return this.calls.filter(call => call.method === method).length;
  }

  dispose(): void {
    this.peer.dispose();
  }

  private handlers(): Handlers<Requests> {
    const usual: Handlers<Requests> = {
      'panel/ready': () => ({ state: this.state(), tab: this.tab }),
      'panel/pickKeyFile': () => this.keyFile,
      'panel/deleteConnection': () => true,
      'panel/copyEndpoint': () => null,
      'panel/selectTarget': ({ target }) => {
        this.target = target;
        this.announce();
        return null;
      },
      'panel/showLog': () => null,
      'panel/openKnownHosts': () => null,
      'panel/importSshConfig': () => null,
      'panel/discover': () => null,
      'panel/pickRemoteFolder': () => this.folder,
      'panel/openProject': () => null,
      'panel/deleteProject': () => true,
      'panel/editProjectConfig': () => null,
      'panel/findProjects': () => null,
      'projects/create': data => {
        const created = project({ id: 'created', ...projectFields(data) });
        this.projects = [created, ...this.projects];
        this.announce();
        return created;
      },
      'projects/update': ({ projectId, changes }) => {
        const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
        this.projects = this.projects.map(one => (one.id === projectId ? { ...one, ...given } : one));
        this.announce();
        return this.projects.find(one => one.id === projectId)!;
      },
      'projects/duplicate': ({ projectId }) => {
        const copied = this.projects.find(one => one.id === projectId)!;
        const copy = { ...copied, id: 'copy', name: `${copied.name} copy` };
        this.projects = [copy, ...this.projects];
        this.announce();
        return copy;
      },
      'connections/create': data => {
        const saved: ConnectionView = {
          ...data,
          id: 'created',
          isActive: false,
          wanted: false,
          keyStored: false,
          lastAddress: null,
          lastConnectedAt: null,
          createdAt: 0,
          updatedAt: 0,
          status: { state: 'disconnected', since: 0, tunnel: { state: 'closed' } },
        };
        this.connections = [...this.connections, saved];
        this.announce();
        return saved;
      },
      'connections/update': ({ connectionId }) => {
        const saved = this.connections.find(one => one.id === connectionId);
        if (!saved) throw new SparkError({ code: 'notFound', message: 'There is no such connection.' });
        return saved;
      },
      'connections/connect': () => ({ state: 'connected', since: Date.now(), tunnel: { state: 'closed' } }),
      'connections/disconnect': () => null,
      'connections/setActive': () => null,
      'ollama/health': () => this.health,
      'panel/endProcess': () => true,
      'panel/exportMetrics': () => null,
      'alerts/list': () => this.alerts,
      'metrics/details': ({ connectionId }) => this.details.get(connectionId) ?? null,
      'metrics/series': query => this.series(query),
      'panel/startJob': () => true,
      'panel/deleteJob': () => true,
      'jobs/create': data => {
        const made = job({ ...data, id: 'created', status: 'pending', run: 0 });
        this.jobs = [made, ...this.jobs];
        this.announce();
        return made;
      },
      'jobs/update': ({ jobId }) => job({ id: jobId }),
      'jobs/stop': ({ jobId }) => job({ id: jobId, status: 'stopping' }),
      'jobs/duplicate': () => job({ id: 'copy', name: 'A copy', status: 'pending' }),
      'jobs/readLog': ({ offset, length }) => {
        const from = offset ?? Math.max(0, this.log.length - length);
        const data = this.log.subarray(from, from + length).toString('base64');
        return { data, offset: from, size: this.log.length, generation: '1' };
      },
      'jobs/points': ({ jobId }) => this.points[jobId] ?? [],
      'jobs/usage': () => this.usage,
      'projects/getConfig': () => ({ text: this.projectConfig, revision: 1 }),
      'panel/saveTemplate': () => null,
      'panel/exportPoints': () => null,
      'panel/takeLog': () => null,
      'metrics/recent': ({ connectionId }) => this.recent.get(connectionId) ?? [],
    };
    const recording = Object.keys(usual).map(name => {
      const method = name as keyof Requests;
      const answer = (params: unknown, signal: AbortSignal): unknown => {
        this.calls.push({ method, params });
        const waiting = this.waiting;
        this.waiting = [];
        for (const resolve of waiting) resolve();
        const handler = (this.answers[method] ?? usual[method]) as (params: unknown, signal: AbortSignal) => unknown;
        return handler(params, signal);
      };
      return [method, answer] as const;
    });
    return Object.fromEntries(recording) as unknown as Handlers<Requests>;
  }
}
