import * as vscode from 'vscode';
import type { MemoryCheck, MemoryHolder } from '../../shared/ollama.js';
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
    // what nobody can tell is no reason to keep somebody from trying
    if (!always && check.fit !== 'afterUnloading' && check.fit !== 'no') return true;
    const chosen = await vscode.window.showQuickPick(itemsOf(check), {
      title: withoutIcons(`${titleOf(check)} ${roomText(check)}`),
      placeHolder: 'Choose what to unload or stop, or load it as it is',
      ignoreFocusOut: true,
    });
    const action = chosen?.action;
    if (action === undefined) return false;
    if (action === 'go') return true;
    if (action !== 'again') await release(client, connectionId, action);
  }
}

function titleOf({ model, needs, fit }: MemoryCheck): string {
  if (fit === 'loaded') return `${model} is loaded;`;
  return `${model} needs ${needsText(needs)};`;
}

function itemsOf(check: MemoryCheck): Item[] {
  const { needs, fit } = check;
  const holders = check.holders.map((holder): Item => {
    const does = actionOf(holder);
    return {
      label: `$(${HOLDER_ICONS[holder.kind]}) ${withoutIcons(holder.name)}`,
      description: bytesText(holder.bytes),
      ...(does === undefined ? {} : { detail: does, action: holder }),
    };
  });
  return [
    {
      label: fit === 'loaded' || fit === 'yes' ? '$(check) Use It' : '$(warning) Load It Anyway',
      detail: withoutIcons(
        fit === 'no' || fit === 'afterUnloading'
          ? `Ollama may put a part of it elsewhere, be slow, or refuse. ${needs.source}`
          : needs.source,
      ),
      action: 'go',
    },
    { label: '$(refresh) Look Again', action: 'again' },
    { label: 'Who holds memory', kind: vscode.QuickPickItemKind.Separator },
    ...holders,
  ];
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
