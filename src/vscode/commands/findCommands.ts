import * as vscode from 'vscode';
import { sshConfigHostSchema } from '../../shared/address.js';
import type { ConnectionInput, ConnectionView } from '../../shared/connection.js';
import type { FoundSpark, ListedHost } from '../../shared/discovery.js';
import { SparkError } from '../../shared/errors.js';
import { COMMANDS } from '../contributionData.js';
import { registerCommand } from '../contributions.js';
import { withoutIcons, withoutLinks } from '../plainText.js';
import { shortPath } from '../shortPath.js';
import { addressOf } from '../wording.js';
import { checked } from './arguments.js';
import { attempt } from './interactive.js';
import { withCancellableProgress } from './quietProgress.js';
import type { CommandServices } from './services.js';

const SAID_FOR_MS = 4000;
const PROXY_WORDS = { none: '', jump: ', through a jump host', command: ', through a ProxyCommand' } as const;

/** Saving connections without typing: from ssh_config, and from the local network. */
export function registerFindCommands(services: CommandServices): vscode.Disposable {
  return vscode.Disposable.from(
    registerCommand(COMMANDS.importSshConfig, async first => {
      if (first !== undefined) return await importByName(services, checked(sshConfigHostSchema, first));
      await attempt(services, undefined, async () => await importByChoice(services));
      return undefined;
    }),
    registerCommand(
      COMMANDS.discover,
      async () => await attempt(services, undefined, async () => await discover(services)),
    ),
  );
}

/** Saves one host, following ssh_config. Resolves with the id of the connection; one that follows it already is that one. */
async function importByName({ client }: CommandServices, alias: string): Promise<string> {
  const { hosts } = await client.request('sshConfig/list', {});
  const known = client.snapshot.connections.find(({ sshConfigHost }) => sshConfigHost === alias);
  if (known) return known.id;
  const host = hosts.find(candidate => candidate.alias === alias);
  if (!host)
    throw new SparkError({
      code: 'notFound',
      message: `Your SSH config has no Host "${alias}".`,
      hint: 'Write it as it stands there; hosts with wildcards cannot be imported.',
    });
  return (await client.request('connections/create', following(host))).id;
}

async function importByChoice(services: CommandServices): Promise<void> {
  const { client } = services;
  const { hosts, problems } = await client.request('sshConfig/list', {});
  if (problems.length > 0) void vscode.window.showWarningMessage(withoutLinks(problems.slice(0, 3).join(' ')));
  const open = hosts.filter(host => !client.snapshot.connections.some(connection => isOf(connection, host)));
  if (open.length === 0) {
    const message =
      hosts.length === 0
        ? 'Your SSH config names no host: add a "Host" to ~/.ssh/config, or enter the machine here.'
        : 'Every host of your SSH config is saved already.';
    offerForm(services, message);
    return;
  }
  const chosen = await vscode.window.showQuickPick(open.map(hostItem), {
    title: 'Import from SSH Config',
    placeHolder: 'Choose the hosts to save',
    canPickMany: true,
    matchOnDescription: true,
  });
  if (!chosen || chosen.length === 0) return;
  const follow = await askWhetherToFollow(chosen.length);
  if (follow === undefined) return;
  const failed: string[] = [];
  const followedAnyway: string[] = [];
  for (const { host } of chosen) {
    // a command is not something that a form could show: such a host can only be followed
    const mustFollow = host.proxy === 'command';
    try {
      await client.request('connections/create', follow || mustFollow ? following(host) : copied(host));
      if (mustFollow && !follow) followedAnyway.push(host.alias);
    } catch (error) {
      failed.push(`${host.alias}: ${SparkError.toInfo(error).message}`);
    }
  }
  tellOutcome(chosen.length - failed.length, failed, followedAnyway);
}

/** Says something, with a button that leads to the form. The command has ended, whenever the user reads it. */
function offerForm({ panel }: CommandServices, message: string): void {
  const add = 'Add Connection';
  void vscode.window.showInformationMessage(message, add).then(chosen => {
    if (chosen === add) panel.openForm(null);
  });
}

function tellOutcome(saved: number, failed: readonly string[], followedAnyway: readonly string[]): void {
  if (failed.length > 0) void vscode.window.showErrorMessage(withoutLinks(`Not imported: ${failed.join(' ')}`));
  if (followedAnyway.length > 0)
    void vscode.window.showInformationMessage(
      withoutLinks(
        `A ProxyCommand cannot be copied, so the SSH config is followed for ${followedAnyway.join(', ')} all the same.`,
      ),
    );
  if (saved > 0)
    vscode.window.setStatusBarMessage(
      saved === 1 ? 'The connection is saved' : `${saved} connections are saved`,
      SAID_FOR_MS,
    );
}

/** Whether a connection follows a host, or is a copy of it that still has its name and address. */
function isOf(connection: ConnectionView, host: ListedHost): boolean {
  if (connection.sshConfigHost !== null) return connection.sshConfigHost === host.alias;
  return connection.name === host.alias && addressOf(connection) === addressOf(host);
}

function hostItem(host: ListedHost): vscode.QuickPickItem & { host: ListedHost } {
  return {
    host,
    label: withoutIcons(host.alias),
    description: withoutIcons(`${addressOf(host)}${PROXY_WORDS[host.proxy]}`),
    detail: withoutIcons(`${shortPath(host.file)}, line ${host.line}`),
  };
}

async function askWhetherToFollow(count: number): Promise<boolean | undefined> {
  const them = count === 1 ? 'it' : 'them';
  const items = [
    {
      follow: true,
      label: 'Follow the SSH config',
      detail: `Address, user and keys are read from there at each login: change ${them} there`,
    },
    { follow: false, label: 'Copy the values', detail: `Change ${them} here; the SSH config is not asked again` },
  ];
  const picked = await vscode.window.showQuickPick(items, {
    title: 'Import from SSH Config',
    placeHolder: 'Should the connection follow later changes of the SSH config?',
  });
  return picked?.follow;
}

function following({ alias, hostname, username, port }: ListedHost): ConnectionInput {
  return { name: alias.slice(0, 80), hostname, username, port, authMethod: 'auto', sshConfigHost: alias };
}

function copied({ alias, hostname, username, port, identityFile, proxyJump }: ListedHost): ConnectionInput {
  return {
    ...{ name: alias.slice(0, 80), hostname, username, port, sshKeyPath: identityFile, proxyJump },
    authMethod: identityFile === null ? 'auto' : 'key',
  };
}

/** Looks for machines and opens the form for the one that is chosen. Resolves with that. */
async function discover(services: CommandServices): Promise<FoundSpark | undefined> {
  const { client, panel } = services;
  const found = await withCancellableProgress(
    'Looking for Sparks on the local network',
    async signal => await client.request('discovery/find', {}, signal),
  );
  if (found.length === 0) {
    offerForm(
      services,
      'No machine made itself known. It may be on another network, or multicast may be blocked: add it by its name or IP address.',
    );
    return undefined;
  }
  const items = found.map(spark => ({
    spark,
    label: withoutIcons(spark.name),
    description: withoutIcons(spark.hostname),
    detail: withoutIcons([spark.looksLikeSpark ? 'DGX Spark' : 'SSH', ...spark.addresses.slice(0, 2)].join(' · ')),
  }));
  const picked = await vscode.window.showQuickPick(items, {
    title: 'Sparks on the Local Network',
    placeHolder: 'Choose the machine to add',
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (!picked) return undefined;
  const { name, hostname, port } = picked.spark;
  panel.openForm(null, { name, hostname, port });
  return picked.spark;
}
