import * as v from 'valibot';
import * as vscode from 'vscode';
import { portSchema } from '../../shared/connection.js';
import {
  DASHBOARD_PORT,
  forwardInputSchema,
  REMOTE_LOOPBACK,
  type ForwardData,
  type ForwardOffer,
  type ForwardView,
} from '../../shared/forwards.js';
import { COMMANDS } from '../contributionData.js';
import { registerCommand } from '../contributions.js';
import { withoutIcons } from '../plainText.js';
import { connectedOnly } from './aboutModel.js';
import { checked, checkedId, readCall } from './arguments.js';
import { aboutConnection, attempt } from './interactive.js';
import type { CommandServices } from './services.js';

const SAID_FOR_MS = 4000;
type Place = Pick<ForwardData, 'remotePort' | 'remoteHost'>;

/** Ports of a machine on this computer: add, remove, open in the browser. */
export function registerForwardCommands(services: CommandServices): vscode.Disposable {
  const { client } = services;
  const add = async (connectionId: string, forward: ForwardData) =>
    (await client.request('forwards/add', { connectionId, forward })).localPort;
  const remove = async (connectionId: string, { remotePort, remoteHost }: Place) =>
    (await client.request('forwards/remove', { connectionId, forward: { remotePort, remoteHost } })).localPort ??
    undefined;
  const open = async (connectionId: string, forward: ForwardData) => {
    const localPort = await add(connectionId, forward);
    await openInBrowser(localPort);
    return localPort;
  };
  const copy = async (connectionId: string, { remotePort, remoteHost }: Place) => {
    const url = urlOf(await add(connectionId, { remotePort, remoteHost }));
    await vscode.env.clipboard.writeText(url);
    vscode.window.setStatusBarMessage(`Copied ${url}`, SAID_FOR_MS);
    return url;
  };
  const dashboard = async (connectionId: string) =>
    await open(connectionId, { remotePort: DASHBOARD_PORT, remoteHost: REMOTE_LOOPBACK });
  return vscode.Disposable.from(
    registerCommand(COMMANDS.addForward, async (first, forward) => {
      if (readCall(first).form === 'argument') return await add(checkedId(first), checked(forwardInputSchema, forward));
      return await aboutConnection(services, first, connectedOnly('Forward a Port'), {
        argument: async () => await Promise.resolve(undefined),
        interactive: async connectionId => {
          const wished = await askForward(services, connectionId);
          if (!wished) return undefined;
          const localPort = await add(connectionId, wished);
          void offerToOpen(wished.label ?? `Port ${wished.remotePort}`, localPort);
          return localPort;
        },
      });
    }),
    registerCommand(
      COMMANDS.removeForward,
      async (...args) => await aboutForward(services, args, 'Remove Forwarded Port', remove),
    ),
    registerCommand(
      COMMANDS.openForward,
      async (...args) => await aboutForward(services, args, 'Open Forwarded Port in Browser', open),
    ),
    registerCommand(
      COMMANDS.copyForwardAddress,
      async (...args) => await aboutForward(services, args, 'Copy Address of Forwarded Port', copy),
    ),
    registerCommand(
      COMMANDS.openDgxDashboard,
      async first =>
        await aboutConnection(services, first, connectedOnly('Open DGX Dashboard'), {
          argument: dashboard,
          interactive: async connectionId => {
            const wished = await askDashboard(services, connectionId);
            return wished ? await open(connectionId, wished) : undefined;
          },
        }),
    ),
  );
}

/** Runs a command about one forward: `(connectionId, {remotePort, ...})`, a row, or neither. */
async function aboutForward<T>(
  services: CommandServices,
  [first, second]: readonly unknown[],
  title: string,
  work: (connectionId: string, forward: ForwardData) => Promise<T>,
): Promise<T | undefined> {
  const call = readCall(first);
  if (call.form === 'argument') return await work(checkedId(first), checked(forwardInputSchema, second));
  const { row } = call;
  const { forwards } = services.client.snapshot;
  return await attempt(services, row?.connectionId, async () => {
    const chosen =
      row?.kind === 'forward'
        ? forwards.find(({ id }) => id === row.forwardId)
        : await pickForward(services, forwards.filter(belongsTo(row?.connectionId)), title);
    if (!chosen) return undefined;
    const { connectionId, remotePort, remoteHost } = chosen;
    return await work(connectionId, { remotePort, remoteHost });
  });
}

function belongsTo(connectionId: string | undefined): (forward: ForwardView) => boolean {
  return forward => connectionId === undefined || forward.connectionId === connectionId;
}

