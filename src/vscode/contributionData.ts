import type { ConnectionChanges, ConnectionInput, ConnectionStatus } from '../shared/connection.js';
import type { ContainerRun } from '../shared/containers.js';
import type { Diagnosis } from '../shared/diagnosis.js';
import type { FoundSpark } from '../shared/discovery.js';
import type { ForwardInput } from '../shared/forwards.js';
import type { MemoryCheck, ModelCard } from '../shared/ollama.js';
import type { Palette, Tab } from '../shared/panel.js';
import type { FoundProject, ProjectChanges, ProjectInput } from '../shared/projects.js';
import type { ConflictChoice, TransferResult } from '../shared/transfers.js';
import { DEFAULT_ENGINE_SETTINGS, type EngineSettings } from '../shared/settings.js';
import type { ChainCommandTypes } from './chains/commandTypes.js';
import type { MetricsCommandTypes } from './commands/metricsCommandTypes.js';
import type { JobCommandTypes } from './jobs/commandTypes.js';

/*
 * Everything that the manifest declares and the code relies on, as data. This file knows no editor, so that a unit test
 * can hold it against package.json.
 */

/** Every command, by the part of its id after `dgxSpark.`. */
export const COMMANDS = {
  addConnection: 'dgxSpark.addConnection',
  editConnection: 'dgxSpark.editConnection',
  deleteConnection: 'dgxSpark.deleteConnection',
  connect: 'dgxSpark.connect',
  disconnect: 'dgxSpark.disconnect',
  setActiveConnection: 'dgxSpark.setActiveConnection',
  openPanel: 'dgxSpark.openPanel',
  copyOllamaEndpoint: 'dgxSpark.copyOllamaEndpoint',
  selectOllamaTarget: 'dgxSpark.selectOllamaTarget',
  startTunnel: 'dgxSpark.startTunnel',
  stopTunnel: 'dgxSpark.stopTunnel',
  forgetSecrets: 'dgxSpark.forgetSecrets',
  flushDatabase: 'dgxSpark.flushDatabase',
  showLog: 'dgxSpark.showLog',
  importSshConfig: 'dgxSpark.importSshConfig',
  discover: 'dgxSpark.discover',
  setUpKey: 'dgxSpark.setUpKey',
  storePrivateKey: 'dgxSpark.storePrivateKey',
  diagnose: 'dgxSpark.diagnose',
  exportMetrics: 'dgxSpark.exportMetrics',
  setMailPassword: 'dgxSpark.setMailPassword',
  sendTestMail: 'dgxSpark.sendTestMail',
  setWebhook: 'dgxSpark.setWebhook',
  sendTestWebhook: 'dgxSpark.sendTestWebhook',
  pullModel: 'dgxSpark.pullModel',
  cancelPull: 'dgxSpark.cancelPull',
  unloadModel: 'dgxSpark.unloadModel',
  deleteModel: 'dgxSpark.deleteModel',
  showModelCard: 'dgxSpark.showModelCard',
  copyModelName: 'dgxSpark.copyModelName',
  tryModel: 'dgxSpark.tryModel',
  checkModelMemory: 'dgxSpark.checkModelMemory',
  refreshModels: 'dgxSpark.refreshModels',
  startOllama: 'dgxSpark.startOllama',
  addForward: 'dgxSpark.addForward',
  removeForward: 'dgxSpark.removeForward',
  openForward: 'dgxSpark.openForward',
  copyForwardAddress: 'dgxSpark.copyForwardAddress',
  openDgxDashboard: 'dgxSpark.openDgxDashboard',
  publishEndpoint: 'dgxSpark.publishEndpoint',
  restorePublished: 'dgxSpark.restorePublished',
  startContainer: 'dgxSpark.startContainer',
  stopContainer: 'dgxSpark.stopContainer',
  restartContainer: 'dgxSpark.restartContainer',
  pauseContainer: 'dgxSpark.pauseContainer',
  unpauseContainer: 'dgxSpark.unpauseContainer',
  removeContainer: 'dgxSpark.removeContainer',
  showContainerLogs: 'dgxSpark.showContainerLogs',
  attachContainerShell: 'dgxSpark.attachContainerShell',
  inspectContainer: 'dgxSpark.inspectContainer',
  copyContainerName: 'dgxSpark.copyContainerName',
  copyContainerId: 'dgxSpark.copyContainerId',
  openContainerPort: 'dgxSpark.openContainerPort',
  refreshContainers: 'dgxSpark.refreshContainers',
  helpWithDocker: 'dgxSpark.helpWithDocker',
  runContainer: 'dgxSpark.runContainer',
  pullImage: 'dgxSpark.pullImage',
  removeImage: 'dgxSpark.removeImage',
  pruneImages: 'dgxSpark.pruneImages',
  createProject: 'dgxSpark.createProject',
  editProject: 'dgxSpark.editProject',
  deleteProject: 'dgxSpark.deleteProject',
  duplicateProject: 'dgxSpark.duplicateProject',
  openProject: 'dgxSpark.openProject',
  editProjectConfig: 'dgxSpark.editProjectConfig',
  findProjects: 'dgxSpark.findProjects',
  openTerminal: 'dgxSpark.openTerminal',
  openRemoteFolder: 'dgxSpark.openRemoteFolder',
  openInRemoteWindow: 'dgxSpark.openInRemoteWindow',
  uploadFiles: 'dgxSpark.uploadFiles',
  uploadFolder: 'dgxSpark.uploadFolder',
  downloadFiles: 'dgxSpark.downloadFiles',
  showTransfers: 'dgxSpark.showTransfers',
  openRemoteFile: 'dgxSpark.openRemoteFile',
  newRemoteFile: 'dgxSpark.newRemoteFile',
  newRemoteFolder: 'dgxSpark.newRemoteFolder',
  renameRemoteFile: 'dgxSpark.renameRemoteFile',
  deleteRemoteFile: 'dgxSpark.deleteRemoteFile',
  copyRemotePath: 'dgxSpark.copyRemotePath',
  refreshFiles: 'dgxSpark.refreshFiles',
  showMoreFiles: 'dgxSpark.showMoreFiles',
  goToFolder: 'dgxSpark.goToFolder',
  goToHome: 'dgxSpark.goToHome',
  showHiddenFiles: 'dgxSpark.showHiddenFiles',
  hideHiddenFiles: 'dgxSpark.hideHiddenFiles',
  createJob: 'dgxSpark.createJob',
  editJob: 'dgxSpark.editJob',
  startJob: 'dgxSpark.startJob',
  stopJob: 'dgxSpark.stopJob',
  duplicateJob: 'dgxSpark.duplicateJob',
  deleteJob: 'dgxSpark.deleteJob',
  showJobLogs: 'dgxSpark.showJobLogs',
  showJobMetrics: 'dgxSpark.showJobMetrics',
  openJobLog: 'dgxSpark.openJobLog',
  saveJobLog: 'dgxSpark.saveJobLog',
  exportJobCurves: 'dgxSpark.exportJobCurves',
  adoptJob: 'dgxSpark.adoptJob',
  cleanUpJobs: 'dgxSpark.cleanUpJobs',
  deleteJobTemplates: 'dgxSpark.deleteJobTemplates',
  runChain: 'dgxSpark.runChain',
  runChainOnDgx: 'dgxSpark.runChainOnDgx',
  runChainLocally: 'dgxSpark.runChainLocally',
  runChainFirstInputs: 'dgxSpark.runChainFirstInputs',
  showChainResults: 'dgxSpark.showChainResults',
  newChain: 'dgxSpark.newChain',
  exportChainResults: 'dgxSpark.exportChainResults',
} as const;
export type CommandId = (typeof COMMANDS)[keyof typeof COMMANDS];

