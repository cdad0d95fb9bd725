import type * as vscode from 'vscode';
import { showAlerts } from './alertNotices.js';
import { helpWritingChains } from './chains/chainHelp.js';
import { showChainLenses } from './chains/chainLenses.js';
import { showChainProblems } from './chains/chainProblems.js';
import { registerSparkChat } from './chat/sparkChatProvider.js';
import { registerContainerCommands } from './commands/containerCommands.js';
import { registerChainCommands } from './commands/chainCommands.js';
import { registerConnectionCommands } from './commands/connectionCommands.js';
import { registerDiagnoseCommand } from './commands/diagnoseCommand.js';
import { registerFileCommands } from './commands/fileCommands.js';
import { registerFindCommands } from './commands/findCommands.js';
import { registerFolderCommands } from './commands/folderCommands.js';
import { registerForwardCommands } from './commands/forwardCommands.js';
import { registerGeneralCommands } from './commands/generalCommands.js';
import { registerImageCommands } from './commands/imageCommands.js';
import { registerJobCommands } from './commands/jobCommands.js';
import { registerKeyCommands } from './commands/keyCommands.js';
import { registerMetricsCommands } from './commands/metricsCommands.js';
import { registerModelCommands } from './commands/modelCommands.js';
import { registerNoticeCommands } from './commands/noticeCommands.js';
import { registerOllamaCommands } from './commands/ollamaCommands.js';
import { registerProjectCommands } from './commands/projectCommands.js';
import { registerPublishCommands } from './commands/publishCommands.js';
import type { CommandServices } from './commands/services.js';
import { ContainerBook } from './containers/containerBook.js';
import { ContainerTree } from './containers/containerTree.js';
import { registerStoreCommands } from './commands/storeCommands.js';
import { registerTransferCommands } from './commands/transferCommands.js';
import type { Disposable } from './emitter.js';
import { tellEnds } from './jobs/endNotices.js';
import { createFileServices, type EarlyFileParts } from './fileServices.js';
import type { Log } from './log.js';
import { panelProjectActions } from './panel/projectActions.js';
import type { PanelProjectActions } from './panel/panelHost.js';
import { followForeign } from './publishing/followForeign.js';
import { worksElsewhere } from './remoteHost.js';
import { ReportDocuments } from './reportDocument.js';
import { StatusBar } from './statusBar.js';
import { ConnectionTree } from './views/connectionTree.js';
import { JobTree } from './views/jobTree.js';

export { confirmAndDelete } from './commands/connectionCommands.js';
export { endProcessAfterAsking, exportByDialog } from './commands/metricsCommands.js';
export { deleteJobAsking, startJobAsking } from './jobs/jobActions.js';
export { exportPointsAsking, takeLog } from './jobs/jobFiles.js';
export { saveTemplateAsking } from './jobs/templates.js';
export { copyEndpoint, selectTarget } from './commands/ollamaCommands.js';
export { openKnownHosts } from './errorNotice.js';
export { PanelHost } from './panel/panelHost.js';
export { showQuestion } from './questionDialogs.js';

/** What the late part is given by the early one. */
export interface Early extends EarlyFileParts {
  readonly extensionUri: vscode.Uri;
  readonly memory: vscode.Memento;
  readonly log: Log;
  /** What is to be said about where this runs. */
  readonly remark: string | undefined;
  /** Told what the panel may ask for, as soon as that is there. */
  readonly projectActions: (actions: PanelProjectActions) => void;
}

/**
 * What nobody needs in the first moment, by name: a bundle of its own (`dist/lateFeatures.js`), loaded when `activate`
 * has returned, so that activation stays instant whatever is added here.
 */
export function lateFeatures(services: CommandServices, early: Early): Readonly<Record<string, () => Disposable>> {
  const { client, models, jobs } = services;
  const { extensionUri, memory, log } = early;
  const { files, held } = createFileServices(services, early);
  early.projectActions(panelProjectActions(files));
  const reports = new ReportDocuments();
  const containers = new ContainerBook(client);
  const withContainers = { ...services, containers };
  const warn = log.scope('publish');
  return {
    'files and projects': () => held,
    reports: () => reports,
    'status bar': () => new StatusBar(client, early.remark),
    'connections view': () => new ConnectionTree(client, models),
    containers: () => containers,
    'containers view': () => new ContainerTree(client, containers),
    'container commands': () => registerContainerCommands(withContainers, reports),
    'image commands': () => registerImageCommands(withContainers),
    'general commands': () => registerGeneralCommands(services),
    'connection commands': () => registerConnectionCommands(services),
    'jobs view': () => new JobTree(client, jobs),
    'job commands': () => registerJobCommands(services),
    'ends of jobs': () => tellEnds(client, jobs),
    'find commands': () => registerFindCommands(services),
    'key commands': () => registerKeyCommands(services),
    'diagnose command': () => registerDiagnoseCommand(services, reports),
    'notice commands': () => registerNoticeCommands(services),
    'Ollama commands': () => registerOllamaCommands(services),
    alerts: () => showAlerts(services),
    'metrics commands': () => registerMetricsCommands(services),
    'model commands': () => registerModelCommands(services, reports),
    'forward commands': () => registerForwardCommands(services),
    'store commands': () => registerStoreCommands(services),
    'chain commands': () => registerChainCommands(services, extensionUri),
    'problems of chains': showChainProblems,
    'links in chains': showChainLenses,
    'help in chains': () => helpWritingChains(client),
    'publish commands': () => registerPublishCommands(services),
    'project commands': () => registerProjectCommands(files),
    'folder commands': () => registerFolderCommands(files),
    'file commands': () => registerFileCommands(files),
    'transfer commands': () => registerTransferCommands(files),
    'settings of other extensions': () =>
      followForeign({
        ...{ client, memory, isElsewhere: worksElsewhere() },
        log: message => {
          warn('warn', message);
        },
      }),
    'chat models': () => registerSparkChat(client, models),
  };
}
