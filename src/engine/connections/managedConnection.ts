import type { ConnectionStatus } from '../../shared/connection.js';
import type { Diagnosis } from '../../shared/diagnosis.js';
import { SparkError } from '../../shared/errors.js';
import { REMOTE_LOOPBACK } from '../../shared/forwards.js';
import type { EngineSettings } from '../../shared/settings.js';
import { type Disposable, DisposableStore } from '../base/disposable.js';
import type { Ask } from '../server/questions.js';
import type { SshSession, UseOptions } from '../ssh/types.js';
import { type AskForPort, ConnectionTunnel, type RemoteAddress } from './connectionTunnel.js';
import { Forwarder } from './forwarder.js';
import { IdleWatch } from './idleWatch.js';
import { type KeySetUp, type KeySetUpOptions, setUpKey } from './keySetUp.js';
import { Link, logIn } from './link.js';
import { loginPrompts } from './loginPrompts.js';
import { LoginSecrets } from './loginSecrets.js';
import { waitForSession } from './sessionWait.js';
import { targetOf } from './sshTarget.js';
import type { ConnectionServiceOptions } from './types.js';

/** What a login needs that is made beside the link. */
type LoginContext = Pick<KeySetUpOptions, 'connection' | 'target' | 'live' | 'prompts' | 'open'>;

/** A second connection only makes things quicker: nobody is to wait for it. */
const SECOND_LOGIN_MS = 8_000;
/** An answer that takes longer than this after a loss does not come any more. */
const SIGN_OF_LIFE_MS = 5_000;

/** The ports of the settings. */
export type TunnelPorts = Pick<EngineSettings, 'localPort' | 'remotePort'>;

export interface ManagedConnectionOptions extends ConnectionServiceOptions {
  readonly onDidChange: () => void;
  /** Told of each session, before its tunnel is opened. `isLive` says whether the session still is what it was told of. */
  readonly becameConnected: (session: SshSession, isLive: () => boolean) => Promise<void>;
  /** Told when it was closed because nobody used it. */
  readonly idledOut: () => void;
  /** Told when the tunnel of a session has been opened. */
  readonly tunnelOpened: () => void;
  /** Whether another connection's tunnel has this local port. */
  readonly isOurs: (port: number) => boolean;
}

/** One saved connection at work: its link, its tunnel, and what follows its sessions. */
export class ManagedConnection implements Disposable {
  readonly secrets: LoginSecrets;
  readonly link: Link;
  readonly tunnel: ConnectionTunnel;
  /** The calls that wait for the attempt under way, by the signal of each. */
  readonly callers = new Set<AbortSignal>();
  private readonly held = new DisposableStore();
  /** Opens streams to ports of the machine, also while the link is coming back. */
  readonly forwarder: Forwarder;
  /** Sessions beside the link; they end with it. */
  private readonly seconds = new Set<SshSession>();
  private following: Disposable | undefined;
  private idle: IdleWatch | undefined;
  private tunnelReady: Promise<void> = Promise.resolve();
  private portChosen = false;
  /** The user closed the tunnel alone: a link that comes back does not open it again. */
  private tunnelUnwanted = false;

  constructor(
    private readonly id: string,
    private readonly options: ManagedConnectionOptions,
  ) {
    const { keychain, connector, clock, settings, repository } = options;
    const log = options.log.scope(`connection:${repository.get(id).name}`);
    this.secrets = new LoginSecrets(id, keychain);
    this.link = this.held.add(
      new Link({
        connector,
        secrets: this.secrets,
        clock,
        log,
        timing: () => ({
          connectTimeoutMs: settings().connectTimeoutSeconds * 1000,
          keepaliveMs: settings().keepaliveSeconds * 1000,
        }),
        connection: () => repository.get(id),
      }),
    );
    this.forwarder = new Forwarder({
      clock,
      liveSession: () => this.link.liveSession,
      onDidConnect: this.link.onDidConnect,
      awaitLink: () => this.link.awaited(),
    });
    this.tunnel = this.held.add(
      new ConnectionTunnel({
        tools: options.tunnels,
        forward: (host, port) => this.forwarder.forward(host, port),
        isOurs: options.isOurs,
        log,
        onDidChange: options.onDidChange,
      }),
    );
    this.held.add(this.link.onDidConnect(session => this.follow(session)));
    this.held.add(
      this.link.onDidChange(({ state }) => {
        if (state !== 'connected') this.stopFollowing();
        // while it is coming back the local port stays open and requests wait; else nothing would come of them
        if (state === 'error' || state === 'disconnected') {
          this.tunnel.close();
          this.stopIdleWatch();
          this.endSeconds();
        }
        // what the link was lost by may have taken them along
        if (state === 'reconnecting') for (const session of this.seconds) session.check(SIGN_OF_LIFE_MS);
        options.onDidChange();
      }),
    );
  }