export type OllamaTarget = EngineSettings['target'];
export const OLLAMA_TARGETS: readonly OllamaTarget[] = ['auto', 'local', 'dgx'];

/** Where a folder of a Spark is opened: in the files view, a window of its own, a Remote-SSH window, a terminal. */
export const FOLDER_TARGETS = ['files', 'window', 'remote', 'terminal'] as const;
export type FolderTarget = (typeof FOLDER_TARGETS)[number];
/** What is done about files whose names are taken. */
export type OnConflict = ConflictChoice | 'ask';

/**
 * The argument form of each command. The interactive form (no argument, or a row of a tree) resolves to undefined when
 * the user cancels or was shown an error.
 */
export interface CommandTypes extends ChainCommandTypes, JobCommandTypes, MetricsCommandTypes {
  'dgxSpark.addConnection': (input: ConnectionInput) => Promise<string>;
  'dgxSpark.editConnection': (connectionId: string, changes: ConnectionChanges) => Promise<void>;
  'dgxSpark.deleteConnection': (connectionId: string) => Promise<void>;
  'dgxSpark.connect': (connectionId: string) => Promise<ConnectionStatus>;
  'dgxSpark.disconnect': (connectionId: string) => Promise<void>;
  'dgxSpark.setActiveConnection': (connectionId: string) => Promise<void>;
  'dgxSpark.openPanel': (tab: Tab) => Promise<void>;
  'dgxSpark.copyOllamaEndpoint': () => Promise<string>;
  'dgxSpark.selectOllamaTarget': (target: OllamaTarget) => Promise<void>;
  'dgxSpark.startTunnel': (connectionId: string, localPort?: number, remotePort?: number) => Promise<number>;
  'dgxSpark.stopTunnel': (connectionId: string) => Promise<void>;
  'dgxSpark.forgetSecrets': (connectionId?: string) => Promise<void>;
  'dgxSpark.flushDatabase': () => Promise<void>;
  'dgxSpark.showLog': () => Promise<void>;
  'dgxSpark.importSshConfig': (host: string) => Promise<string>;
  'dgxSpark.discover': () => Promise<FoundSpark>;
  'dgxSpark.setUpKey': (connectionId: string) => Promise<string>;
  'dgxSpark.storePrivateKey': (connectionId: string) => Promise<void>;
  'dgxSpark.diagnose': (connectionId: string) => Promise<Diagnosis>;
  /** Resolves when the model is installed. */
  'dgxSpark.pullModel': (connectionId: string, model: string) => Promise<void>;
  'dgxSpark.cancelPull': (connectionId: string, model: string) => Promise<void>;
  'dgxSpark.unloadModel': (connectionId: string, model: string) => Promise<void>;
  'dgxSpark.deleteModel': (connectionId: string, model: string) => Promise<void>;
  'dgxSpark.showModelCard': (connectionId: string, model: string) => Promise<ModelCard>;
  'dgxSpark.copyModelName': (connectionId: string, model: string) => Promise<string>;
  /** Streams the answer into an editor, and resolves with it. */
  'dgxSpark.tryModel': (connectionId: string, model: string, prompt: string) => Promise<string>;
  'dgxSpark.checkModelMemory': (connectionId: string, model: string) => Promise<MemoryCheck>;
  'dgxSpark.refreshModels': (connectionId: string) => Promise<void>;
  'dgxSpark.startOllama': (connectionId: string) => Promise<void>;
  /** Resolves with the local port. */
  'dgxSpark.addForward': (connectionId: string, forward: ForwardInput) => Promise<number>;
  /** Resolves with the local port that it had; undefined where it was not open. */
  'dgxSpark.removeForward': (connectionId: string, forward: ForwardInput) => Promise<number | undefined>;
  'dgxSpark.openForward': (connectionId: string, forward: ForwardInput) => Promise<number>;
  'dgxSpark.copyForwardAddress': (connectionId: string, forward: ForwardInput) => Promise<string>;
  'dgxSpark.openDgxDashboard': (connectionId: string) => Promise<number>;
  'dgxSpark.publishEndpoint': () => Promise<void>;
  /** Puts the user's own values back into the settings of other extensions. */
  'dgxSpark.restorePublished': () => Promise<void>;
  'dgxSpark.startContainer': (connectionId: string, container: string) => Promise<void>;
  'dgxSpark.stopContainer': (connectionId: string, container: string) => Promise<void>;
  'dgxSpark.restartContainer': (connectionId: string, container: string) => Promise<void>;
  'dgxSpark.pauseContainer': (connectionId: string, container: string) => Promise<void>;
  'dgxSpark.unpauseContainer': (connectionId: string, container: string) => Promise<void>;
  'dgxSpark.removeContainer': (connectionId: string, container: string) => Promise<void>;
  'dgxSpark.showContainerLogs': (connectionId: string, container: string) => Promise<void>;
  'dgxSpark.attachContainerShell': (connectionId: string, container: string) => Promise<void>;
  /** Everything that Docker knows, as JSON text. */
  'dgxSpark.inspectContainer': (connectionId: string, container: string) => Promise<string>;
  'dgxSpark.copyContainerName': (connectionId: string, container: string) => Promise<string>;
  'dgxSpark.copyContainerId': (connectionId: string, container: string) => Promise<string>;
  /** Forwards its first published port; resolves with the local one. */
  'dgxSpark.openContainerPort': (connectionId: string, container: string) => Promise<number>;
  'dgxSpark.refreshContainers': (connectionId: string) => Promise<void>;
  'dgxSpark.helpWithDocker': () => Promise<void>;
  /** Resolves with the id of the container. Its image must be on the machine. */
  'dgxSpark.runContainer': (connectionId: string, run: ContainerRun) => Promise<string>;
  /** Resolves when the image is there. */
  'dgxSpark.pullImage': (connectionId: string, image: string) => Promise<void>;
  'dgxSpark.removeImage': (connectionId: string, image: string) => Promise<void>;
  /** Resolves with what Docker says of the space that is free again. */
  'dgxSpark.pruneImages': (connectionId: string) => Promise<string>;
  'dgxSpark.createProject': (input: ProjectInput) => Promise<string>;
  'dgxSpark.editProject': (projectId: string, changes: ProjectChanges) => Promise<void>;
  'dgxSpark.deleteProject': (projectId: string) => Promise<void>;
  'dgxSpark.duplicateProject': (projectId: string) => Promise<string>;
  'dgxSpark.openProject': (projectId: string, where?: FolderTarget) => Promise<void>;
  'dgxSpark.editProjectConfig': (projectId: string) => Promise<void>;
  'dgxSpark.findProjects': (connectionId: string) => Promise<FoundProject[]>;
  'dgxSpark.openTerminal': (connectionId: string, path?: string) => Promise<void>;
  'dgxSpark.openRemoteFolder': (connectionId: string, path: string, where?: FolderTarget) => Promise<void>;
  /** The rows and buttons of the views call these. */
  'dgxSpark.openInRemoteWindow': () => Promise<void>;
  'dgxSpark.uploadFiles': (
    connectionId: string,
    sources: string[],
    destination: string,
    onConflict?: OnConflict,
  ) => Promise<TransferResult>;
  'dgxSpark.uploadFolder': () => Promise<void>;
  'dgxSpark.downloadFiles': (
    connectionId: string,
    sources: string[],
    destination: string,
    onConflict?: OnConflict,
  ) => Promise<TransferResult>;
  'dgxSpark.showTransfers': () => Promise<void>;
  'dgxSpark.openRemoteFile': (connectionId: string, path: string) => Promise<void>;
  'dgxSpark.newRemoteFile': () => Promise<void>;
  'dgxSpark.newRemoteFolder': () => Promise<void>;
  'dgxSpark.renameRemoteFile': () => Promise<void>;
  'dgxSpark.deleteRemoteFile': () => Promise<void>;
  'dgxSpark.copyRemotePath': () => Promise<void>;
  'dgxSpark.refreshFiles': () => Promise<void>;
  'dgxSpark.showMoreFiles': (connectionId: string, folder: string) => Promise<void>;
  'dgxSpark.goToFolder': () => Promise<void>;
  'dgxSpark.goToHome': () => Promise<void>;
  'dgxSpark.showHiddenFiles': () => Promise<void>;
  'dgxSpark.hideHiddenFiles': () => Promise<void>;
}

