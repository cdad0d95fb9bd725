import { mkdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { attachToEngine, attachToRunningEngine, engineIsWorthStarting } from '../link/attach.js';
import type { AttachOptions } from '../link/types.js';
import type { EngineSettings } from '../shared/settings.js';
import { isSettingChosen, readSetting } from './contributions.js';
import type { EngineSurroundings } from './engineClient.js';
import type { Log } from './log.js';
import { withoutLinks } from './plainText.js';
import type { Prompts } from './prompts.js';
import { worksElsewhere } from './remoteHost.js';
import { readEngineSettings } from './settings.js';

const LONGEST_RETRY_MS = 30_000;
const FIRST_RETRY_MS = 200;
/** Files of an engine that starts appear together; one look after the last is enough. */
const SETTLED_AFTER_MS = 150;

/** Connects the engine client to this window: its storage, settings, keychain, questions and log. */
export function engineSurroundings(
  context: vscode.ExtensionContext,
  parts: { log: Log; prompts: Prompts; mayAutoConnect: boolean },
): EngineSurroundings {
  const { log, prompts } = parts;
  const { secrets } = context;
  const storageFolder = context.globalStorageUri.fsPath;
  const version: unknown = (context.extension.packageJSON as Record<string, unknown>)['version'];
  const settings = (): EngineSettings =>
    readEngineSettings(
      { read: readSetting, isChosen: isSettingChosen },
      { platform: process.platform, mayAutoConnect: parts.mayAutoConnect },
    );
  const options = (signal: AbortSignal): AttachOptions => ({
    storageFolder,
    engineFile: join(context.extensionPath, 'dist', 'engine.js'),
    extensionVersion: String(version),
    location: readSetting('engine.location') === 'window' ? 'window' : 'process',
    lingerSeconds: settings().lingerSeconds,
    log: log.scope('link'),
    signal,
  });
  return {
    attach: async (handlers, listeners, signal) => await attachToEngine(options(signal), handlers, listeners),
    attachToRunning: async (handlers, listeners, signal) =>
      await attachToRunningEngine(options(signal), handlers, listeners),
    isWorthStarting: () => engineIsWorthStarting(storageFolder),
    watch: onMaybeStarted => watchFolder(storageFolder, onMaybeStarted, log),
    settings,
    isFocused: () => vscode.window.state.focused,
    isElsewhere: worksElsewhere(),
    handlers: {
      'question/ask': async (question, signal) => await prompts.ask(question, signal),
      'secrets/get': async ({ key }) => (await secrets.get(key)) ?? null,
      'secrets/store': async ({ key, value }) => {
        await secrets.store(key, value);
        return null;
      },
      'secrets/delete': async ({ key }) => {
        await secrets.delete(key);
        return null;
      },
    },
    onNotice: ({ severity, message }) => {
      log.write(severity === 'warning' ? 'warn' : severity, 'notice', message);
      void showNotice(severity, withoutLinks(message), log);
    },
    onLogLine: ({ level, scope, message }) => {
      log.write(level, scope, message);
    },
    log: log.scope('client'),
    // windows that lost the same engine do not all come back in the same instant
    retryDelay: failures => Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures) * (0.75 + Math.random() / 4),
  };
}

async function showNotice(severity: 'info' | 'warning' | 'error', message: string, log: Log): Promise<void> {
  const show = {
    info: vscode.window.showInformationMessage,
    warning: vscode.window.showWarningMessage,
    error: vscode.window.showErrorMessage,
  }[severity];
  const showLog = 'Show Log';
  if ((await show(message, showLog)) === showLog) log.show();
}

/** Watches for an engine that another window starts. Where the folder cannot be watched, focusing the window looks too. */
function watchFolder(folder: string, onChange: () => void, log: Log): vscode.Disposable {
  let timer: NodeJS.Timeout | undefined;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const watcher = watch(folder, { persistent: false }, () => {
      clearTimeout(timer);
      timer = setTimeout(onChange, SETTLED_AFTER_MS);
    });
    watcher.on('error', () => {
      watcher.close();
    });
    return new vscode.Disposable(() => {
      clearTimeout(timer);
      watcher.close();
    });
  } catch (error) {
    log.write('debug', 'client', `The storage folder is not watched: ${String(error)}`);
    return new vscode.Disposable(() => undefined);
  }
}
