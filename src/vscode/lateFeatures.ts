import type * as vscode from 'vscode';
import { showChainLenses } from './chains/chainLenses.js';
import { showChainProblems } from './chains/chainProblems.js';
import { registerSparkChat } from './chat/sparkChatProvider.js';
import { registerChainCommands } from './commands/chainCommands.js';
import { registerDiagnoseCommand } from './commands/diagnoseCommand.js';
import { registerFindCommands } from './commands/findCommands.js';
import { registerForwardCommands } from './commands/forwardCommands.js';
import { registerKeyCommands } from './commands/keyCommands.js';
import { registerModelCommands } from './commands/modelCommands.js';
import { registerPublishCommands } from './commands/publishCommands.js';
import type { CommandServices } from './commands/services.js';
import type { Disposable } from './emitter.js';
import type { Log } from './log.js';
import { followForeign } from './publishing/followForeign.js';
import { worksElsewhere } from './remoteHost.js';
import { ReportDocuments } from './reportDocument.js';
import { ConnectionTree } from './views/connectionTree.js';

/**
 * What nobody needs in the first moment, by name: a bundle of its own (`dist/lateFeatures.js`), loaded when `activate`
 * has returned, so that activation stays instant whatever is added here.
 */
export function lateFeatures(
  services: CommandServices,
  { extensionUri, memory, log }: { readonly extensionUri: vscode.Uri; readonly memory: vscode.Memento; readonly log: Log },
): Readonly<Record<string, () => Disposable>> {
  const { client, models } = services;
  const reports = new ReportDocuments();
  const warn = log.scope('publish');
  return {
    reports: () => reports,
    'connections view': () => new ConnectionTree(client, models),
    'find commands': () => registerFindCommands(services),
    'key commands': () => registerKeyCommands(services),
    'diagnose command': () => registerDiagnoseCommand(services, reports),
    'model commands': () => registerModelCommands(services, reports),
    'forward commands': () => registerForwardCommands(services),
    'chain commands': () => registerChainCommands(services, extensionUri),
    'problems of chains': showChainProblems,
    'links in chains': showChainLenses,
    'publish commands': () => registerPublishCommands(services),
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
