import * as vscode from 'vscode';
import { containerRefSchema, type Container } from '../../shared/containers.js';
import { asContainerRow } from '../containers/containerRows.js';
import type { ContainerBook } from '../containers/containerBook.js';
import { statusText } from '../containers/containerWords.js';
import { withoutIcons } from '../plainText.js';
import { connectedOnly } from './aboutModel.js';
import { checked, checkedId } from './arguments.js';
import { attempt } from './interactive.js';
import { pickConnection } from './pickConnection.js';
import type { CommandServices } from './services.js';

/** What container commands work with. */
export interface ContainerServices extends CommandServices {
  readonly containers: ContainerBook;
}

export interface ContainerChoice {
  readonly title: string;
  readonly fits: (container: Container) => boolean;
  /** Said when there are containers but none fits. */
  readonly noneFits: string;
}

/** Runs a command about one container, in the form in which it was called: `(connectionId, containerId)`, a row, or neither. */
export async function aboutContainer<T>(
  services: ContainerServices,
  [first, second]: readonly unknown[],
  choice: ContainerChoice,
  work: {
    /** Asks nothing, throws. */
    argument(connectionId: string, container: string): Promise<T>;
    /** May ask; undefined when the user thought better of it. */
    interactive(connectionId: string, container: Container): Promise<T | undefined>;
  },
): Promise<T | undefined> {
  const row = asContainerRow(first);
  if (!row && first !== undefined && first !== null)
    return await work.argument(checkedId(first), checked(containerRefSchema, second));
  return await onMachine(services, first, choice.title, async connectionId => {
    const known = row?.kind === 'container' ? services.containers.container(connectionId, row.containerId) : undefined;
    const container = known ?? (await pickContainer(services, connectionId, choice));
    return container && (await work.interactive(connectionId, container));
  });
}

/** Does something on the machine of a row, else on the one that the user chooses; errors are shown. */
export async function onMachine<T>(
  services: ContainerServices,
  first: unknown,
  title: string,
  work: (connectionId: string) => Promise<T | undefined>,
): Promise<T | undefined> {
  const connectionId =
    asContainerRow(first)?.connectionId ??
    (await attempt(services, undefined, async () => await pickConnection(services, connectedOnly(title))));
  if (connectionId === undefined) return undefined;
  return await attempt(services, connectionId, async () => await work(connectionId));
}

async function pickContainer(
  { containers }: ContainerServices,
  connectionId: string,
  { title, fits, noneFits }: ContainerChoice,
): Promise<Container | undefined> {
  const all = await containers.load(connectionId);
  const items = all.filter(fits).map(container => ({
    container,
    label: withoutIcons(container.name),
    description: withoutIcons(`${statusText(container)} · ${container.image}`),
  }));
  if (items.length === 0) {
    void vscode.window.showInformationMessage(all.length === 0 ? 'There is no container.' : noneFits);
    return undefined;
  }
  return (await vscode.window.showQuickPick(items, { title, placeHolder: 'Choose a container' }))?.container;
}
