import * as vscode from 'vscode';
import type { Container, ContainerAction } from '../../shared/containers.js';
import { REMOTE_LOOPBACK } from '../../shared/forwards.js';
import { isAlive } from '../containers/containerRows.js';
import { portsText } from '../containers/containerWords.js';
import { followLogs } from '../containers/logTerminal.js';
import { COMMANDS } from '../contributionData.js';
import { registerCommand } from '../contributions.js';
import { offerCommand } from '../models/sshTerminal.js';
import { withoutIcons, withoutLinks } from '../plainText.js';
import type { ReportDocuments } from '../reportDocument.js';
import { openSparkTerminal } from '../terminals/sparkTerminal.js';
import { aboutContainer, onMachine, type ContainerChoice, type ContainerServices } from './aboutContainer.js';
import { checkedId } from './arguments.js';
import { asContainerRow } from '../containers/containerRows.js';
import type { CommandServices } from './services.js';

const SAID_FOR_MS = 4000;
const any: Omit<ContainerChoice, 'title'> = { fits: () => true, noneFits: '' };
const running = { fits: ({ state }: Container) => state === 'running', noneFits: 'No container is running.' };

/** The containers of a machine: start, stop, watch, enter, reach, remove. */
export function registerContainerCommands(services: ContainerServices, reports: ReportDocuments): vscode.Disposable {
  const { client, containers } = services;
  const act = (action: ContainerAction, choice: ContainerChoice, confirm?: typeof confirmRemove) => {
    const run = async (connectionId: string, container: string) => {
      await client.request('containers/act', { connectionId, container, action });
    };
    return async (...args: unknown[]) => {
      await aboutContainer(services, args, choice, {
        argument: run,
        interactive: async (connectionId, container) => {
          if (confirm && !(await confirm(services, connectionId, container))) return;
          await vscode.window.withProgress({ location: { viewId: 'dgxSpark.containers' } }, async () => {
            await run(connectionId, container.id);
          });
        },
      });
    };
  };
  const copy = async (text: string) => {
    await vscode.env.clipboard.writeText(text);
    vscode.window.setStatusBarMessage(`Copied ${text}`, SAID_FOR_MS);
    return text;
  };
  return vscode.Disposable.from(
    registerCommand(
      COMMANDS.startContainer,
      act('start', { title: 'Start Container', fits: one => !isAlive(one), noneFits: 'All containers are running.' }),
    ),
    registerCommand(
      COMMANDS.stopContainer,
      act('stop', { title: 'Stop Container', fits: isAlive, noneFits: running.noneFits }),
    ),
    registerCommand(COMMANDS.restartContainer, act('restart', { title: 'Restart Container', ...any })),
    registerCommand(COMMANDS.pauseContainer, act('pause', { title: 'Pause Container', ...running })),
    registerCommand(
      COMMANDS.unpauseContainer,
      act('unpause', {
        title: 'Continue Container',
        fits: ({ state }) => state === 'paused',
        noneFits: 'No container is paused.',
      }),
    ),
    registerCommand(COMMANDS.removeContainer, act('remove', { title: 'Remove Container', ...any }, confirmRemove)),

    registerCommand(COMMANDS.showContainerLogs, async (...args) => {
      await aboutContainer(
        services,
        args,
        { title: 'Show Logs of Container', ...any },
        {
          argument: async (connectionId, container) => {
            followLogs(client, { connectionId, container, name: container });
            await Promise.resolve();
          },
          interactive: async (connectionId, { id, name }) => {
            followLogs(client, { connectionId, container: id, name });
            await Promise.resolve();
          },
        },
      );
    }),

    registerCommand(COMMANDS.attachContainerShell, async (...args) => {
      const enter = (connectionId: string, container: string, name: string) => {
        openSparkTerminal(client, { connectionId, container, name: withoutIcons(name) });
      };
      await aboutContainer(
        services,
        args,
        { title: 'Open Shell in Container', ...running },
        {
          argument: async (connectionId, container) => {
            await client.request('connections/get', { connectionId });
            enter(connectionId, container, container);
          },
          interactive: async (connectionId, { id, name }) => {
            enter(connectionId, id, name);
            await Promise.resolve();
          },
        },
      );
    }),

    registerCommand(COMMANDS.inspectContainer, async (...args) => {
      const inspect = async (connectionId: string, container: string) =>
        await client.request('containers/inspect', { connectionId, container });
      return await aboutContainer(
        services,
        args,
        { title: 'Inspect Container', ...any },
        {
          argument: inspect,
          interactive: async (connectionId, { id, name }) => {
            const text = await inspect(connectionId, id);
            await reports.show(`${name} (container)`, text);
            return text;
          },
        },
      );
    }),

    registerCommand(
      COMMANDS.copyContainerName,
      async (...args) =>
        await aboutContainer(
          services,
          args,
          { title: 'Copy Name of Container', ...any },
          {
            argument: async (_connectionId, container) => await copy(container),
            interactive: async (_connectionId, { name }) => await copy(name),
          },
        ),
    ),
    registerCommand(
      COMMANDS.copyContainerId,
      async (...args) =>
        await aboutContainer(
          services,
          args,
          { title: 'Copy Id of Container', ...any },
          {
            argument: async (_connectionId, container) => await copy(container),
            interactive: async (_connectionId, { id }) => await copy(id),
          },
        ),
    ),

    registerCommand(COMMANDS.openContainerPort, async (...args) => {
      const open = async (connectionId: string, container: Container) => {
        const port = await pickPort(container);
        if (!port) return undefined;
        const remoteHost = /^(0\.0\.0\.0|::|127\.0\.0\.1|::1|)$/.test(port.host) ? REMOTE_LOOPBACK : port.host;
        const forward = { remotePort: port.hostPort, remoteHost, label: container.name };
        const { localPort } = await client.request('forwards/add', { connectionId, forward });
        await vscode.env.openExternal(vscode.Uri.parse(`http://localhost:${localPort}`));
        return localPort;
      };
      const choice = {
        title: 'Open Port of Container',
        fits: ({ ports, state }: Container) => state === 'running' && ports.length > 0,
        noneFits: 'No running container has published a port.',
      };
      return await aboutContainer(services, args, choice, {
        argument: async (connectionId, ref) => {
          const all = await containers.load(connectionId);
          const found = all.find(({ id, name }) => id.startsWith(ref) || name === ref);
          return found && (await open(connectionId, { ...found, ports: found.ports.slice(0, 1) }));
        },
        interactive: open,
      });
    }),

    registerCommand(COMMANDS.refreshContainers, async first => {
      const refresh = async (connectionId: string) => {
        await containers.load(connectionId);
        await containers.measure(connectionId);
      };
      if (first !== undefined && first !== null && !asContainerRow(first)) await refresh(checkedId(first));
      else await onMachine(services, first, 'Refresh Containers', refresh);
    }),

    registerCommand(COMMANDS.helpWithDocker, async first => {
      await onMachine(services, first, 'Docker on the Spark', async connectionId => {
        await helpWithDocker(services, connectionId);
      });
    }),
  );
}

