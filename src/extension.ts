import * as vscode from 'vscode';
import type { SparkApi } from './api.js';
import type { CommandServices } from './vscode/commands/services.js';
import { COMMANDS, ENGINE_SETTING_KEYS } from './vscode/contributionData.js';
import { onDidChangeSettings, standInForCommands } from './vscode/contributions.js';
import { followContextKeys } from './vscode/contextKeys.js';
import type { Disposable } from './vscode/emitter.js';
import { EngineClient } from './vscode/engineClient.js';
import { engineSurroundings } from './vscode/engineSurroundings.js';
import { followEndpoint } from './vscode/endpointSetting.js';
import { BigFiles } from './vscode/files/bigFiles.js';
import { SparkFileSystem } from './vscode/files/sparkFileSystem.js';
import type * as LateFeatures from './vscode/lateFeatures.js';
import { JobList } from './vscode/jobs/jobList.js';
import { Log } from './vscode/log.js';
import { pickKeyFile } from './vscode/keyFile.js';
import { ModelBook } from './vscode/models/modelBook.js';
import { PanelController } from './vscode/panel/panelController.js';
import type { PanelProjectActions } from './vscode/panel/panelHost.js';
import { ConfigFileSystem } from './vscode/projects/configFileSystem.js';
import { remoteSshExtension } from './vscode/projects/remoteSshExtension.js';
import { ProjectList } from './vscode/projects/projectList.js';
import { Prompts } from './vscode/prompts.js';
import { createPublicApi } from './vscode/publicApi.js';
import { remoteHostRemark } from './vscode/remoteHost.js';

/** Composition root of the extension host. Attaches to the engine after it has returned. */
export function activate(context: vscode.ExtensionContext): SparkApi {
  const startedAt = performance.now();
  const channel = vscode.window.createOutputChannel('DGX Spark', { log: true });
  const log = new Log(channel);
  const late = new Promise<typeof LateFeatures>(resolve => {
    setImmediate(() => {
      resolve(import('./vscode/lateFeatures.js'));
    });
  });
  const prompts = new Prompts(async () => (await late).showQuestion);
  const remark = remoteHostRemark(context);
  const client = new EngineClient(engineSurroundings(context, { log, prompts, mayAutoConnect: remark === undefined }));
  const models = new ModelBook(client);
  const jobs = new JobList(client);
  const showLog = () => {
    log.show();
  };
  const projects = new ProjectList(client);
  const bigFiles = new BigFiles();
  const fileSystem = new SparkFileSystem(client, bigFiles);
  let projectActions: (actions: PanelProjectActions) => void = () => undefined;
  const panel: PanelController = new PanelController(
    context.extensionUri,
    client,
    projects,
    {
      pickKeyFile,
      deleteConnection: async connectionId => await (await late).confirmAndDelete(services, connectionId),
      copyEndpoint: async () => {
        await (await late).copyEndpoint(services);
      },
      selectTarget: async target => {
        await (await late).selectTarget(services, target);
      },
      showLog,
      openKnownHosts: async error => {
        await (await late).openKnownHosts(error, { showLog });
      },
      importSshConfig: () => void vscode.commands.executeCommand(COMMANDS.importSshConfig),
      endProcess: async which => await (await late).endProcessAfterAsking(services, which),
      exportMetrics: (connectionId, hours) =>
        void late.then(({ exportByDialog }) => exportByDialog(services, connectionId, hours)),
      jobs: {
        list: jobs,
        start: async jobId => (await (await late).startJobAsking(client, jobId)) !== undefined,
        remove: async jobId => {
          const job = jobs.get(jobId);
          return job !== undefined && (await (await late).deleteJobAsking(client, job));
        },
        saveTemplate: async template => {
          await (await late).saveTemplateAsking(template);
        },
        exportPoints: async ids => {
          await (
            await late
          ).exportPointsAsking(
            client,
            jobs.all.filter(({ id }) => ids.includes(id)),
          );
        },
        takeLog: async (jobId, how) => {
          await (await late).takeLog(client, jobs.get(jobId), how);
        },
      },
      discover: () => void vscode.commands.executeCommand(COMMANDS.discover),
      editProjectConfig: projectId =>
        void vscode.commands.executeCommand(COMMANDS.editProjectConfig, { kind: 'project', projectId }),
      findProjects: () => void vscode.commands.executeCommand(COMMANDS.findProjects),
      hasRemoteSsh: () => remoteSshExtension() !== undefined,
      projects: new Promise(resolve => {
        projectActions = resolve;
      }),
    },
    async () => (await late).PanelHost,
  );
  const services: CommandServices = {
    client,
    panel,
    models,
    jobs,
    prompts,
    remedies: {
      edit: connectionId => {
        panel.openForm(connectionId);
      },
      connect: connectionId =>
        void vscode.commands.executeCommand(COMMANDS.connect, { kind: 'connection', connectionId }),
      diagnose: connectionId =>
        void vscode.commands.executeCommand(COMMANDS.diagnose, { kind: 'connection', connectionId }),
      showLog,
    },
  };
  const configs = new ConfigFileSystem(client, projects);
  const held: Disposable[] = [channel, client, models, jobs, projects, fileSystem, configs, panel];
  const rest: Features = {
    'context keys': () => followContextKeys(client),
    'endpoint setting': () => followEndpoint(client, log.scope('endpoint')),
    settings: () => onDidChangeSettings(Object.values(ENGINE_SETTING_KEYS), () => void client.settingsChanged()),
    focus: () =>
      vscode.window.onDidChangeWindowState(({ focused }) => {
        if (focused) client.focused();
      }),
  };
  const api = createPublicApi(client, held);
  context.subscriptions.push(...held);
  if (remark !== undefined) log.write('warn', 'activate', remark);
  setImmediate(() => {
    context.subscriptions.push(...setUp(rest, log));
    client.start();
  });
  const added = late.then(({ lateFeatures }) => {
    const parts = { projects, fileSystem, bigFiles, projectActions, remark };
    const { extensionUri, globalState: memory } = context;
    const early = { ...parts, extensionUri, memory, log };
    standIns.dispose();
    context.subscriptions.push(...setUp(lateFeatures(services, early), log));
  });
  added.catch((error: unknown) => {
    log.write('error', 'activate', `A part of the extension could not be loaded: ${String(error)}`);
  });
  const standIns = standInForCommands(added);
  context.subscriptions.push(standIns);
  log.write('info', 'activate', `activated in ${Math.round(performance.now() - startedAt)} ms`);
  return api;
}

type Features = Readonly<Record<string, () => Disposable>>;

/** Sets features up; one that fails does not keep the others from working. */
function setUp(features: Features, log: Log): Disposable[] {
  return Object.entries(features).flatMap(([name, register]) => {
    try {
      return [register()];
    } catch (error) {
      log.write('error', 'activate', `The ${name} could not be set up: ${String(error)}`);
      return [];
    }
  });
}
