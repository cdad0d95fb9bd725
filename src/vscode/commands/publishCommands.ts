import * as vscode from 'vscode';
import { COMMANDS } from '../contributionData.js';
import { readSetting, registerCommand, writeSetting } from '../contributions.js';
import { PRESETS, type PresetName } from '../publishing/presets.js';
import { attempt } from './interactive.js';
import type { CommandServices } from './services.js';

const SAID_FOR_MS = 4000;

/** Which settings of other extensions follow the endpoint. */
export function registerPublishCommands(services: CommandServices): vscode.Disposable {
  return vscode.Disposable.from(
    registerCommand(COMMANDS.publishEndpoint, async () => {
      await attempt(services, undefined, choosePresets);
    }),
    registerCommand(COMMANDS.restorePublished, async () => {
      // what is not to follow any more gets its own value back
      await writeSetting('ollama.publishTo', []);
      vscode.window.setStatusBarMessage('The settings of other extensions are yours again', SAID_FOR_MS);
    }),
  );
}

async function choosePresets(): Promise<void> {
  const now = readSetting('ollama.publishTo') ?? [];
  const settings = vscode.workspace.getConfiguration();
  const isKnown = (key: string) => settings.inspect(key)?.defaultValue !== undefined;
  const names = Object.keys(PRESETS) as PresetName[];
  const items = names.map(name => {
    const { label, places } = PRESETS[name];
    const installed = places.some(({ setting }) => isKnown(setting));
    return {
      name,
      label,
      installed,
      description: installed ? '' : 'not installed',
      detail: places.map(({ setting }) => setting).join(', '),
      picked: now.includes(name),
    };
  });
  const chosen = await vscode.window.showQuickPick(
    items.sort((a, b) => Number(b.installed) - Number(a.installed)),
    {
      title: 'Publish Endpoint to Other Extensions',
      placeHolder: 'Whose settings should follow the endpoint? You are asked before each is written',
      canPickMany: true,
      matchOnDetail: true,
    },
  );
  if (!chosen) return;
  const own = now.filter(item => typeof item !== 'string' || !Object.hasOwn(PRESETS, item));
  await writeSetting('ollama.publishTo', [...chosen.map(({ name }) => name), ...own]);
}
