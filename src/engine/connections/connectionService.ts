import type { Duplex } from 'node:stream';
import type {
  Connection,
  ConnectionChanges,
  ConnectionData,
  ConnectionStatus,
  ConnectionView,
} from '../../shared/connection.js';
import type { Endpoint, Snapshot } from '../../shared/contract.js';
import type { Diagnosis } from '../../shared/diagnosis.js';
import { SparkError } from '../../shared/errors.js';
import { type Disposable, DisposableStore } from '../base/disposable.js';
import { Emitter, type Event } from '../base/emitter.js';
import type { Ask } from '../server/questions.js';
import type { Sessions, SshSession, UseOptions } from '../ssh/types.js';
import type { LoginFacts } from '../store/types.js';
import type { RemoteAddress } from './connectionTunnel.js';
import { publishedEndpoint } from './endpoint.js';
import type { KeySetUp } from './keySetUp.js';
import { ManagedConnection, type TunnelPorts } from './managedConnection.js';
import type { ConnectionServiceOptions } from './types.js';

export interface ConnectOptions {
  readonly ask: Ask;
  /** Whether a choice with a sensible default (another local port) is put to the user. */
  readonly offerChoices: boolean;
  /** Ends the attempt when the caller gives up. */
  readonly signal: AbortSignal;
}

/** What this service knows of a {@link Snapshot}. */
export type ConnectionsSnapshot = Pick<Snapshot, 'connections' | 'endpoint'>;

/** Fields whose change makes a login under way or a live session point to the wrong place. */
const LOGIN_FIELDS = [
  'hostname',
  'port',
  'username',
  'sshKeyPath',
  'authMethod',
  'sshConfigHost',
  'proxyJump',
  'addresses',
] as const;

/** All saved connections, what each is doing, and which one is published. */
export class ConnectionService implements Disposable, Sessions {
  private readonly held = new DisposableStore();
  private readonly changed = this.held.add(new Emitter<ConnectionsSnapshot>());
  private readonly managed = new Map<string, ManagedConnection>();
  private announcing = false;
  private broughtBack = false;
  private ports: TunnelPorts;

  /** Fires with everything, at most once a turn of the event loop. */
  readonly onDidChange: Event<ConnectionsSnapshot> = this.changed.event;

  constructor(private readonly options: ConnectionServiceOptions) {
    this.ports = options.settings();
  }

  snapshot(): ConnectionsSnapshot {
    const connections = this.options.repository.list().map(connection => this.view(connection));
    return { connections, endpoint: this.endpointOf(connections) };
  }

  get(id: string): Connection {
    return this.options.repository.get(id);
  }

  async create(data: ConnectionData): Promise<Connection> {
    const connection = await this.options.repository.create(data);
    this.announce();
    return connection;
  }

  /**
   * Saves changes. Where they change the login, stored secrets are dropped and a live connection is made anew.
   * Rejects with `invalidInput` when a key login would have no key.
   */
  async update(id: string, changes: ConnectionChanges, ask: Ask): Promise<Connection> {
    const managed = this.find(id);
    const before = this.options.repository.get(id);
    if (!changesLogin(before, changes)) {
      const saved = await this.options.repository.update(id, changes);
      if (saved.ollamaHost !== before.ollamaHost || saved.ollamaPort !== before.ollamaPort) await managed.ollamaMoved();
      this.announce();
      return saved;
    }
    // a password typed for one machine must never be sent to another: it goes before the other is saved
    const forget = async () => {
      // a private key that was stored may be nowhere else: it goes only when another way to log in is chosen
      await (choosesKey(before, changes) ? managed.secrets.dropAll() : managed.secrets.dropEntered());
    };
    await forget();
    const after = await this.options.repository.update(id, changes);
    if (before.keyStored && choosesKey(before, changes)) await this.options.repository.setKeyStored(id, false);
    const wasUp = !['disconnected', 'error'].includes(managed.link.status.state);
    managed.close();
    // and once more what a login of the old kind brought meanwhile
    await forget();
    if (wasUp) managed.open(ask, false).catch(() => undefined);
    this.announce();
    return after;
  }

  async delete(id: string): Promise<void> {
    const managed = this.find(id);
    managed.close();
    await this.options.repository.delete(id);
    managed.dispose();
    this.managed.delete(id);
    this.options.metrics.forget(id);
    this.announce();
    await managed.secrets.dropAll().catch((error: unknown) => {
      this.options.log.warn(SparkError.toInfo(error).message);
    });
  }

  /** Connects and opens the tunnel. Rejects with the reason when the login fails. */
  async connect(id: string, { ask, offerChoices, signal }: ConnectOptions): Promise<ConnectionStatus> {
    const managed = this.find(id);
    if (signal.aborted) throw new SparkError({ code: 'cancelled', message: 'Connecting was cancelled.' });
    managed.callers.add(signal);
    const giveUp = () => {
      // an attempt that somebody else waits for too goes on; its questions move there
      if (managed.callers.delete(signal) && managed.callers.size === 0) managed.close();
    };
    signal.addEventListener('abort', giveUp);
    try {
      await managed.open(ask, offerChoices);
    } finally {
      managed.callers.delete(signal);
      signal.removeEventListener('abort', giveUp);
    }
    return managed.status;
  }