/** Says what keeps Docker from answering, and offers the command that helps; a new group needs a new login. */
async function helpWithDocker(services: ContainerServices, connectionId: string): Promise<void> {
  const { client, containers } = services;
  const { list } = await containers.read(connectionId);
  const connection = client.connection(connectionId);
  if (!list?.error || list.remedy === undefined || !connection) return;
  const title = list.state === 'denied' ? 'Join the Docker Group' : 'Start Docker';
  await offerCommand(connection, { title, reason: list.error.message, command: list.remedy });
  if (list.state === 'denied') await offerReconnect(services, connectionId);
}

async function offerReconnect({ client }: CommandServices, connectionId: string): Promise<void> {
  const again = 'Connect Again';
  const name = client.connection(connectionId)?.name ?? 'the Spark';
  const message = withoutLinks(`When the command has run: the new group counts from the next login on ${name}.`);
  if ((await vscode.window.showInformationMessage(message, again)) !== again) return;
  await client.request('connections/disconnect', { connectionId });
  await vscode.commands.executeCommand(COMMANDS.connect, { kind: 'connection', connectionId });
}

async function confirmRemove(
  { client }: CommandServices,
  connectionId: string,
  container: Container,
): Promise<boolean> {
  const button = 'Remove';
  const place = client.connection(connectionId)?.name ?? 'the Spark';
  const detail = isAlive(container)
    ? 'It is running: it is ended at once. What was written inside it and not into a volume is lost.'
    : 'What was written inside it and not into a volume is lost.';
  const message = withoutLinks(`Remove ${container.name} from ${place}?`);
  return (await vscode.window.showWarningMessage(message, { modal: true, detail }, button)) === button;
}

/** The only port, or the one that the user chooses. */
async function pickPort(container: Container) {
  const ports = container.ports.filter(({ protocol }) => protocol === 'tcp');
  if (ports.length <= 1) return ports[0];
  const words = portsText({ ...container, ports });
  const items = ports.map((port, index) => ({ port, label: words[index] ?? '' }));
  return (await vscode.window.showQuickPick(items, { title: 'Open Port', placeHolder: 'Choose a port' }))?.port;
}
