import { ensureToken } from '../link/token.js';
import type { EngineArguments } from '../link/startEngine.js';
import { versionsOf } from '../link/versions.js';
import { securePrivateFolder } from '../link/address.js';
import type { EngineInfo, Snapshot } from '../shared/contract.js';
import { SparkError } from '../shared/errors.js';
import { DEFAULT_ENGINE_SETTINGS, type EngineSettings } from '../shared/settings.js';
import { systemClock } from './base/clock.js';
import { DisposableStore } from './base/disposable.js';
import { watchNetwork } from './base/networkWatch.js';
import { watchWake } from './base/wakeWatch.js';
import type { Logger } from './base/logger.js';
import { ChainService } from './chains/chainService.js';
import { AlertService } from './alerts/alertService.js';
import { ConnectionService } from './connections/connectionService.js';
import { ContainerService } from './containers/containerService.js';
import { shellIn } from './containers/shell.js';
import { FileService } from './files/fileService.js';
import { TransferService } from './files/transfers/transferService.js';
import { ForwardService } from './forwards/forwardService.js';
import { JobService } from './jobs/jobService.js';
import { killProcess } from './metrics/killProcess.js';
import { MetricsService } from './metrics/metricsService.js';
import { machineHook } from './notify/machineHook.js';
import { Outside } from './notify/outside.js';
import { OllamaService } from './ollama/ollamaService.js';
import { ProjectService } from './projects/projectService.js';
import { keychainOf } from './server/keychain.js';
import { LogLines } from './server/logLines.js';
import { Linger } from './server/linger.js';
import { engineHandlers } from './server/engineHandlers.js';
import { terminalListeners } from './server/terminalHandlers.js';
import { type Tell, tellWindows } from './server/tellWindows.js';
import { TerminalService } from './terminals/terminalService.js';
import { bindSocket, type SocketServer } from './server/socketServer.js';
import { Windows } from './server/windows.js';
import { diagnoser, finders, keyTools } from './tools.js';
import { createSshConnector } from './ssh/connector.js';
import { quote } from './ssh/quote.js';
import { run } from './ssh/run.js';
import { openStore } from './store/openStore.js';
import type { Store } from './store/types.js';
import { findFreePort } from './tunnel/loopbackListener.js';
import { portHolder } from './tunnel/portHolder.js';
import { openTunnel, swapListeners } from './tunnel/tunnel.js';

/**
 * Composition root of the engine: makes the parts, in the order in which they need each other, and lets go of them in
 * the reverse order.
 */
export class Engine {
  private readonly held = new DisposableStore();
  private readonly log: Logger;
  private readonly windows: Windows;
  private readonly startedAt = systemClock.now();
  private settings: EngineSettings = DEFAULT_ENGINE_SETTINGS;
  private readonly linger: Linger | undefined;
  private stopping: Promise<void> | undefined;
  private onStopped: () => void = () => undefined;
  private readonly metrics: MetricsService;
  private readonly connections: ConnectionService;
  private readonly alerts: AlertService;
  private readonly outside: Outside;
  private readonly forwards: ForwardService;
  private readonly ollama: OllamaService;
  private readonly containers: ContainerService;
  private readonly jobs: JobService;
  private readonly files: FileService;
  private readonly transfers: TransferService;
  private readonly projects: ProjectService;
  private readonly terminals: TerminalService;
  private readonly chains: ChainService;
  private pendingNotices: string[];

  /** Resolves when the engine has ended, whoever asked for it. */
  readonly stopped = new Promise<void>(resolve => {
    this.onStopped = resolve;
  });

  static async start(options: EngineArguments): Promise<Engine> {
    await securePrivateFolder(options.storageFolder);
    const token = await ensureToken(options.storageFolder);
    // strangers who connect while the database is being opened wait for their handshake
    const waiting: Parameters<Windows['accept']>[0][] = [];
    let accept: Windows['accept'] = socket => {
      waiting.push(socket);
    };
    const server = await bindSocket(
      options.storageFolder,
      socket => {
        accept(socket);
      },
      systemClock,
    );
    try {
      const lines = new LogLines(systemClock);
      // the settings come with the first window, after the store has been opened
      const retention: Retention = { days: DEFAULT_ENGINE_SETTINGS.retentionDays };
      const store = await openStore({
        folder: options.storageFolder,
        clock: systemClock,
        log: lines.log.scope('store'),
        retentionDays: () => retention.days,
      });
      const engine = new Engine(options, token, server, store, retention, lines);
      accept = socket => {
        engine.windows.accept(socket);
      };
      waiting.forEach(accept);
      return engine;
    } catch (error) {
      server.dispose();
      for (const socket of waiting) socket.destroy();
      throw error;
    }
  }

