import * as vscode from 'vscode';
import type { Job } from '../../shared/jobs.js';
import type { MemoryHolder, MemoryState } from '../../shared/ollama.js';
import type { EngineClient } from '../engineClient.js';
import { withoutIcons } from '../plainText.js';
import { bytesText, needsText, roomText } from './modelWords.js';
import { offerCommand } from './sshTerminal.js';

interface Item extends vscode.QuickPickItem {
  readonly action?: 'go' | 'again' | MemoryHolder;
}

/** As the kernel documents it (admin-guide/sysctl/vm.rst); NVIDIA's playbooks tell it to users of the Spark. */
const DROP_CACHES = "sudo sh -c 'sync; echo 3 > /proc/sys/vm/drop_caches'";

const HOLDER_ICONS: Readonly<Record<MemoryHolder['kind'], string>> = {
  model: 'library',
  process: 'gear',
  container: 'package',
  cache: 'archive',
  other: 'ellipsis',
};

/**
 * Makes sure that there is room for a model before it is loaded. Where there is none, shows what it needs against what
 * there is and who holds the rest, and lets the user unload or stop with one click. True when it may be loaded.
 * @param always shows it also where there is room
 */
export async function hasRoom(
  client: EngineClient,
  connectionId: string,
  model: string,
  { contextTokens, always = false }: { readonly contextTokens?: number; readonly always?: boolean } = {},
): Promise<boolean> {
  for (;;) {
    const check = await client.request('ollama/checkMemory', {
      connectionId,
      model,
      ...(contextTokens === undefined ? {} : { contextTokens }),
    });
    const { needs, fit } = check;
    const isTight = fit === 'no' || fit === 'afterUnloading';
    // what nobody can tell is no reason to keep somebody from trying
    if (!always && !isTight) return true;
    const answer = await askForRoom(client, connectionId, check, {
      title: fit === 'loaded' ? `${check.model} is loaded;` : `${check.model} needs ${needsText(needs)};`,
      placeHolder: 'Choose what to unload or stop, or load it as it is',
      go: isTight ? '$(warning) Load It Anyway' : '$(check) Use It',
      detail: isTight ? `Ollama may put a part of it elsewhere, be slow, or refuse. ${needs.source}` : needs.source,
    });
    if (answer !== 'again') return answer === 'go';
  }
}

/** The same before a training job is started, where it is known what it needs. True when it may be started. */
export async function hasRoomForJob(client: EngineClient, { id, connectionId, name }: Job): Promise<boolean> {
  const { bytes, basis } = await client.request('jobs/memoryNeed', { jobId: id });
  if (bytes === null) return true;
  for (;;) {
    const state = await client.request('ollama/memory', { connectionId });
    if (state.availableBytes === null || bytes <= state.availableBytes) return true;
    const answer = await askForRoom(client, connectionId, state, {
      title: `${name} ${basis === 'said' ? 'needs' : 'used'} ${bytesText(bytes)};`,
      placeHolder: 'Choose what to unload or stop, or start it as it is',
      go: '$(warning) Start It Anyway',
      detail:
        basis === 'said'
          ? 'As its form says. It may fail, or take the machine down with it.'
          : 'As its last run did. It may fail, or take the machine down with it.',
    });
    if (answer !== 'again') return answer === 'go';
  }
}

interface Question {
  /** Stands before what there is. */
  readonly title: string;
  readonly placeHolder: string;
  readonly go: string;
  readonly detail: string;
}

/** Shows who holds memory and frees what the user chooses; `again` when there may be more by now, undefined for neither. */
async function askForRoom(
  client: EngineClient,
  connectionId: string,
  state: MemoryState,
  { title, placeHolder, go, detail }: Question,
): Promise<'go' | 'again' | undefined> {
  const items: Item[] = [
    { label: go, detail: withoutIcons(detail), action: 'go' },
    { label: '$(refresh) Look Again', action: 'again' },
    { label: 'Who holds memory', kind: vscode.QuickPickItemKind.Separator },
    ...state.holders.map(itemOf),
  ];
  const chosen = await vscode.window.showQuickPick(items, {
    title: withoutIcons(`${title} ${roomText(state)}`),
    placeHolder,
    ignoreFocusOut: true,
  });
  const action = chosen?.action;
  if (action === undefined || action === 'go' || action === 'again') return action;
  await release(client, connectionId, action);
  return 'again';
}

function itemOf(holder: MemoryHolder): Item {
  const does = actionOf(holder);
  return {
    label: `$(${HOLDER_ICONS[holder.kind]}) ${withoutIcons(holder.name)}`,
    description: bytesText(holder.bytes),
    ...(does === undefined ? {} : { detail: does, action: holder }),
  };
}

function actionOf(holder: MemoryHolder): string | undefined {
  switch (holder.kind) {
    case 'model':
      return 'Unload it';
    case 'container':
    case 'process':
      return commandFor(holder) === undefined ? undefined : 'Stop it, in a terminal';
    case 'cache':
      return 'Counted as available; some programs need it dropped, in a terminal';
    case 'other':
      return undefined;
  }
}

async function release(client: EngineClient, connectionId: string, holder: MemoryHolder): Promise<void> {
  if (holder.kind === 'model') {
    await client.request('ollama/unload', { connectionId, model: holder.name });
    return;
  }
  const connection = client.connection(connectionId);
  const command = commandFor(holder);
  if (!connection || command === undefined) return;
  const reason = `It holds ${bytesText(holder.bytes)} of memory. The command that frees it:`;
  await offerCommand(connection, { title: `Free the memory of ${holder.name}`, reason, command });
}

/** The line that frees what somebody holds; undefined where none is safe to make. The names are the machine's, so only plain ones are taken. */
export function commandFor({ kind, name }: MemoryHolder): string | undefined {
  switch (kind) {
    case 'container':
      return /^[A-Za-z0-9][\w.-]*$/.test(name) ? `docker stop ${name}` : undefined;
    case 'process': {
      const [, pid] = /\((\d{1,9})\)$/.exec(name) ?? [];
      return pid === undefined ? undefined : `kill ${pid}`;
    }
    case 'cache':
      return DROP_CACHES;
    default:
      return undefined;
  }
}
