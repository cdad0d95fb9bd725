import * as vscode from 'vscode';
import { modelNameSchema, type InstalledModel } from '../../shared/ollama.js';
import { loadedFacts, modelFacts } from '../models/modelWords.js';
import { withoutIcons } from '../plainText.js';
import { checked, checkedId, readCall } from './arguments.js';
import { attempt } from './interactive.js';
import { pickConnection } from './pickConnection.js';
import type { CommandServices } from './services.js';

/** Which models a command is for. */
export interface ModelChoice {
  readonly title: string;
  readonly fits: (model: InstalledModel, isLoaded: boolean) => boolean;
  /** Said when models are installed but none fits. */
  readonly noneFits: string;
}

/** Runs a command that is about one installed model, in the form in which it was called: `(connectionId, model)`, a row, or neither. */
export async function aboutModel<T>(
  services: CommandServices,
  [first, second]: readonly unknown[],
  choice: ModelChoice,
  work: {
    /** Asks nothing, throws. */
    argument(connectionId: string, model: string): Promise<T>;
    /** May ask; undefined when the user thought better of it. */
    interactive(connectionId: string, model: string): Promise<T | undefined>;
  },
): Promise<T | undefined> {
  const call = readCall(first);
  if (call.form === 'argument') return await work.argument(checkedId(first), checked(modelNameSchema, second));
  const { row } = call;
  if (row && 'model' in row)
    return await attempt(services, row.connectionId, async () => await work.interactive(row.connectionId, row.model));
  const connectionId =
    row?.connectionId ??
    (await attempt(services, undefined, async () => await pickConnection(services, connectedOnly(choice.title))));
  if (connectionId === undefined) return undefined;
  return await attempt(services, connectionId, async () => {
    const model = await pickModel(services, connectionId, choice);
    return model === undefined ? undefined : await work.interactive(connectionId, model);
  });
}

/** For what needs a machine that is connected. */
export function connectedOnly(title: string) {
  return {
    title,
    fits: ({ status }: { status: { state: string } }) => status.state === 'connected',
    noneFits: 'No Spark is connected.',
  };
}

async function pickModel(
  { models }: CommandServices,
  connectionId: string,
  { title, fits, noneFits }: ModelChoice,
): Promise<string | undefined> {
  const list = await models.load(connectionId);
  const loaded = new Map(list.loaded.map(model => [model.name, model]));
  const fitting = list.installed.filter(model => fits(model, loaded.has(model.name)));
  if (fitting.length === 0) {
    void vscode.window.showInformationMessage(list.installed.length === 0 ? 'No model is installed.' : noneFits);
    return undefined;
  }
  const items = fitting.map(model => {
    const held = loaded.get(model.name);
    return {
      model: model.name,
      label: withoutIcons(model.name),
      description: withoutIcons((held ? loadedFacts(held, Date.now()) : modelFacts(model)).join(' · ')),
    };
  });
  return (await vscode.window.showQuickPick(items, { title, placeHolder: 'Choose a model' }))?.model;
}
