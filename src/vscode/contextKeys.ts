import { ContextKeys } from './contributions.js';
import type { Disposable } from './emitter.js';
import type { EngineClient } from './engineClient.js';

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
  follow();
  return client.onDidChange(follow);
}
