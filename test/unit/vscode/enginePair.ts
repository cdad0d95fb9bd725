import { PassThrough } from 'node:stream';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import { rpcRuntime } from '../../../src/link/rpc.js';
import type { EnginePeer, WindowHandlers, WindowListeners, WindowPeer, EngineSide } from '../../../src/link/types.js';
import {
  clientNotifications,
  clientRequests,
  engineNotifications,
  engineRequests,
  type Snapshot,
} from '../../../src/shared/contract.js';
import { SparkError } from '../../../src/shared/errors.js';
import { Peer, type Handlers, type Listeners } from '../../../src/shared/peer.js';

const WINDOW = { requests: clientRequests, notifications: clientNotifications } as const;
const ENGINE = { requests: engineRequests, notifications: engineNotifications } as const;

/** An engine that answers what it is told to, over a real pair of peers. */
export class EngineStandIn {
  readonly peer: WindowPeer;
  readonly window: EnginePeer;
  /** Names of what arrived, in order. */
  readonly heard: string[] = [];

  constructor(
    snapshot: Snapshot,
    handlers: WindowHandlers,
    listeners: WindowListeners,
    answers: Partial<Handlers<EngineSide['requests']>> = {},
  ) {
    const [toEngine, toWindow] = [new PassThrough(), new PassThrough()];
    const told = answers as Record<string, ((params: unknown, signal: AbortSignal) => unknown) | undefined>;
    const answer = (method: string, own: unknown) => (params: unknown, signal: AbortSignal) => {
      this.heard.push(method);
      const handler = told[method];
      if (handler) return handler(params, signal);
      if (own === undefined) throw new SparkError({ code: 'internal', message: `${method} is not expected here.` });
      return own;
    };
    const own: Record<string, unknown> = { 'settings/set': null, 'state/get': snapshot };
    const all = Object.fromEntries(Object.keys(engineRequests).map(method => [method, answer(method, own[method])]));
    this.peer = new Peer(
      createMessageConnection(new StreamMessageReader(toEngine), new StreamMessageWriter(toWindow)),
      ENGINE,
      WINDOW,
      all as unknown as Handlers<EngineSide['requests']>,
      Object.fromEntries(
        Object.keys(engineNotifications).map(method => [method, () => this.heard.push(method)]),
      ) as unknown as Listeners<typeof engineNotifications>,
      rpcRuntime,
    );
    this.window = new Peer(
      createMessageConnection(new StreamMessageReader(toWindow), new StreamMessageWriter(toEngine)),
      WINDOW,
      ENGINE,
      handlers,
      listeners,
      rpcRuntime,
    );
  }

  /** Ends as if the process had been killed. */
  die(): void {
    this.peer.dispose();
    this.window.dispose();
  }
}
