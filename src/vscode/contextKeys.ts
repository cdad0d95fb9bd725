import * as vscode from 'vscode';
import { ContextKeys } from './contributions.js';
import { together, type Disposable } from './emitter.js';
import type { EngineClient } from './engineClient.js';
import { remoteSshExtension } from './projects/remoteSshExtension.js';

/** Keeps the context keys true. */
export function followContextKeys(client: EngineClient): Disposable {
  const keys = new ContextKeys();
  const follow = () => {
    const { connections } = client.snapshot;
    keys.set('dgxSpark.engine', client.status.state);
    keys.set('dgxSpark.hasConnections', connections.length > 0);
    keys.set(
      'dgxSpark.connected',
      connections.some(({ status }) => status.state === 'connected'),
    );
  };
  const lookForRemoteSsh = () => {
    keys.set('dgxSpark.remoteSsh', remoteSshExtension() !== undefined);
  };
  follow();
  lookForRemoteSsh();
  return together(client.onDidChange(follow), vscode.extensions.onDidChange(lookForRemoteSsh));
}