async function pickForward(
  { client }: CommandServices,
  forwards: readonly ForwardView[],
  title: string,
): Promise<ForwardView | undefined> {
  if (forwards.length === 0) {
    void vscode.window.showInformationMessage('No port is forwarded yet.');
    return undefined;
  }
  const items = forwards.map(forward => ({
    forward,
    label: withoutIcons(forward.label),
    description: forward.status.state === 'open' ? `localhost:${forward.status.localPort}` : forward.status.state,
    detail: withoutIcons(
      `Port ${forward.remotePort} of ${client.connection(forward.connectionId)?.name ?? 'the Spark'}`,
    ),
  }));
  return (await vscode.window.showQuickPick(items, { title, placeHolder: 'Choose a forwarded port' }))?.forward;
}

/** What to open as the dashboard: it, or what the user chooses instead where nothing listens there. */
async function askDashboard(services: CommandServices, connectionId: string): Promise<ForwardData | undefined> {
  const { client } = services;
  const forward = { remotePort: DASHBOARD_PORT, remoteHost: REMOTE_LOOPBACK };
  const offers = await client.request('forwards/offers', { connectionId });
  // a port that is forwarded already is not offered: that one was looked at when it was added
  if (offers.find(({ remotePort }) => remotePort === DASHBOARD_PORT)?.listening !== false) return forward;
  const name = withoutIcons(client.connection(connectionId)?.name ?? 'the Spark');
  const [anyway, other] = ['Open Anyway', 'Other Services...'];
  const chosen = await vscode.window.showWarningMessage(
    `Nothing listens on port ${DASHBOARD_PORT} of ${name}, where the DGX Dashboard usually is.`,
    anyway,
    other,
  );
  if (chosen === anyway) return forward;
  return chosen === other ? await askForward(services, connectionId) : undefined;
}

interface OfferItem extends vscode.QuickPickItem {
  readonly offer?: ForwardOffer;
}

/** Lets the user choose among what listens there, what may listen there, and any port. */
async function askForward(services: CommandServices, connectionId: string): Promise<ForwardData | undefined> {
  const item = (offer: ForwardOffer): OfferItem => ({
    offer,
    label: `$(${offer.known ? 'globe' : 'plug'}) ${withoutIcons(offer.label)}`,
    description: `port ${offer.remotePort}`,
  });
  const heading = (label: string): OfferItem => ({ label, kind: vscode.QuickPickItemKind.Separator });
  const stop = new AbortController();
  const look = async (): Promise<OfferItem[]> => {
    const offers = await services.client.request('forwards/offers', { connectionId }, stop.signal);
    const listening = offers.filter(offer => offer.listening);
    const others = offers.filter(offer => !offer.listening);
    return [
      ...(listening.length > 0 ? [heading('Listening now'), ...listening.map(item)] : []),
      ...[heading('Any'), { label: '$(edit) Another Port...' }],
      ...(others.length > 0 ? [heading('Not listening now'), ...others.map(item)] : []),
    ];
  };
  // the list is open at once, and fills when the machine has answered
  const chosen = await vscode.window.showQuickPick<OfferItem>(look(), {
    ...{ title: 'Forward a Port', placeHolder: 'Choose a service of the Spark' },
    matchOnDescription: true,
  });
  stop.abort();
  if (!chosen) return undefined;
  if (chosen.offer) {
    const { remoteHost, remotePort, label } = chosen.offer;
    return { remoteHost, remotePort, label };
  }
  return await askPort();
}

const numberSchema = v.pipe(
  v.string(),
  v.trim(),
  v.regex(/^\d{1,5}$/, 'Enter a port, 1 to 65535.'),
  v.transform(Number),
  portSchema,
);

async function askPort(): Promise<ForwardData | undefined> {
  const entered = await vscode.window.showInputBox({
    title: 'Forward a Port',
    prompt: 'Port on the Spark',
    placeHolder: '8080',
    validateInput: value => {
      const result = v.safeParse(numberSchema, value);
      return result.success || value === '' ? undefined : result.issues[0].message;
    },
  });
  if (entered === undefined || entered === '') return undefined;
  return { remoteHost: REMOTE_LOOPBACK, remotePort: checked(numberSchema, entered) };
}

async function offerToOpen(label: string, localPort: number): Promise<void> {
  const open = 'Open in Browser';
  const chosen = await vscode.window.showInformationMessage(
    `${withoutIcons(label)} is on localhost:${localPort}.`,
    open,
  );
  if (chosen === open) await openInBrowser(localPort);
}

async function openInBrowser(localPort: number): Promise<void> {
  await vscode.env.openExternal(vscode.Uri.parse(urlOf(localPort)));
}

function urlOf(localPort: number): string {
  return `http://localhost:${localPort}`;
}
