import type { ConnectionView } from '../../shared/connection.js';
import type { Endpoint } from '../../shared/contract.js';

/** Ollama's own port on this computer. */
const LOCAL_OLLAMA_PORT = 11434;

/**
 * The endpoint to publish: the active Spark's while its tunnel is up and the target allows it, else this computer's
 * own. With target `dgx` and no tunnel it is the local one too: a port that refuses helps nobody.
 */
export function publishedEndpoint(target: 'auto' | 'local' | 'dgx', views: readonly ConnectionView[]): Endpoint {
  const active = views.find(view => view.isActive);
  const tunnel = active?.status.tunnel;
  if (target === 'local' || !active || tunnel?.state !== 'open')
    return { url: `http://localhost:${LOCAL_OLLAMA_PORT}`, source: 'local', connectionId: null };
  return { url: `http://localhost:${tunnel.localPort}`, source: 'dgx', connectionId: active.id };
}
