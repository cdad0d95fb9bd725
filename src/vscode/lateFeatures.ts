import { registerDiagnoseCommand } from './commands/diagnoseCommand.js';
import { registerFileCommands } from './commands/fileCommands.js';
import { registerFindCommands } from './commands/findCommands.js';
import { registerFolderCommands } from './commands/folderCommands.js';
import { registerKeyCommands } from './commands/keyCommands.js';
import { registerProjectCommands } from './commands/projectCommands.js';
import type { CommandServices } from './commands/services.js';
import { registerTransferCommands } from './commands/transferCommands.js';
import type { Disposable } from './emitter.js';
import { createFileServices, type EarlyFileParts } from './fileServices.js';
import { panelProjectActions } from './panel/projectActions.js';
import type { PanelProjectActions } from './panel/panelHost.js';
import { StatusBar } from './statusBar.js';
import { ConnectionTree } from './views/connectionTree.js';
import { registerLaterViews } from './views/laterViews.js';

/** What the late part is given by the early one. */
export interface Early extends EarlyFileParts {
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
  const { client } = services;
  const { files, held } = createFileServices(services, early);
  early.projectActions(panelProjectActions(files));
  return {
    'files and projects': () => held,
    'status bar': () => new StatusBar(client, early.remark),
    'later views': registerLaterViews,
    'connections view': () => new ConnectionTree(client),
    'find commands': () => registerFindCommands(services),
    'key commands': () => registerKeyCommands(services),
    'diagnose command': () => registerDiagnoseCommand(services),
    'project commands': () => registerProjectCommands(files),
    'folder commands': () => registerFolderCommands(files),
    'file commands': () => registerFileCommands(files),
    'transfer commands': () => registerTransferCommands(files),
  };
}
