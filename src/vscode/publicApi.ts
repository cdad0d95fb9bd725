import * as vscode from 'vscode';
import type { SparkApi } from '../api.js';
import type { ConnectionView } from '../shared/connection.js';
import type { Sample } from '../shared/metrics.js';
import type { Disposable } from './emitter.js';
import type { EngineClient } from './engineClient.js';

/** What other extensions get; lives as long as what is pushed to `held`. */
export function createPublicApi(client: EngineClient, held: Disposable[]): SparkApi {
  const endpointChanged = new vscode.EventEmitter<string>();
  const connectionsChanged = new vscode.EventEmitter<readonly ConnectionView[]>();
  const sampled = new vscode.EventEmitter<Sample>();
  let { connections, endpoint } = client.snapshot;
  held.push(
    endpointChanged,
    connectionsChanged,
    sampled,
    client.onDidSample(sample => {
      sampled.fire(sample);
    }),
    client.onDidChange(() => {
      const before = { connections, endpoint };
      ({ connections, endpoint } = client.snapshot);
      if (endpoint.url !== before.endpoint.url) endpointChanged.fire(endpoint.url);
      if (connections !== before.connections) connectionsChanged.fire(connections);
    }),
  );
  return Object.freeze({
    apiVersion: 1,
    get ollamaEndpoint() {
      return client.snapshot.endpoint.url;
    },
    onDidChangeOllamaEndpoint: endpointChanged.event,
    connections: () => client.snapshot.connections,
    onDidChangeConnections: connectionsChanged.event,
    latestMetrics: (connectionId: string) => client.sample(connectionId),
    onDidSample: sampled.event,
    connect: async (connectionId: string) => await client.request('connections/connect', { connectionId }),
    disconnect: async (connectionId: string) => {
      await client.request('connections/disconnect', { connectionId });
    },
    engineInfo: async () => (await client.attached()) && (await client.request('engine/info', {})),
  });
}