  private constructor(
    private readonly options: EngineArguments,
    token: string,
    server: SocketServer,
    private readonly store: Store,
    private readonly retention: Retention,
    lines: LogLines,
  ) {
    const { log } = lines;
    this.log = log;
    this.held.add(server);
    // an engine inside a window ends with it, not before
    this.linger =
      options.location === 'window'
        ? undefined
        : new Linger(
            systemClock,
            () => this.lingerSeconds,
            () => void this.stop(),
          );
    this.pendingNotices = [...store.notices];
    this.windows = this.held.add(
      new Windows(
        token,
        versionsOf(options.extensionVersion),
        window =>
          engineHandlers(
            {
              ...{ engine: this, windows: this.windows, connections: this.connections, metrics: this.metrics, store },
              ...{ files: this.files, transfers: this.transfers, projects: this.projects, terminals: this.terminals },
              ...{ forwards: this.forwards, ollama: this.ollama, alerts: this.alerts, chains: this.chains },
              endProcess: async (session, which) => await killProcess(run, session, which),
              ...{ containers: this.containers, shellIn, jobs: this.jobs, outside: this.outside },
              ...finders(log.scope('discovery')),
            },
            window,
          ),
        window => terminalListeners(this.terminals, window),
        async () => {
          await this.stop();
        },
        log.scope('windows'),
      ),
    );
    lines.sendTo(this.windows);
    this.metrics = this.held.add(
      new MetricsService({ repository: store.metrics, clock: systemClock, log: log.scope('metrics') }),
    );
    const keychain = keychainOf(this.windows, log.scope('keychain'));
    this.connections = this.held.add(
      new ConnectionService({
        repository: store.connections,
        connector: createSshConnector({ log: log.scope('ssh') }),
        keychain,
        metrics: this.metrics,
        tunnels: { openTunnel, swapListeners, findFreePort, portHolder },
        keys: keyTools(),
        diagnose: diagnoser(() => this.settings, options.extensionVersion),
        clock: systemClock,
        log,
        settings: () => this.settings,
      }),
    );
    this.chains = this.held.add(
      new ChainService({
        around: {
          snapshot: () => this.snapshot(),
          onDidChange: this.connections.onDidChange,
          target: () => this.settings.target,
        },
        clock: systemClock,
        log: log.scope('chains'),
      }),
    );
    const { connections } = this;
    const settings = () => this.settings;
    const forward = async (id: string, host: string, port: number) => await connections.forward(id, host, port);
    const machine = (id: string) => connections.snapshot().connections.find(one => one.id === id)?.name ?? 'A machine';
    const reach = {
      session: (id: string) => connections.session(id),
      used: (id: string) => connections.used(id),
      ...{ run, clock: systemClock },
    };
    this.forwards = this.held.add(
      new ForwardService({
        ...{ ...reach, repository: store.forwards, tools: { openTunnel, findFreePort }, log: log.scope('forwards') },
        route: forward,
      }),
    );
    this.ollama = this.held.add(
      new OllamaService({
        ...reach,
        place: id => ({ name: connections.get(id).name, ...connections.ollamaAddress(id) }),
        ...{ forward, sample: id => this.metrics.latest(id) },
      }),
    );
    this.containers = this.held.add(new ContainerService({ ...reach, name: id => connections.get(id).name }));
    const over = { sessions: this.connections, clock: systemClock };
    this.files = new FileService({ ...over, log: log.scope('files') });
    this.transfers = this.held.add(
      new TransferService({
        ...over,
        log: log.scope('transfers'),
        leaveBehind: (connectionId, paths) => this.files.leaveBehind(connectionId, paths),
      }),
    );
    this.projects = this.held.add(
      new ProjectService({
        repository: store.projects,
        list: async (connectionId, path) => await this.files.list(connectionId, path),
      }),
    );
    this.terminals = this.held.add(new TerminalService(this.connections, systemClock));
    this.alerts = this.held.add(
      new AlertService({
        ...{ clock: systemClock, settings, repository: store.alerts, log: log.scope('alerts') },
      }),
    );
    this.held.add(
      this.metrics.onDidSample(sample => {
        this.alerts.take(sample);
        this.ollama.take(sample);
      }),
    );
    this.held.add(this.metrics.onDidReadDetails(details => this.alerts.takeDetails(details)));
    this.held.add(this.alerts.onDidRaise(alert => this.windows.preferred?.peer.notify('alerts/raised', alert)));
    this.jobs = this.held.add(
      new JobService({
        ...{ ...reach, repository: store.jobs, quote, log: log.scope('jobs') },
        keychain,
        hook: async job => await machineHook(job, { keychain, machine, format: () => this.settings.webhookFormat }),
        recorded: (id, recorded) => this.metrics.addRecorded(id, recorded),
      }),
    );
    this.held.add(this.jobs.onDidChange(() => this.projects.refresh()));
    this.held.add(this.metrics.onDidSample(({ connectionId, gpus }) => this.jobs.gpusAre(connectionId, gpus.length)));
    this.outside = this.held.add(
      new Outside({
        ...{ settings, clock: systemClock, log: log.scope('notify') },
        ...{ keychain, machine, jobs: this.jobs, onDidRaise: this.alerts.onDidRaise },
        complain: message => this.windows.preferred?.peer.notify('notice/show', { severity: 'warning', message }),
      }),
    );
    const look = () => {
      this.connections.checkLinks();
    };
    this.held.add(watchWake(look));
    this.held.add(watchNetwork(look));
    this.held.add(
      this.connections.onDidChange(snapshot => {
        this.forwards.follow(snapshot.connections);
        this.ollama.follow(snapshot.connections);
        this.containers.follow(snapshot.connections);
        this.jobs.follow(snapshot.connections);
        this.alerts.follow(snapshot.connections);
        this.tell('state/changed', this.snapshot());
        // those of a connection that was deleted have gone with it
        this.projects.refresh();
      }),
    );
    this.held.add(
      this.projects.onDidChange(projects => {
        this.jobs.refresh();
        this.tell('projects/changed', { projects });
      }),
    );
    this.held.add(this.forwards.onDidChange(() => this.tell('state/changed', this.snapshot())));
    const { chains, forwards, ollama, containers, metrics, transfers, jobs } = this;
    this.held.add(tellWindows({ chains, forwards, ollama, containers, metrics, transfers, jobs }, this.tell));
    this.held.add(
      this.windows.onDidChange(() => {
        this.whenWindowsChange();
      }),
    );
    server.displaced.addEventListener('abort', () => {
      log.warn('Another engine has taken the place of this one.');
      void this.stop();
    });
    this.whenWindowsChange();
  }

