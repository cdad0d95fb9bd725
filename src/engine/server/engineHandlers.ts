import type { EngineInfo, Snapshot } from '../../shared/contract.js';
import { SparkError } from '../../shared/errors.js';
import type { FoundSpark, SshConfigList } from '../../shared/discovery.js';
import type { EngineSettings } from '../../shared/settings.js';
import type { ChainService } from '../chains/chainService.js';
import type { AlertService } from '../alerts/alertService.js';
import type { ConnectionService } from '../connections/connectionService.js';
import type { ContainerService } from '../containers/containerService.js';
import type { ForwardService } from '../forwards/forwardService.js';
import type { JobService } from '../jobs/jobService.js';
import type { ProcessToEnd } from '../metrics/killProcess.js';
import type { MetricsService } from '../metrics/metricsService.js';
import type { OllamaService } from '../ollama/ollamaService.js';
import type { Outside } from '../notify/outside.js';
import type { SshSession } from '../ssh/types.js';
import type { Store } from '../store/types.js';
import type { ProjectService } from '../projects/projectService.js';
import type { TerminalService } from '../terminals/terminalService.js';
import { fileHandlers, type FileHandlerParts } from './fileHandlers.js';
import { projectHandlers } from './projectHandlers.js';
import { chainHandlers } from './chainHandlers.js';
import { askThrough } from './questions.js';
import { terminalHandlers } from './terminalHandlers.js';
import type { EngineHandlers, Window, Windows } from './windows.js';

export interface HandlerParts extends FileHandlerParts {
  readonly engine: {
    info(): EngineInfo;
    snapshot(): Snapshot;
    stop(): Promise<void>;
    configure(settings: EngineSettings): void;
  };
  readonly windows: Windows;
  readonly connections: ConnectionService;
  readonly metrics: MetricsService;
  readonly forwards: ForwardService;
  readonly ollama: OllamaService;
  readonly containers: ContainerService;
  /** What starts a shell inside a container, in a terminal of its machine. */
  readonly shellIn: (container: string) => readonly string[];
  readonly jobs: JobService;
  readonly chains: ChainService;
  /** Ends a program on a machine. */
  readonly endProcess: (session: SshSession, which: ProcessToEnd) => Promise<void>;
  readonly alerts: AlertService;
  readonly outside: Outside;
  readonly store: Store;
  readonly sshConfig: { list(): Promise<SshConfigList> };
  readonly projects: ProjectService;
  readonly terminals: TerminalService;
  readonly discovery: { find(signal: AbortSignal): Promise<FoundSpark[]> };
}

/**
 * What the engine does for each request of the contract.
 * @param window the one that asks: questions which its actions raise go there
 */
