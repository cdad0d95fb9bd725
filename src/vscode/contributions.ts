import * as vscode from 'vscode';
import {
  COMMANDS,
  SETTINGS_SECTION,
  type CommandId,
  type CommandTypes,
  type ContextKey,
  type ContextKeyTypes,
  type SettingKey,
  type SettingTypes,
} from './contributionData.js';

/**
 * Registers a command. Its arguments come from anywhere (palette, tree, keybinding, another extension), so a handler
 * takes them unchecked; its result is the typed one, or undefined where the user cancelled.
 */
export function registerCommand<K extends CommandId>(
  id: K,
  handler: (...args: unknown[]) => Promise<Awaited<ReturnType<CommandTypes[K]>> | undefined>,
): vscode.Disposable {
  return vscode.commands.registerCommand(id, handler);
}

/**
 * Stands in for all commands that nobody has registered yet, so that one that is called before its feature is there,
 * such as the one that activates the extension, waits for it. To be disposed before the real ones are registered.
 * @param there resolves when they are
 */
export function standInForCommands(there: Promise<void>): vscode.Disposable {
  const standIns: vscode.Disposable[] = [];
  for (const id of Object.values(COMMANDS))
    try {
      standIns.push(
        vscode.commands.registerCommand(id, async (...args: unknown[]) => {
          await there;
          return await vscode.commands.executeCommand(id, ...args);
        }),
      );
    } catch {
      // it is there already
    }
  return vscode.Disposable.from(...standIns);
}

/** The value of a setting as the user's settings have it: of the declared type unless somebody edited it by hand. */
export function readSetting<K extends SettingKey>(key: K): SettingTypes[K] | undefined {
  return vscode.workspace.getConfiguration(SETTINGS_SECTION).get<SettingTypes[K]>(key);
}

/** Whether the user chose a value, as opposed to leaving the default. */
export function isSettingChosen(key: SettingKey): boolean {
  return vscode.workspace.getConfiguration(SETTINGS_SECTION).inspect(key)?.globalValue !== undefined;
}

/** Writes a setting to the user's settings. Rejects when settings.json cannot be edited. */
export async function writeSetting<K extends SettingKey>(key: K, value: SettingTypes[K]): Promise<void> {
  const settings = vscode.workspace.getConfiguration(SETTINGS_SECTION);
  await settings.update(key, value, vscode.ConfigurationTarget.Global);
}

/** Tells when one of the given settings changed. */
export function onDidChangeSettings(keys: readonly SettingKey[], listener: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration(event => {
    if (keys.some(key => event.affectsConfiguration(`${SETTINGS_SECTION}.${key}`))) listener();
  });
}

/** Sets context keys, each only when its value changes. */
export class ContextKeys {
  private readonly known = new Map<ContextKey, unknown>();

  set<K extends ContextKey>(key: K, value: ContextKeyTypes[K]): void {
    if (this.known.get(key) === value) return;
    this.known.set(key, value);
    void vscode.commands.executeCommand('setContext', key, value);
  }
}