  snapshot(): Snapshot {
    return { ...this.connections.snapshot(), forwards: this.forwards.views() };
  }

  info(): EngineInfo {
    return {
      pid: process.pid,
      version: this.options.extensionVersion,
      contractVersion: versionsOf(this.options.extensionVersion).contract,
      clients: this.windows.all.length,
      location: this.options.location,
      startedAt: this.startedAt,
    };
  }

  /** Takes new settings; the first ones also bring back what was connected. */
  configure(settings: EngineSettings): void {
    this.settings = settings;
    this.retention.days = settings.retentionDays;
    this.metrics.configure({
      pollIntervalMs: settings.pollIntervalSeconds * 1000,
      persistIntervalMs: settings.persistIntervalSeconds * 1000,
    });
    this.connections.settingsChanged();
  }

  /** Something failed where nobody waits for it. It is told to the log, and the work of all windows goes on. */
  reportUnexpected(error: unknown): void {
    this.log.error(`Unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }

  /** Ends in an orderly way; never rejects. What is connected now is connected again by the next engine. */
  async stop(): Promise<void> {
    this.stopping ??= this.end();
    await this.stopping;
  }

  private readonly tell: Tell = (method, params) => {
    for (const window of this.windows.all) window.peer.notify(method, params);
  };

  private async end(): Promise<void> {
    this.log.info('The engine ends.');
    this.linger?.dispose();
    try {
      await this.chains.close();
      this.connections.dispose();
      await this.store.close();
    } catch (error) {
      this.log.error(`Not everything could be saved: ${SparkError.toInfo(error).message}`);
    }
    try {
      this.held.dispose();
    } catch (error) {
      this.reportUnexpected(error);
    }
    this.onStopped();
  }

  private whenWindowsChange(): void {
    const { all } = this.windows;
    const [leader] = all;
    if (leader)
      for (const message of this.pendingNotices.splice(0))
        leader.peer.notify('notice/show', { severity: 'warning', message });
    this.linger?.windowsAre(all.length);
  }

  private get lingerSeconds(): number {
    const isConfigured = this.settings !== DEFAULT_ENGINE_SETTINGS;
    return (isConfigured ? this.settings : this.options).lingerSeconds;
  }
}

interface Retention {
  days: number;
}