/** Where the engine of this extension runs. */
export type EngineLocation = 'process' | 'window';

/** Type of each setting, by its key after `dgxSpark.`. */
export interface SettingTypes {
  'ollama.endpoint': string;
  'ollama.target': OllamaTarget;
  'ollama.localPort': number;
  'ollama.remotePort': number;
  'ollama.publishTo': readonly unknown[];
  'metrics.pollIntervalSeconds': number;
  'metrics.persistIntervalSeconds': number;
  'metrics.retentionDays': number;
  'connection.connectTimeoutSeconds': number;
  'connection.keepaliveSeconds': number;
  'connection.idleTimeoutMinutes': number;
  'connection.autoConnect': boolean;
  'alerts.enabled': boolean;
  'alerts.temperatureC': number;
  'alerts.utilizationPercent': number;
  'alerts.memoryPercent': number;
  'alerts.powerW': number;
  'alerts.diskPercent': number;
  'alerts.unreachableMinutes': number;
  'alerts.troubles': boolean;
  'alerts.durationSeconds': number;
  'alerts.cooldownMinutes': number;
  'email.host': string;
  'email.port': number;
  'email.security': EngineSettings['emailSecurity'];
  'email.user': string;
  'email.from': string;
  'email.to': string;
  'email.alerts': boolean;
  'webhook.format': EngineSettings['webhookFormat'];
  'webhook.alerts': boolean;
  'engine.lingerSeconds': number;
  'engine.location': EngineLocation;
  'files.showHidden': boolean;
  /** By name; each is checked where it is used. */
  'jobs.templates': Readonly<Record<string, unknown>>;
  'appearance.palette': Palette;
}
export type SettingKey = keyof SettingTypes;

