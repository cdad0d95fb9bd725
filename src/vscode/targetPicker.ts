import * as vscode from 'vscode';
import { SparkError } from '../shared/errors.js';
import type { EndpointHealth, OllamaTarget } from '../shared/ollama.js';
import { OLLAMA_TARGETS } from './contributionData.js';
import { readSetting } from './contributions.js';
import type { EngineClient } from './engineClient.js';
import { healthText } from './models/modelWords.js';
import { withoutIcons } from './plainText.js';

interface TargetItem extends vscode.QuickPickItem {
  readonly target: OllamaTarget;
}

/** While it is open the health is asked for this often. */
const LOOK_EVERY_MS = 3_000;

/** Lets the user choose which Ollama tools use, with how each does. Undefined when they think better of it. */
export async function pickTarget(client: EngineClient): Promise<OllamaTarget | undefined> {
  const picker = vscode.window.createQuickPick<TargetItem>();
  let timer: NodeJS.Timeout | undefined;
  const stop = new AbortController();
  picker.title = 'Select Ollama Target';
  picker.placeholder = `Which Ollama should tools use? Now: ${client.snapshot.endpoint.url}`;
  picker.items = itemsOf(client, undefined);
  const look = async () => {
    try {
      const health = (await client.attached()) && (await client.request('ollama/health', {}, stop.signal));
      if (stop.signal.aborted) return;
      const active = picker.activeItems[0]?.target;
      picker.items = itemsOf(client, health);
      picker.activeItems = picker.items.filter(({ target }) => target === active);
    } catch (error) {
      if (stop.signal.aborted) return;
      picker.placeholder = SparkError.toInfo(error).message;
    }
    picker.busy = false;
    timer = setTimeout(() => void look(), LOOK_EVERY_MS);
  };
  picker.busy = true;
  picker.activeItems = picker.items.filter(({ target }) => target === readSetting('ollama.target'));
  try {
    return await new Promise(resolve => {
      picker.onDidAccept(() => {
        resolve(picker.selectedItems[0]?.target);
      });
      picker.onDidHide(() => {
        resolve(undefined);
      });
      picker.show();
      void look();
    });
  } finally {
    stop.abort();
    clearTimeout(timer);
    picker.dispose();
  }
}

function itemsOf(client: EngineClient, health: EndpointHealth | undefined): TargetItem[] {
  const { endpoint } = client.snapshot;
  const now = readSetting('ollama.target');
  const spark = health?.dgx?.connectionName;
  const leadsTo = endpoint.source === 'dgx' ? (spark ?? 'the Spark') : 'this computer';
  const details: Readonly<Record<OllamaTarget, string>> = {
    auto: `The active Spark while it is connected, else this computer. Now: ${leadsTo}`,
    local: health ? healthText(health.local) : 'looking...',
    dgx: health ? (health.dgx ? healthText(health.dgx) : 'no Spark is active') : 'looking...',
  };
  const labels: Readonly<Record<OllamaTarget, string>> = {
    auto: 'Automatic',
    local: 'This Computer',
    dgx: spark === undefined ? 'DGX Spark' : `DGX Spark: ${spark}`,
  };
  const icons: Readonly<Record<OllamaTarget, string>> = { auto: 'arrow-swap', local: 'device-desktop', dgx: 'server' };
  return OLLAMA_TARGETS.map(target => ({
    target,
    label: `$(${icons[target]}) ${withoutIcons(labels[target])}`,
    detail: withoutIcons(details[target]),
    ...(target === now ? { description: 'current' } : {}),
  }));
}