  get status(): ConnectionStatus {
    return { ...this.link.status, tunnel: this.tunnel.status };
  }

  /** A local port was asked for by number: it is neither moved with the setting nor exchanged. */
  get hasChosenPort(): boolean {
    return this.portChosen;
  }

  /** Where Ollama listens, as seen from the machine: as saved with the connection, else as the settings say. */
  get ollama(): RemoteAddress {
    const host = this.options.repository.get(this.id).ollamaHost ?? REMOTE_LOOPBACK;
    return { host, port: this.savedPort ?? this.options.settings().remotePort };
  }

  /** The user has done something with it: it is not idle. */
  used(): void {
    this.idle?.used();
  }

  /** Connects and opens the tunnel, asking what must be asked. Rejects when the login fails. */
  async open(ask: Ask, offerChoices: boolean): Promise<void> {
    const askForPort: AskForPort = async (question, signal) => await ask({ ...this.about(), ...question }, signal);
    if (offerChoices) this.tunnel.askForPort = askForPort;
    this.tunnelUnwanted = false;
    this.idle?.used();
    try {
      const live = this.link.liveSession;
      const session = await this.link.connect(ask);
      await this.tunnelReady;
      // of a link that was up already only the tunnel can be wanted
      if (session === live && this.tunnel.status.state !== 'open') {
        this.tunnelReady = this.prepare(session);
        await this.tunnelReady;
      }
    } finally {
      // another caller may have put its own there
      if (this.tunnel.askForPort === askForPort) this.tunnel.askForPort = undefined;
    }
  }

  /** Connects in the background without asking anything. */
  openQuietly(): void {
    this.link.connectQuietly();
  }

  /** @param note why, where it was not the user */
  close(note?: string): void {
    this.portChosen = false;
    this.link.disconnect(note);
  }

  async startTunnel(localPort?: number, remotePort?: number): Promise<number> {
    if (!this.link.liveSession)
      throw new SparkError({
        code: 'notConnected',
        message: `${this.about().connectionName} is not connected.`,
        hint: 'Connect first; the tunnel then opens by itself.',
      });
    const { settings } = this.options;
    this.tunnelUnwanted = false;
    this.idle?.used();
    const remote = remotePort === undefined ? this.ollama : { ...this.ollama, port: remotePort };
    const bound = await this.tunnel.openAt(localPort ?? settings().localPort, remote, {
      // a port that was asked for by number is that port or none
      exactly: localPort !== undefined,
    });
    this.portChosen = localPort !== undefined;
    if (!this.portChosen) this.options.tunnelOpened();
    return bound;
  }

  stopTunnel(): void {
    this.tunnelUnwanted = true;
    this.portChosen = false;
    this.tunnel.close();
  }

  /**
   * Takes the tunnel to where the settings now say. The published connection moves to the new local port at once; the
   * others, which stand on any free one, stay. A tunnel that could not be opened is tried again.
   */
  async portsChanged(before: TunnelPorts, after: TunnelPorts): Promise<void> {
    const { status } = this.tunnel;
    if (!this.link.liveSession || status.state === 'closed') return;
    const open = status.state === 'open' ? status : undefined;
    const stays = open && (this.portChosen || !this.options.repository.get(this.id).isActive);
    const localPort = stays ? open.localPort : after.localPort;
    const expected = this.savedPort ?? before.remotePort;
    const remotePort = open && open.remotePort !== expected ? open.remotePort : this.ollama.port;
    try {
      await this.tunnel.openAt(localPort, { ...this.ollama, port: remotePort }, { exactly: false });
      this.options.tunnelOpened();
    } catch (error) {
      this.options.log.warn(`The tunnel could not be moved: ${SparkError.toInfo(error).message}`);
    }
  }

  /** Takes an open tunnel to where the connection now says that Ollama is. */
  async ollamaMoved(): Promise<void> {
    const { status } = this.tunnel;
    if (status.state === 'open') await this.tunnel.openAt(status.localPort, this.ollama, { exactly: false });
  }

  /** See {@link Sessions.use}. */
  async use(options: UseOptions): Promise<SshSession> {
    if (!options.quiet) this.idle?.used();
    return await waitForSession(this.link, this.about().connectionName, this.options.clock, options);
  }

