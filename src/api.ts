import type { Event } from 'vscode';
import type { ConnectionStatus, ConnectionView } from './shared/connection.js';
import type { EngineInfo } from './shared/contract.js';
import type { Sample } from './shared/metrics.js';

export type { ConnectionStatus, ConnectionView } from './shared/connection.js';
export type { EngineInfo } from './shared/contract.js';
export type { ErrorCode } from './shared/errors.js';
export type { Sample } from './shared/metrics.js';

/**
 * What other extensions get from `exports`:
 *
 *     const spark = vscode.extensions.getExtension<SparkApi>('dgx-spark.dgx-spark')?.exports;
 *
 * Whatever is rejected is an `Error` with a `code` (`ErrorCode`).
 */
export interface SparkApi {
  /** Raised by one when something here changes in a way that callers must know of. */
  readonly apiVersion: 1;
  /** Base URL of the Ollama that is published now, e.g. `http://localhost:11435`; no slash at the end. */
  readonly ollamaEndpoint: string;
  readonly onDidChangeOllamaEndpoint: Event<string>;
  /** The saved connections with what each is doing now; empty until the engine has answered after start-up. */
  connections(): readonly ConnectionView[];
  readonly onDidChangeConnections: Event<readonly ConnectionView[]>;
  /** The last reading of a connection that is connected. */
  latestMetrics(connectionId: string): Sample | undefined;
  readonly onDidSample: Event<Sample>;
  /** Resolves when connected and the tunnel is up. The user may be asked to log in. */
  connect(connectionId: string): Promise<ConnectionStatus>;
  disconnect(connectionId: string): Promise<void>;
  /** The engine that serves all windows; undefined while nothing is saved and so none runs. */
  engineInfo(): Promise<EngineInfo | undefined>;
}
