import type * as Contract from '../shared/contract.js';
import type { Handlers, Listeners, Peer } from '../shared/peer.js';

/** What the engine answers to. */
export interface EngineSide {
  readonly requests: typeof Contract.engineRequests;
  readonly notifications: typeof Contract.engineNotifications;
}

/** What a window answers to. */
export interface WindowSide {
  readonly requests: typeof Contract.clientRequests;
  readonly notifications: typeof Contract.clientNotifications;
}

/** A window's end of its connection to the engine. */
export type EnginePeer = Peer<WindowSide, EngineSide>;
/** The engine's end of its connection to one window. */
export type WindowPeer = Peer<EngineSide, WindowSide>;

export type WindowHandlers = Handlers<WindowSide['requests']>;
export type WindowListeners = Listeners<WindowSide['notifications']>;

/** What a window needs to say to find or start the engine. */
export interface AttachOptions {
  /** `<globalStorage>` of the extension: database, token and (where short enough) the socket are here. */
  readonly storageFolder: string;
  /** `dist/engine.js`. */
  readonly engineFile: string;
  readonly extensionVersion: string;
  /** `process`: a child of its own, falling back to `window` where none can be started. `window`: inside the caller. */
  readonly location: 'process' | 'window';
  readonly lingerSeconds: number;
  readonly log: (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;
  readonly signal: AbortSignal;
}