  /** See {@link Sessions.openSecond}. */
  async openSecond(signal: AbortSignal): Promise<SshSession | undefined> {
    const { repository, connector, settings, log } = this.options;
    // what was typed for the first may be good for one time only, and a key may want to be touched: neither is asked for again
    const isLive = () => this.link.liveSession !== undefined;
    if (!isLive() || this.secrets.needHuman) return undefined;
    const connection = repository.get(this.id);
    try {
      const session = await connector.open(
        targetOf(connection, this.secrets),
        loginPrompts(connection, this.secrets, undefined, signal),
        {
          connectTimeoutMs: Math.min(SECOND_LOGIN_MS, settings().connectTimeoutSeconds * 1000),
          keepaliveMs: settings().keepaliveSeconds * 1000,
          signal,
          onStep: () => undefined,
        },
      );
      this.seconds.add(session);
      session.onDidEnd(() => this.seconds.delete(session));
      // the user may have disconnected meanwhile
      if (!isLive()) this.endSeconds();
      return session;
    } catch (error) {
      log.scope(`connection:${connection.name}`).info(`No second connection: ${SparkError.toInfo(error).message}`);
      return undefined;
    }
  }

  /** Logs in with a session of its own and ends it. */
  async probe(ask: Ask, signal: AbortSignal): Promise<void> {
    await this.aside(ask, signal, async ({ connection, open }) => {
      const session = await logIn(this.options.connector, connection, this.secrets, ask, open);
      session.dispose();
    });
  }

  /** Lets this computer log in with a key. See {@link setUpKey}. */
  async setUpKey(keyPath: string | undefined, ask: Ask, signal: AbortSignal): Promise<KeySetUp> {
    const { connector, keys: tools } = this.options;
    return await this.aside(ask, signal, async context => {
      const done = await setUpKey({ ...context, keyPath, connector, tools });
      this.secrets.loginSucceeded();
      return done;
    });
  }

  /** Finds out what works and what does not. */
  async diagnose(ask: Ask, signal: AbortSignal): Promise<Diagnosis> {
    const { connector, diagnose } = this.options;
    return await this.aside(ask, signal, async context => await diagnose({ ...context, connector }));
  }

  /** Does something that logs in beside the link, and keeps nothing of what was entered for it unless the link needs it. */
  private async aside<T>(ask: Ask, signal: AbortSignal, work: (context: LoginContext) => Promise<T>): Promise<T> {
    const { repository, settings } = this.options;
    const connection = repository.get(this.id);
    try {
      return await work({
        connection,
        target: targetOf(connection, this.secrets),
        live: this.link.liveSession,
        prompts: loginPrompts(connection, this.secrets, ask, signal),
        open: {
          connectTimeoutMs: settings().connectTimeoutSeconds * 1000,
          keepaliveMs: settings().keepaliveSeconds * 1000,
          signal,
          onStep: () => undefined,
        },
      });
    } catch (error) {
      if (SparkError.is(error, 'authFailed') || SparkError.is(error, 'passphraseWrong')) this.secrets.loginRefused();
      throw error;
    } finally {
      if (['disconnected', 'error'].includes(this.link.status.state)) this.secrets.forgetMemory();
    }
  }

  dispose(): void {
    this.stopFollowing();
    this.endSeconds();
    this.stopIdleWatch();
    this.held.dispose();
  }

  private endSeconds(): void {
    for (const session of this.seconds) session.dispose();
    this.seconds.clear();
  }

  private follow(session: SshSession): void {
    this.stopFollowing();
    this.following = this.options.metrics.attach(this.id, session);
    // it outlives the session: a link that is lost now and then is not used for that
    this.idle ??= this.watchForIdleness();
    this.tunnelReady = this.prepare(session);
  }

  private watchForIdleness(): IdleWatch {
    const { clock, settings } = this.options;
    return new IdleWatch({
      clock,
      limitMinutes: () => settings().idleTimeoutMinutes,
      traffic: () => this.tunnel.traffic,
      onIdle: minutes => {
        this.close(`Disconnected after ${minutes} ${minutes === 1 ? 'minute' : 'minutes'} without use.`);
        this.options.idledOut();
      },
    });
  }

  /** Never rejects. The user may disconnect, or delete the connection, at each `await`. */
  private async prepare(session: SshSession): Promise<void> {
    const { settings, log } = this.options;
    const isLive = () => this.link.liveSession === session;
    try {
      await this.options.becameConnected(session, isLive);
      if (!isLive()) return;
      if (this.tunnel.status.state !== 'open' && !this.tunnelUnwanted)
        await this.tunnel.openAt(settings().localPort, this.ollama, { exactly: false });
      if (isLive()) this.options.tunnelOpened();
    } catch (error) {
      // the connection is of use without its tunnel, whose status tells what is wrong
      log.warn(`The tunnel could not be opened: ${SparkError.toInfo(error).message}`);
    }
    this.options.onDidChange();
  }

  private stopFollowing(): void {
    this.following?.dispose();
    this.following = undefined;
  }

  private stopIdleWatch(): void {
    this.idle?.dispose();
    this.idle = undefined;
  }

  private get savedPort(): number | null {
    return this.options.repository.get(this.id).ollamaPort;
  }

  private about(): { connectionId: string; connectionName: string } {
    return { connectionId: this.id, connectionName: this.options.repository.get(this.id).name };
  }
}