/** Section of all settings. */
export const SETTINGS_SECTION = 'dgxSpark';

/** The setting behind each field of {@link EngineSettings}. */
export const ENGINE_SETTING_KEYS: { readonly [K in keyof EngineSettings]: SettingKey } = {
  localPort: 'ollama.localPort',
  remotePort: 'ollama.remotePort',
  target: 'ollama.target',
  pollIntervalSeconds: 'metrics.pollIntervalSeconds',
  persistIntervalSeconds: 'metrics.persistIntervalSeconds',
  retentionDays: 'metrics.retentionDays',
  connectTimeoutSeconds: 'connection.connectTimeoutSeconds',
  keepaliveSeconds: 'connection.keepaliveSeconds',
  idleTimeoutMinutes: 'connection.idleTimeoutMinutes',
  autoConnect: 'connection.autoConnect',
  lingerSeconds: 'engine.lingerSeconds',
  alertsEnabled: 'alerts.enabled',
  alertTemperatureC: 'alerts.temperatureC',
  alertUtilizationPercent: 'alerts.utilizationPercent',
  alertMemoryPercent: 'alerts.memoryPercent',
  alertPowerW: 'alerts.powerW',
  alertDiskPercent: 'alerts.diskPercent',
  alertUnreachableMinutes: 'alerts.unreachableMinutes',
  alertTroubles: 'alerts.troubles',
  alertDurationSeconds: 'alerts.durationSeconds',
  alertCooldownMinutes: 'alerts.cooldownMinutes',
  emailHost: 'email.host',
  emailPort: 'email.port',
  emailSecurity: 'email.security',
  emailUser: 'email.user',
  emailFrom: 'email.from',
  emailTo: 'email.to',
  emailAlerts: 'email.alerts',
  webhookFormat: 'webhook.format',
  webhookAlerts: 'webhook.alerts',
};

