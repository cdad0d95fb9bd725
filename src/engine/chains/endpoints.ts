import type { ConnectionView } from '../../shared/connection.js';
import type { Snapshot } from '../../shared/contract.js';
import type { EngineSettings } from '../../shared/settings.js';
import type { Event } from '../base/emitter.js';

const LOCAL_URL = 'http://localhost:11434';

/** What chains know of connections. */
export interface ChainSurroundings {
  snapshot(): Pick<Snapshot, 'connections' | 'endpoint'>;
  readonly onDidChange: Event<unknown>;
  target(): EngineSettings['target'];
}

/** A connection that requests go over. */
export interface Way {
  readonly id: string;
  readonly name: string;
}

/** Where requests go now, or why they have to wait. */
export type Resolution =
  | { readonly kind: 'open'; readonly url: string; readonly way: Way | undefined }
  /** A connection is down; nothing but its coming back, or a choice of the user, mends that. */
  | { readonly kind: 'down'; readonly reason: string; readonly isComingBack: boolean };

/**
 * Where an endpoint leads at this moment.
 * @param usedBefore the connection that the same run has used: while the user wants it connected, the run waits for it
 * instead of going on with another Ollama
 */
export function resolveEndpoint(choice: string, around: ChainSurroundings, usedBefore?: string): Resolution {
  const { connections, endpoint } = around.snapshot();
  if (choice === 'dgx') return throughSpark(connections.find(({ isActive }) => isActive));
  if (choice === 'local') return { kind: 'open', url: LOCAL_URL, way: undefined };
  if (choice !== 'auto') return { kind: 'open', url: choice, way: undefined };
  const used = connections.find(({ id }) => id === usedBefore);
  const published = connections.find(({ id }) => id === endpoint.connectionId);
  const isMissed = endpoint.source === 'local' && around.target() !== 'local' && used?.wanted && used.isActive;
  if (isMissed) return throughSpark(used);
  return published ? throughSpark(published) : { kind: 'open', url: endpoint.url, way: undefined };
}

/** An endpoint in words. */
export function endpointInWords(choice: string): string {
  const words: Readonly<Record<string, string>> = {
    auto: 'the Ollama in use',
    local: 'Ollama on this computer',
    dgx: "the Spark's Ollama",
  };
  return words[choice] ?? choice;
}

function throughSpark(spark: ConnectionView | undefined): Resolution {
  if (!spark) return { kind: 'down', reason: 'No DGX Spark is connected.', isComingBack: false };
  const { state, tunnel, error } = spark.status;
  const way: Way = { id: spark.id, name: spark.name };
  if (state === 'connected' && tunnel.state === 'open')
    return { kind: 'open', url: `http://localhost:${tunnel.localPort}`, way };
  switch (state) {
    case 'connected':
      return {
        kind: 'down',
        reason: `The tunnel to ${spark.name} is not open.`,
        isComingBack: tunnel.state === 'closed',
      };
    case 'connecting':
      return { kind: 'down', reason: `${spark.name} is being connected.`, isComingBack: true };
    case 'reconnecting':
      return { kind: 'down', reason: `The link to ${spark.name} was lost; it is tried again.`, isComingBack: true };
    case 'error':
      return {
        kind: 'down',
        reason: `${spark.name}: ${error?.message ?? 'It cannot be connected.'}`,
        isComingBack: false,
      };
    case 'disconnected':
      return { kind: 'down', reason: `${spark.name} is not connected.`, isComingBack: false };
  }
}
