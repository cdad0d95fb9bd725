import assert from 'node:assert/strict';
import { DEFAULT_ENGINE_SETTINGS } from '../../../src/shared/settings.js';
import { SETTING_DEFAULTS, type SettingKey } from '../../../src/vscode/contributionData.js';
import { readEngineSettings } from '../../../src/vscode/settings.js';

function source(chosen: Partial<Record<SettingKey, unknown>>) {
  return {
    read: (key: SettingKey) => (key in chosen ? chosen[key] : SETTING_DEFAULTS[key]),
    isChosen: (key: SettingKey) => key in chosen,
  };
}
const here = { platform: 'linux', mayAutoConnect: true } as const;

describe('settings for the engine', () => {
  it('are the defaults where nothing was chosen', () => {
    assert.deepEqual(readEngineSettings(source({}), here), DEFAULT_ENGINE_SETTINGS);
  });

  it('take what was chosen and replace what makes no sense', () => {
    const settings = readEngineSettings(
      source({
        'ollama.localPort': 12000,
        'ollama.remotePort': 'eleven',
        'metrics.pollIntervalSeconds': 0,
        'ollama.target': 'moon',
        'connection.autoConnect': false,
      }),
      here,
    );
    assert.deepEqual(settings, { ...DEFAULT_ENGINE_SETTINGS, localPort: 12000, autoConnect: false });
  });

  it('let the engine go sooner on Windows unless the user chose', () => {
    const windows = { ...here, platform: 'win32' } as const;
    assert.equal(readEngineSettings(source({}), windows).lingerSeconds, 5);
    assert.equal(readEngineSettings(source({ 'engine.lingerSeconds': 60 }), windows).lingerSeconds, 60);
  });

  it('connect nothing by themselves on a remote machine', () => {
    assert.equal(readEngineSettings(source({}), { ...here, mayAutoConnect: false }).autoConnect, false);
  });
});
