import * as vscode from 'vscode';
import { tabSchema } from '../../shared/panel.js';
import { COMMANDS } from '../contributionData.js';
import { registerCommand } from '../contributions.js';
import { checked, readCall } from './arguments.js';
import type { CommandServices } from './services.js';

/** The panel and the log: needed before anything else is. */
export function registerGeneralCommands(services: CommandServices): vscode.Disposable {
  const { panel, remedies } = services;
  return vscode.Disposable.from(
    registerCommand(COMMANDS.openPanel, async first => {
      const call = readCall(first);
      if (call.form === 'argument') panel.open(checked(tabSchema, first));
      else panel.open(call.row?.kind === 'gpu' ? 'metrics' : undefined);
      await Promise.resolve();
    }),

    registerCommand(COMMANDS.showLog, async () => {
      remedies.showLog();
      await Promise.resolve();
    }),
  );
}
