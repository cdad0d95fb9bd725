import * as v from 'valibot';
import { engineSettingsSchema, type EngineSettings } from '../shared/settings.js';
import { ENGINE_SETTING_KEYS, WINDOWS_LINGER_SECONDS, type SettingKey } from './contributionData.js';

/** How settings are read; the editor's configuration in the extension, a plain object in tests. */
export interface SettingsSource {
  read(key: SettingKey): unknown;
  /** Whether the user chose a value, as opposed to leaving the default. */
  isChosen(key: SettingKey): boolean;
}

/** What the engine needs of the settings; a value that makes no sense is replaced by its default. */
export function readEngineSettings(
  source: SettingsSource,
  where: { platform: NodeJS.Platform; mayAutoConnect: boolean },
): EngineSettings {
  const raw = Object.fromEntries(Object.entries(ENGINE_SETTING_KEYS).map(([field, key]) => [field, source.read(key)]));
  const settings = v.parse(engineSettingsSchema, raw);
  return {
    ...settings,
    autoConnect: settings.autoConnect && where.mayAutoConnect,
    lingerSeconds:
      where.platform === 'win32' && !source.isChosen(ENGINE_SETTING_KEYS.lingerSeconds)
        ? WINDOWS_LINGER_SECONDS
        : settings.lingerSeconds,
  };
}