/** Ollama on this computer: what is published while no Spark's is. */
export const LOCAL_OLLAMA_URL = 'http://localhost:11434';

/** What each setting is where the user chose nothing. */
export const SETTING_DEFAULTS = {
  ...Object.fromEntries(
    Object.entries(ENGINE_SETTING_KEYS).map(([field, key]) => [
      key,
      DEFAULT_ENGINE_SETTINGS[field as keyof EngineSettings],
    ]),
  ),
  'ollama.endpoint': LOCAL_OLLAMA_URL,
  'ollama.publishTo': [],
  'engine.location': 'process',
  'files.showHidden': false,
  'jobs.templates': {},
  'appearance.palette': 'theme',
} as unknown as { readonly [K in SettingKey]: SettingTypes[K] };

/** The editor's updater on Windows waits for every process of its executable, so the engine must go sooner there. */
export const WINDOWS_LINGER_SECONDS = 5;

export const VIEW_CONTAINER = 'dgxSpark';
export const VIEWS = {
  connections: 'dgxSpark.connections',
  projects: 'dgxSpark.projects',
  jobs: 'dgxSpark.jobs',
  containers: 'dgxSpark.containers',
  files: 'dgxSpark.files',
} as const;

/** View type of the webview panel. */
export const PANEL_TYPE = 'dgxSpark.panel';
export const CHAIN_RESULTS_TYPE = 'dgxSpark.chainResults';

/** Type of each context key that `when` clauses and walkthrough steps may use. */
export interface ContextKeyTypes {
  /** `none`: nothing is saved, so no engine runs. */
  'dgxSpark.engine': 'starting' | 'none' | 'up' | 'down';
  'dgxSpark.hasConnections': boolean;
  /** At least one connection is connected. */
  'dgxSpark.connected': boolean;
  /** An extension is there that opens windows over SSH. */
  'dgxSpark.remoteSsh': boolean;
}
export type ContextKey = keyof ContextKeyTypes;
export const CONTEXT_KEYS: { readonly [K in ContextKey]: K } = {
  'dgxSpark.engine': 'dgxSpark.engine',
  'dgxSpark.hasConnections': 'dgxSpark.hasConnections',
  'dgxSpark.connected': 'dgxSpark.connected',
  'dgxSpark.remoteSsh': 'dgxSpark.remoteSsh',
};

/** Theme colours, by connection state; `disconnected` has the theme's own. */
export const COLORS = {
  connected: 'dgxSpark.connected',
  connecting: 'dgxSpark.connecting',
  error: 'dgxSpark.error',
} as const;

/** What `when` clauses match rows of the connections tree by: the kind, then tokens of its state. */
export const ROW_KINDS = {
  connection: 'connection',
  tunnel: 'tunnel',
  gpu: 'gpu',
  models: 'models',
  model: 'model',
  pull: 'pull',
  remedy: 'remedy',
  forwards: 'forwards',
  forward: 'forward',
} as const;
