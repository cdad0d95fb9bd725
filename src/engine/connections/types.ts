import type { Connection } from '../../shared/connection.js';
import type { Diagnosis } from '../../shared/diagnosis.js';
import type { EngineSettings } from '../../shared/settings.js';
import type { Clock } from '../base/clock.js';
import type { Disposable } from '../base/disposable.js';
import type { Logger } from '../base/logger.js';
import type { Keychain } from '../server/keychain.js';
import type { LoginPrompts, OpenOptions, SshConnector, SshSession, SshTarget } from '../ssh/types.js';
import type { KeyTools } from './keySetUp.js';
import type { ConnectionRepository } from '../store/types.js';
import type { findFreePort } from '../tunnel/loopbackListener.js';
import type { portHolder } from '../tunnel/portHolder.js';
import type { openTunnel, swapListeners } from '../tunnel/tunnel.js';

/** What is started for a machine while it is connected. */
export interface SessionFollower {
  /** Follows a session until disposed. */
  attach(connectionId: string, session: SshSession): Disposable;
  /** Drops what is remembered of a connection that was deleted. */
  forget(connectionId: string): void;
}

/** What the tunnel area does for a connection. */
export interface TunnelTools {
  readonly openTunnel: typeof openTunnel;
  readonly swapListeners: typeof swapListeners;
  readonly findFreePort: typeof findFreePort;
  readonly portHolder: typeof portHolder;
}

/** Finds out what works of a connection and what does not. Rejects only with `cancelled`. */
export type Diagnose = (about: {
  readonly connection: Connection;
  readonly target: SshTarget;
  /** A session with the machine, where one is up. */
  readonly live: SshSession | undefined;
  readonly connector: SshConnector;
  readonly prompts: LoginPrompts;
  readonly open: OpenOptions;
}) => Promise<Diagnosis>;

export interface ConnectionServiceOptions {
  readonly repository: ConnectionRepository;
  readonly connector: SshConnector;
  readonly keychain: Keychain;
  readonly metrics: SessionFollower;
  readonly tunnels: TunnelTools;
  readonly keys: KeyTools;
  readonly diagnose: Diagnose;
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: () => EngineSettings;
}
