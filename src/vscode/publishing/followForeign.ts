import * as v from 'valibot';
import * as vscode from 'vscode';
import { onDidChangeSettings, readSetting } from '../contributions.js';
import { together, type Disposable } from '../emitter.js';
import type { EngineClient } from '../engineClient.js';
import { withoutLinks } from '../plainText.js';
import { ForeignSettings, NOTHING_PUBLISHED, type PublishedRecord, type SettingsAccess } from './foreignSettings.js';

const MEMORY_KEY = 'publishedSettings';
const recordSchema = v.object({
  confirmed: v.array(v.string()),
  published: v.record(v.string(), v.object({ own: v.optional(v.unknown()), wrote: v.unknown() })),
  written: v.record(v.string(), v.array(v.unknown())),
});

export interface FollowOptions {
  readonly client: EngineClient;
  readonly memory: vscode.Memento;
  /** Programs that read this window's settings run on another machine. */
  readonly isElsewhere: boolean;
  readonly log: (message: string) => void;
}

/** Keeps the settings that the user chose at the endpoint, from one window for all. In a remote window it does nothing. */
export function followForeign({ client, memory, isElsewhere, log }: FollowOptions): Disposable {
  if (isElsewhere) return together();
  const foreign = new ForeignSettings({
    settings: editorSettings,
    memory: { read: () => readRecord(memory), write: async record => await memory.update(MEMORY_KEY, record) },
    confirm: askOnce,
    log,
  });
  const follow = () => {
    const endpoint = publishedEndpoint(client);
    if (endpoint === undefined) return;
    const publishTo = readSetting('ollama.publishTo');
    if (Array.isArray(publishTo) && publishTo.length === 0 && !foreign.hasPublished) return;
    void foreign.follow(endpoint, publishTo);
  };
  follow();
  return together(
    client.onDidChange(follow),
    onDidChangeSettings(['ollama.publishTo'], follow),
    // another extension may bring a setting that was not known before
    vscode.extensions.onDidChange(follow),
  );
}

/** Null while it leads to this computer; undefined while that is not known, or another window's business. */
function publishedEndpoint({ status, isLeader, snapshot }: EngineClient): string | null | undefined {
  switch (status.state) {
    case 'up':
      if (!isLeader) return undefined;
      return snapshot.endpoint.source === 'dgx' ? snapshot.endpoint.url : null;
    case 'none':
      return null;
    case 'down':
      // a newer engine that does not speak with this window may well have its tunnel up
      return status.error.code === 'engineOutdated' ? undefined : null;
    case 'starting':
      return undefined;
  }
}

const editorSettings: SettingsAccess = {
  inspect: key => {
    const found = vscode.workspace.getConfiguration().inspect(key);
    // only what an extension declares has a default
    return found?.defaultValue === undefined ? undefined : { own: found.globalValue, initial: found.defaultValue };
  },
  write: async (key, value) => {
    await vscode.workspace.getConfiguration().update(key, value, vscode.ConfigurationTarget.Global);
  },
};

function readRecord(memory: vscode.Memento): PublishedRecord {
  const checked = v.safeParse(recordSchema, memory.get(MEMORY_KEY));
  return checked.success ? checked.output : NOTHING_PUBLISHED;
}

async function askOnce(key: string, value: string | number): Promise<boolean> {
  const allow = 'Allow';
  const message = withoutLinks(
    `Let DGX Spark set ${key} to ${value} while a Spark's Ollama is used? Your own value is put back afterwards.`,
  );
  return (await vscode.window.showInformationMessage(message, allow, 'Not Now')) === allow;
}