  async disconnect(id: string): Promise<void> {
    const managed = this.find(id);
    managed.close();
    await this.note(this.options.repository.setWanted(id, false));
    this.announce();
  }

  status(id: string): { connected: boolean; uptimeSeconds: number | null; status: ConnectionStatus } {
    const { status } = this.find(id);
    const connected = status.state === 'connected';
    const uptimeSeconds = connected ? Math.floor((this.options.clock.now() - status.since) / 1000) : null;
    return { connected, uptimeSeconds, status };
  }

  /** Logs in with a session of its own and ends it; what is saved or running stays as it is. */
  async test(id: string, ask: Ask, signal: AbortSignal): Promise<{ milliseconds: number }> {
    const begun = this.options.clock.now();
    await this.find(id).probe(ask, signal);
    return { milliseconds: this.options.clock.now() - begun };
  }

  /** Publishes this connection's Ollama. The well-known local port goes with it, without a moment in which it refuses. */
  async setActive(id: string): Promise<void> {
    this.find(id);
    await this.note(this.options.repository.setActive(id));
    this.giveActiveItsPort();
    this.announce();
  }

  /** @param keepKeys private keys that were stored stay */
  async forgetSecrets(id: string | undefined, keepKeys: boolean): Promise<void> {
    const ids = id === undefined ? this.options.repository.list().map(connection => connection.id) : [id];
    for (const each of ids) {
      const { secrets } = this.find(each);
      if (keepKeys) await secrets.dropEntered();
      else {
        await secrets.dropAll();
        if (this.get(each).keyStored) await this.options.repository.setKeyStored(each, false);
      }
    }
    this.announce();
  }

  /** Lets this computer log in with a key and switches the connection to it; a link that is up stays as it is. */
  async setUpKey(id: string, keyPath: string | undefined, ask: Ask, signal: AbortSignal): Promise<KeySetUp> {
    const done = await this.find(id).setUpKey(keyPath, ask, signal);
    const { repository } = this.options;
    await repository.update(id, { authMethod: 'key', sshKeyPath: done.keyPath });
    if (this.get(id).keyStored) await repository.setKeyStored(id, false);
    this.announce();
    return done;
  }

  /** Moves the private key of a connection into the keychain. Rejects where it cannot be read back from there. */
  async storeKey(id: string): Promise<void> {
    const { sshKeyPath, authMethod, keyStored, name } = this.get(id);
    if (keyStored) return;
    if (authMethod !== 'key' || sshKeyPath === null)
      throw new SparkError({
        code: 'keyMissing',
        message: `${name} does not log in with a private key file.`,
        hint: 'Choose a private key file for it first.',
      });
    const key = await this.options.keys.readPrivateKey(sshKeyPath);
    if (!(await this.find(id).secrets.keep({ kind: 'key' }, key)))
      throw new SparkError({
        code: 'internal',
        message: 'The keychain of this editor does not keep the key.',
        hint: 'Unlock the keychain of your computer, then try again. The connection goes on using the key file.',
      });
    await this.options.repository.setKeyStored(id, true);
    this.announce();
  }

  async diagnose(id: string, ask: Ask, signal: AbortSignal): Promise<Diagnosis> {
    return await this.find(id).diagnose(ask, signal);
  }

  async startTunnel(id: string, localPort?: number, remotePort?: number): Promise<number> {
    return await this.find(id).startTunnel(localPort, remotePort);
  }

  stopTunnel(id: string): void {
    this.find(id).stopTunnel();
  }

  /** The live session of a connection, if it has one now. */
  session(id: string): SshSession | undefined {
    return this.find(id).link.liveSession;
  }

  /** Opens a stream to a port as seen from the machine; waits a while for a link that is coming back. */
  async forward(id: string, host: string, port: number): Promise<Duplex> {
    return await this.find(id).forwarder.forward(host, port);
  }

  /** Where Ollama listens, as seen from the machine. */
  ollamaAddress(id: string): RemoteAddress {
    return this.find(id).ollama;
  }

  /** Tells that the user has done something with a connection. */
  used(id: string): void {
    this.managed.get(id)?.used();
  }

  async use(id: string, options: UseOptions = {}): Promise<SshSession> {
    return await this.find(id).use(options);
  }

  async openSecond(id: string, signal: AbortSignal): Promise<SshSession | undefined> {
    return await this.find(id).openSecond(signal);
  }

  /** Called when settings have arrived or changed; the first time brings back what was connected. */
  settingsChanged(): void {
    if (!this.broughtBack) {
      this.broughtBack = true;
      if (this.options.settings().autoConnect)
        for (const connection of this.options.repository.list())
          if (connection.wanted) this.find(connection.id).openQuietly();
    }
    const before = this.ports;
    const { localPort, remotePort } = this.options.settings();
    this.ports = { localPort, remotePort };
    if (before.localPort !== localPort || before.remotePort !== remotePort)
      for (const managed of this.managed.values()) void managed.portsChanged(before, this.ports);
    this.announce();
  }