export function engineHandlers(parts: HandlerParts, window: () => Window): EngineHandlers {
  const { engine, windows, connections, metrics, forwards, ollama, containers, alerts, jobs, store } = parts;
  const ask = () => askThrough(windows, window());
  const printTo = (streamId: string, signal: AbortSignal) => ({
    signal,
    onText: (text: string) => window().peer.notify('containers/output', { streamId, text }),
  });
  return {
    'engine/info': () => engine.info(),
    'engine/shutdown': () => {
      // answered first: the end closes the connection that carries the answer
      setImmediate(() => void engine.stop());
      return null;
    },
    'engine/flush': async () => {
      await store.flush();
      return null;
    },

    'state/get': () => engine.snapshot(),

    'connections/list': () => connections.snapshot().connections,
    'connections/get': ({ connectionId }) => connections.get(connectionId),
    'connections/create': async data => await connections.create(data),
    'connections/update': async ({ connectionId, changes }) => await connections.update(connectionId, changes, ask()),
    'connections/delete': async ({ connectionId }) => {
      await connections.delete(connectionId);
      return null;
    },
    'connections/connect': async ({ connectionId, offerChoices }, signal) =>
      await connections.connect(connectionId, { ask: ask(), offerChoices, signal }),
    'connections/disconnect': async ({ connectionId }) => {
      await connections.disconnect(connectionId);
      return null;
    },
    'connections/status': ({ connectionId }) => connections.status(connectionId),
    'connections/test': async ({ connectionId }, signal) => await connections.test(connectionId, ask(), signal),
    'connections/setActive': async ({ connectionId }) => {
      await connections.setActive(connectionId);
      return null;
    },
    'connections/forgetSecrets': async ({ connectionId, keepKeys }) => {
      await connections.forgetSecrets(connectionId, keepKeys);
      // what belongs to no connection goes when all goes
      if (connectionId === undefined) await Promise.all([parts.jobs.forgetSecrets(), parts.outside.forgetSecrets()]);
      return null;
    },
    'connections/setUpKey': async ({ connectionId, keyPath }, signal) =>
      await connections.setUpKey(connectionId, keyPath, ask(), signal),
    'connections/storeKey': async ({ connectionId }) => {
      await connections.storeKey(connectionId);
      return null;
    },
    'connections/diagnose': async ({ connectionId }, signal) => await connections.diagnose(connectionId, ask(), signal),

    'sshConfig/list': async () => await parts.sshConfig.list(),
    'discovery/find': async (_nothing, signal) => await parts.discovery.find(signal),

    'tunnel/start': async ({ connectionId, localPort, remotePort }) => ({
      localPort: await connections.startTunnel(connectionId, localPort, remotePort),
    }),
    'tunnel/stop': ({ connectionId }) => {
      connections.stopTunnel(connectionId);
      return null;
    },

    'forwards/add': async ({ connectionId, forward }) => ({ localPort: await forwards.add(connectionId, forward) }),
    'forwards/remove': async ({ connectionId, forward }) => ({
      localPort: await forwards.remove(connectionId, forward),
    }),
    'forwards/offers': async ({ connectionId }, signal) =>
      await forwards.offers(connectionId, connections.ollamaAddress(connectionId).port, signal),

    'ollama/health': async () =>
      await ollama.health(connections.snapshot().connections.find(({ isActive }) => isActive)),
    'ollama/models': async ({ connectionId, fresh }) => await ollama.models(connectionId, fresh),
    'ollama/show': async ({ connectionId, model }, signal) => await ollama.show(connectionId, model, signal),
    'ollama/memory': async ({ connectionId }, signal) => await ollama.memory(connectionId, signal),
    'ollama/checkMemory': async ({ connectionId, model, contextTokens }, signal) =>
      await ollama.checkMemory(connectionId, model, contextTokens, signal),
    'ollama/unload': async ({ connectionId, model }, signal) => {
      await ollama.unload(connectionId, model, signal);
      return null;
    },
    'ollama/delete': async ({ connectionId, model }, signal) => {
      await ollama.delete(connectionId, model, signal);
      return null;
    },
    'ollama/pull': async ({ connectionId, model }) => {
      await ollama.pull(connectionId, model);
      return null;
    },
    'ollama/cancelPull': ({ connectionId, model }) => {
      ollama.cancelPull(connectionId, model);
      return null;
    },
    'ollama/pulls': () => ollama.pulling,
    'ollama/chat': async (chat, signal) =>
      await ollama.chat(
        chat,
        part => window().peer.notify('ollama/chatPart', { streamId: chat.streamId, part }),
        signal,
      ),

    'containers/list': async ({ connectionId }, signal) => await containers.list(connectionId, signal),
    'containers/usage': async ({ connectionId }, signal) => await containers.usage(connectionId, signal),
    'containers/act': async ({ connectionId, container, action }, signal) => {
      await containers.act(connectionId, container, action, signal);
      return null;
    },
    'containers/inspect': async ({ connectionId, container }, signal) =>
      await containers.inspect(connectionId, container, signal),
    'containers/followLogs': async ({ connectionId, container, streamId, tail }, signal) => {
      await containers.followLogs(connectionId, container, tail, printTo(streamId, signal));
      return null;
    },
    'containers/run': async ({ connectionId, run }, signal) => ({
      containerId: await containers.run(connectionId, run, signal),
    }),
    'containers/images': async ({ connectionId }, signal) => await containers.images(connectionId, signal),
    'containers/pull': async ({ connectionId, image, streamId }, signal) => {
      await containers.pull(connectionId, image, printTo(streamId, signal));
      return null;
    },
    'containers/removeImage': async ({ connectionId, image }, signal) => {
      await containers.removeImage(connectionId, image, signal);
      return null;
    },
    'containers/pruneImages': async ({ connectionId }, signal) => await containers.pruneImages(connectionId, signal),
    'jobs/list': of => jobs.list(of),
    'jobs/get': ({ jobId }) => jobs.get(jobId),
    'jobs/create': async data => await jobs.create(data),
    'jobs/update': async ({ jobId, changes }) => await jobs.update(jobId, changes),
    'jobs/start': async ({ jobId }) => await jobs.start(jobId),
    'jobs/stop': async ({ jobId }) => await jobs.stop(jobId),
    'jobs/delete': async ({ jobId, remoteFiles }) => {
      await jobs.delete(jobId, remoteFiles);
      return null;
    },
    'jobs/adoptable': async ({ connectionId }) => await jobs.adoptable(connectionId),
    'jobs/adopt': async adoption => await jobs.adopt(adoption),
    'jobs/duplicate': async ({ jobId }) => await jobs.duplicate(jobId),
    'jobs/markTold': async ({ jobId }) => await jobs.markTold(jobId),
    'jobs/missingSecrets': async ({ jobId }) => await jobs.missingSecrets(jobId),
    'jobs/setSecret': async ({ name, value }) => {
      await jobs.setSecret(name, value);
      return null;
    },
    'jobs/readLog': async ({ jobId, offset, length }) => await jobs.readLog(jobId, offset, length),
    'jobs/points': async ({ jobId }) => await jobs.points(jobId),
    'jobs/usage': async ({ jobId }) => await jobs.usage(jobId),
    'jobs/memoryNeed': async ({ jobId }) => await jobs.memoryNeed(jobId),

    'metrics/latest': ({ connectionId }) => metrics.latest(connectionId) ?? null,
    'metrics/recent': ({ connectionId }) => [...metrics.recent(connectionId)],
    'metrics/history': ({ connectionId, hours }) => store.metrics.history(connectionId, hours),
    'metrics/details': ({ connectionId, refresh }) => metrics.lookAtDetails(connectionId, refresh),
    'metrics/series': query => metrics.series(query),
    'metrics/export': async (query, signal) => ({ rows: await metrics.export(query, signal) }),
    'metrics/endProcess': async ({ connectionId, ...which }) => {
      const session = connections.session(connectionId);
      if (!session) throw new SparkError({ code: 'notConnected', message: 'The machine is not connected.' });
      await parts.endProcess(session, which);
      metrics.refreshDetails(connectionId);
      return null;
    },
    'metrics/cleanUp': ({ days }) => ({ deleted: store.metrics.cleanUp(days) }),

    ...chainHandlers(parts.chains, ask),
    'notify/setSecret': async ({ way, value }) => {
      await parts.outside.setSecret(way, value);
      return null;
    },
    'notify/test': async ({ way }) => {
      await parts.outside.test(way);
      return null;
    },
    'alerts/list': () => alerts.list(),
    'alerts/snooze': ({ alertId, minutes }) => {
      alerts.snooze(alertId, minutes);
      return null;
    },

    'settings/set': settings => {
      engine.configure(settings);
      return null;
    },

    ...fileHandlers(parts, window),
    ...projectHandlers(parts.projects),
    ...terminalHandlers(parts.terminals, parts.shellIn, window),
  };
}