  /** To be called when this computer has slept or its network has changed. */
  checkLinks(): void {
    for (const managed of this.managed.values()) managed.link.checkNow();
  }

  dispose(): void {
    for (const managed of this.managed.values()) managed.dispose();
    this.managed.clear();
    this.held.dispose();
  }

  private manage(id: string): ManagedConnection {
    const managed = new ManagedConnection(id, {
      ...this.options,
      onDidChange: () => {
        this.announce();
      },
      becameConnected: async (session, isLive) => {
        await this.becameConnected(id, session, isLive);
      },
      idledOut: () => {
        this.note(this.options.repository.setWanted(id, false)).catch((error: unknown) => {
          this.options.log.warn(SparkError.toInfo(error).message);
        });
      },
      tunnelOpened: () => {
        this.giveActiveItsPort();
      },
      isOurs: port =>
        [...this.managed].some(
          ([other, { tunnel }]) => other !== id && tunnel.status.state === 'open' && tunnel.status.localPort === port,
        ),
    });
    this.managed.set(id, managed);
    return managed;
  }

  /** The first machine to be connected is the published one, unless the one that is published is up or coming back. */
  private async becameConnected(id: string, session: SshSession, isLive: () => boolean): Promise<void> {
    const { repository } = this.options;
    await this.note(repository.markConnected(id, factsOf(repository.get(id), session)));
    // who has disconnected meanwhile does not want it connected
    if (isLive() && !repository.get(id).wanted) await this.note(repository.setWanted(id, true));
    const active = this.activeConnection();
    const activeIsUp = active && !['disconnected', 'error'].includes(active.link.status.state);
    if (isLive() && !activeIsUp) await this.note(repository.setActive(id));
  }

  /** What describes the running session counts also when the disk is full: that must not keep anybody from working. */
  private async note(saving: Promise<void>): Promise<void> {
    await saving.catch((error: unknown) => {
      if (!SparkError.is(error, 'databaseUnwritable')) throw error;
      this.options.log.warn(error.message);
    });
  }

  /** The published connection gets the well-known local port from whichever other one has it. */
  private giveActiveItsPort(): void {
    const active = this.activeConnection();
    if (!active || active.hasChosenPort) return;
    const { localPort } = this.options.settings();
    for (const other of this.managed.values())
      if (other !== active) active.tunnel.exchangePortWith(other.tunnel, localPort);
  }

  private activeConnection(): ManagedConnection | undefined {
    const active = this.options.repository.list().find(connection => connection.isActive);
    return active && this.find(active.id);
  }

  private find(id: string): ManagedConnection {
    this.options.repository.get(id); // throws `notFound`
    return this.managed.get(id) ?? this.manage(id);
  }

  private view(connection: Connection): ConnectionView {
    return { ...connection, status: this.find(connection.id).status };
  }

  private endpointOf(connections: readonly ConnectionView[]): Endpoint {
    return publishedEndpoint(this.options.settings().target, connections);
  }

  private announce(): void {
    if (this.announcing) return;
    this.announcing = true;
    setImmediate(() => {
      this.announcing = false;
      if (!this.held.isDisposed) this.changed.fire(this.snapshot());
    });
  }
}

/** Whether another key, or another way to log in, is chosen. */
function choosesKey(before: Connection, { sshKeyPath, authMethod }: ConnectionChanges): boolean {
  return (
    (sshKeyPath !== undefined && (sshKeyPath === '' ? null : sshKeyPath) !== before.sshKeyPath) ||
    (authMethod !== undefined && authMethod !== before.authMethod)
  );
}

/** Whether the login would be another. Throws `invalidInput` when it would be by a key and none is named. */
function changesLogin(before: Connection, changes: ConnectionChanges): boolean {
  const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  const after: Connection = { ...before, ...given };
  if (after.sshKeyPath === '') after.sshKeyPath = null;
  const isAboutKeys = changes.authMethod !== undefined || changes.sshKeyPath !== undefined;
  if (isAboutKeys && after.authMethod === 'key' && after.sshKeyPath === null)
    throw new SparkError({
      code: 'invalidInput',
      message: 'Choose the private key file, or log in with a password.',
      field: 'sshKeyPath',
    });
  return LOGIN_FIELDS.some(field => JSON.stringify(before[field]) !== JSON.stringify(after[field]));
}

/** What a session shows about the saved connection. One that follows ssh_config is shown as that was at the last login. */
function factsOf({ sshConfigHost }: Connection, { route }: SshSession): LoginFacts {
  const { hostname, port, username, address } = route;
  return {
    ...(sshConfigHost === null ? {} : { hostname, port, username }),
    ...(address === undefined ? {} : { lastAddress: address }),
  };
}
