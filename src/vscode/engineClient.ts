import { randomUUID } from 'node:crypto';
import type { InferInput } from 'valibot';
import type { Alert } from '../shared/alerts.js';
import type { ConnectionView } from '../shared/connection.js';
import type { Snapshot } from '../shared/contract.js';
import { SparkError, type ErrorCode, type ErrorInfo } from '../shared/errors.js';
import type { ForwardTraffic } from '../shared/forwards.js';
import type { Sample } from '../shared/metrics.js';
import type { ChatEnd, ChatPart, ChatRequest, Pull } from '../shared/ollama.js';
import type { ParamsOf, ResultOf } from '../shared/peer.js';
import type { EngineSettings } from '../shared/settings.js';
import type { EnginePeer, EngineSide, WindowHandlers, WindowListeners } from '../link/types.js';
import { Emitter, type Disposable } from './emitter.js';
import { allDisconnected, NOTHING_SAVED } from './emptySnapshots.js';

type EngineRequests = EngineSide['requests'];

/** How the engine stands, seen from this window. */
export type EngineStatus =
  | { readonly state: 'starting' }
  /** Nothing is saved and no engine runs: there is nothing for one to do. */
  | { readonly state: 'none' }
  | { readonly state: 'up' }
  /** The last attempt failed; it is tried again by itself unless `final`. */
  | { readonly state: 'down'; readonly error: ErrorInfo; readonly final: boolean };

/** What the client needs of its surroundings. */
export interface EngineSurroundings {
  /** Finds the engine or starts it. */
  attach(handlers: WindowHandlers, listeners: WindowListeners, signal: AbortSignal): Promise<EnginePeer>;
  /** Finds the engine; undefined when none runs. */
  attachToRunning(
    handlers: WindowHandlers,
    listeners: WindowListeners,
    signal: AbortSignal,
  ): Promise<EnginePeer | undefined>;
  /** Whether something was saved once. */
  isWorthStarting(): boolean;
  /** Tells when another window may have started an engine. */
  watch(onMaybeStarted: () => void): Disposable;
  settings(): EngineSettings;
  isFocused(): boolean;
  /** This window works on another machine, whose localhost is not this computer's. */
  readonly isElsewhere: boolean;
  readonly handlers: WindowHandlers;
  readonly onNotice: WindowListeners['notice/show'];
  readonly onLogLine: WindowListeners['log/line'];
  readonly log: (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;
  /** Milliseconds before attempt `failures + 1`. */
  retryDelay(failures: number): number;
}

/** Requests after which the snapshot is another. */
const CHANGING: ReadonlySet<string> = new Set<keyof EngineRequests>([
  'connections/create',
  'connections/update',
  'connections/delete',
  'connections/connect',
  'connections/disconnect',
  'connections/setActive',
  'connections/setUpKey',
  'connections/storeKey',
  'connections/forgetSecrets',
  'tunnel/start',
  'tunnel/stop',
  'forwards/add',
  'forwards/remove',
]);
/** Requests that make sense while nothing is saved: they start the engine. */
const STARTING: ReadonlySet<string> = new Set<keyof EngineRequests>([
  'connections/create',
  'sshConfig/list',
  'discovery/find',
  // a chain runs on this computer's Ollama, too
  'chains/start',
  'chains/runs',
  'chains/models',
  'chains/pull',
]);
/** Notifications of the engine that are handed on as they come. */
const RELAYED = [
  'transfers/changed',
  'terminals/output',
  'terminals/ended',
  'projects/changed',
  'containers/changed',
  'jobs/changed',
  'jobs/logGrew',
  'chains/changed',
  'chains/pulling',
] as const;
export type Relayed = (typeof RELAYED)[number];
type ParamsOfRelayed<K extends Relayed> = Parameters<WindowListeners[K]>[0];

/** Waiting does not mend these. */
const FINAL: readonly ErrorCode[] = ['engineOutdated', 'databaseNewer'];
/** An engine that lived this long did not fail because of how it was started. */
const STABLE_AFTER_MS = 10_000;

/**
 * This window's view of the engine. Starts or attaches, attaches again by itself when the engine dies, and holds the
 * last snapshot. An engine is never started for an empty list: while nothing is saved the client waits until something
 * is created here, or another window starts one.
 */
export class EngineClient implements Disposable {
  private readonly ended = new AbortController();
  private readonly changed = new Emitter<void>();
  private readonly sampled = new Emitter<Sample>();
  private readonly alerted = new Emitter<Alert>();
  private readonly carried = new Emitter<readonly ForwardTraffic[]>();
  private readonly pulling = new Emitter<readonly Pull[]>();
  private readonly modelsChanged = new Emitter<string>();
  private readonly attachedTo = new Emitter<void>();
  private readonly relayed = new Emitter<{ method: Relayed; params: unknown }>();
  private readonly samples = new Map<string, Sample>();
  /** Who waits for the parts of an answer, by the id of its stream. */
  private readonly streams = new Map<string, (part: ChatPart) => void>();
  /** Who reads what a followed program prints, by the id of its stream. */
  private readonly outputs = new Map<string, (text: string) => void>();
  private peer: EnginePeer | undefined;
  private attempt: { readonly startAnyway: boolean; readonly result: Promise<EnginePeer | undefined> } | undefined;
  private retryTimer: NodeJS.Timeout | undefined;
  private watcher: Disposable | undefined;
  private failures = 0;
  private leading = false;
  private current: EngineStatus = { state: 'starting' };
  private latest: Snapshot = NOTHING_SAVED;

  /** Fires when the snapshot, the status or the leadership changed. */
  readonly onDidChange = this.changed.event;
  readonly onDidSample = this.sampled.event;
  /** Fires with an alert that this window is to show. */
  readonly onDidAlert = this.alerted.event;
  /** Fires with the forwards that have carried something. */
  readonly onDidCarry = this.carried.event;
  /** Fires with all pulls that are under way. */
  readonly onDidPull = this.pulling.event;
  /** Fires with the id of a connection whose models are others. */
  readonly onDidChangeModels = this.modelsChanged.event;
  /** Fires when an engine is attached: whatever one before it said is void. */
  readonly onDidAttach = this.attachedTo.event;

  constructor(private readonly around: EngineSurroundings) {}

  get status(): EngineStatus {
    return this.current;
  }

  get snapshot(): Snapshot {
    return this.latest;
  }

  /** Whether this window writes settings for all. */
  get isLeader(): boolean {
    return this.leading;
  }

  connection(connectionId: string): ConnectionView | undefined {
    return this.latest.connections.find(({ id }) => id === connectionId);
  }

  /** The last sample of a connection that is connected. */
  sample(connectionId: string): Sample | undefined {
    return this.samples.get(connectionId);
  }

  /**
   * Resolves when an engine is attached, or with undefined when there is none and no reason for one.
   * Rejects with the SparkError that the attempt failed with.
   */
  async attached(startAnyway = false): Promise<EnginePeer | undefined> {
    if (this.peer) return this.peer;
    if (this.ended.signal.aborted) throw new SparkError({ code: 'engineUnavailable', message: 'This window closes.' });
    if (this.attempt && (this.attempt.startAnyway || !startAnyway)) return await this.attempt.result;
    const earlier = this.attempt?.result;
    const attempt = { startAnyway, result: this.tryAttach(startAnyway, earlier) };
    this.attempt = attempt;
    try {
      return await attempt.result;
    } finally {
      if (this.attempt === attempt) this.attempt = undefined;
    }
  }

  /** Attaches in the background; what goes wrong shows in {@link status}. */
  start(): void {
    this.attached().catch(() => undefined);
  }

  /**
   * Sends a request; those that lead to a first connection start the engine if need be. When it resolves, {@link snapshot} holds what
   * came of it. Rejects with a SparkError.
   */
  async request<K extends keyof EngineRequests>(
    method: K,
    params: ParamsOf<EngineRequests, K>,
    signal?: AbortSignal,
  ): Promise<ResultOf<EngineRequests, K>> {
    const peer = await this.attached(STARTING.has(method));
    if (!peer)
      throw new SparkError({
        code: 'notFound',
        message: 'No connection is saved yet.',
        hint: 'Add a connection first.',
      });
    const result = await peer.request(method, params, signal);
    if (CHANGING.has(method)) await this.refresh(peer);
    return result;
  }

  /** Chats with a model; the parts of its answer are told as they come. Resolves with how it ended. */
  async chat(
    chat: Omit<ChatRequest, 'streamId'>,
    onPart: (part: ChatPart) => void,
    signal: AbortSignal,
  ): Promise<ChatEnd> {
    const streamId = randomUUID();
    this.streams.set(streamId, onPart);
    try {
      return await this.request('ollama/chat', { ...chat, streamId }, signal);
    } finally {
      this.streams.delete(streamId);
    }
  }

  /** Sends a request whose program prints while it runs; what it prints is told as it comes. */
  async printing<K extends 'containers/followLogs' | 'containers/pull'>(
    method: K,
    params: Omit<ParamsOf<EngineRequests, K>, 'streamId'>,
    onText: (text: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const streamId = randomUUID();
    this.outputs.set(streamId, onText);
    try {
      await this.request(method, { ...params, streamId } as ParamsOf<EngineRequests, K>, signal);
    } finally {
      this.outputs.delete(streamId);
    }
  }

  /** Hears a notification of the engine. */
  on<K extends Relayed>(method: K, listener: (params: ParamsOfRelayed<K>) => void): Disposable {
    return this.relayed.event(told => {
      if (told.method === method) listener(told.params as ParamsOfRelayed<K>);
    });
  }

  /** Tells the engine something that needs no answer; dropped where none is attached. */
  tell<K extends Exclude<keyof EngineSide['notifications'], 'client/focused' | 'client/isElsewhere'>>(
    method: K,
    params: InferInput<EngineSide['notifications'][K]>,
  ): void {
    this.peer?.notify(method, params);
  }

  /** To be called when the window gets the focus. */
  focused(): void {
    if (this.peer) this.peer.notify('client/focused', {});
    else if (this.current.state === 'none') this.start();
  }

  /** To be called when a setting of the engine changed; resolves when the engine knows. */
  async settingsChanged(): Promise<void> {
    try {
      const { peer } = this;
      await peer?.request('settings/set', this.around.settings());
      if (peer) await this.refresh(peer);
    } catch (error) {
      this.around.log('warn', `The engine did not take the settings: ${SparkError.toInfo(error).message}`);
    }
  }

  dispose(): void {
    this.ended.abort();
    clearTimeout(this.retryTimer);
    this.watcher?.dispose();
    this.peer?.dispose();
    const { changed, sampled, carried, pulling, modelsChanged, attachedTo, relayed } = this;
    for (const emitter of [changed, sampled, carried, pulling, modelsChanged, attachedTo, relayed]) emitter.dispose();
  }

  private async tryAttach(startAnyway: boolean, earlier?: Promise<unknown>): Promise<EnginePeer | undefined> {
    // an attempt that may not start one is under way; it may still find one
    await earlier?.catch(() => undefined);
    if (this.peer) return this.peer;
    clearTimeout(this.retryTimer);
    if (this.current.state !== 'up') this.setStatus({ state: 'starting' });
    const { around } = this;
    const { signal } = this.ended;
    try {
      const listeners = this.listeners();
      const peer =
        startAnyway || around.isWorthStarting()
          ? await around.attach(around.handlers, listeners, signal)
          : await around.attachToRunning(around.handlers, listeners, signal);
      if (!peer) {
        this.waitForOthers();
        return undefined;
      }
      await this.welcome(peer);
      return peer;
    } catch (error) {
      if (!signal.aborted) this.failed(SparkError.toInfo(error));
      throw error;
    }
  }

  private async welcome(peer: EnginePeer): Promise<void> {
    if (this.ended.signal.aborted) {
      peer.dispose();
      return;
    }
    const attachedAt = Date.now();
    peer.closed.addEventListener('abort', () => {
      this.lost(peer, attachedAt);
    });
    try {
      await peer.request('settings/set', this.around.settings());
      const snapshot = await peer.request('state/get', {});
      this.watcher?.dispose();
      this.watcher = undefined;
      this.peer = peer;
      this.follow(snapshot);
    } catch (error) {
      peer.dispose();
      throw error;
    }
    if (this.around.isElsewhere) peer.notify('client/isElsewhere', {});
    if (this.around.isFocused()) peer.notify('client/focused', {});
    this.setStatus({ state: 'up' });
    this.attachedTo.fire();
  }

  private listeners(): WindowListeners {
    return {
      'state/changed': snapshot => {
        if (this.follow(snapshot)) this.changed.fire();
      },
      'metrics/sampled': sample => {
        this.samples.set(sample.connectionId, sample);
        this.sampled.fire(sample);
      },
      'alerts/raised': alert => this.alerted.fire(alert),
      'forwards/traffic': traffic => this.carried.fire(traffic),
      'ollama/pulling': pulls => this.pulling.fire(pulls),
      'ollama/changed': ({ connectionId }) => this.modelsChanged.fire(connectionId),
      'ollama/chatPart': ({ streamId, part }) => this.streams.get(streamId)?.(part),
      'containers/output': ({ streamId, text }) => this.outputs.get(streamId)?.(text),
      'client/leader': ({ leader }) => {
        this.leading = leader;
        this.changed.fire();
      },
      'notice/show': this.around.onNotice,
      'log/line': this.around.onLogLine,
      ...this.relays(),
    };
  }

  private relays(): Pick<WindowListeners, Relayed> {
    const relay = (method: Relayed) => (params: unknown) => {
      this.relayed.fire({ method, params });
    };
    return Object.fromEntries(RELAYED.map(method => [method, relay(method)])) as Pick<WindowListeners, Relayed>;
  }

  /** Takes a snapshot over; true when it says something new. */
  private follow(snapshot: Snapshot): boolean {
    if (JSON.stringify(snapshot) === JSON.stringify(this.latest)) return false;
    this.latest = snapshot;
    for (const id of [...this.samples.keys()])
      if (this.connection(id)?.status.state !== 'connected') this.samples.delete(id);
    return true;
  }

  /** The engine's own word of a change may come after its answer to the request that made it. */
  private async refresh(peer: EnginePeer): Promise<void> {
    try {
      const snapshot = await peer.request('state/get', {});
      if (this.peer === peer && this.follow(snapshot)) this.changed.fire();
    } catch (error) {
      this.around.log('debug', `The state was not read again: ${SparkError.toInfo(error).message}`);
    }
  }

  /** The engine went away: everything it held is closed now, and it is started again. */
  private lost(peer: EnginePeer, attachedAt: number): void {
    if (this.peer !== peer) return;
    this.peer = undefined;
    this.leading = false;
    this.samples.clear();
    this.latest = allDisconnected(this.latest);
    if (this.ended.signal.aborted) return;
    this.failures = Date.now() - attachedAt > STABLE_AFTER_MS ? 0 : this.failures + 1;
    this.around.log('warn', 'The engine ended; it is started again.');
    this.setStatus({ state: 'starting' });
    this.retryLater();
  }

  private failed(error: ErrorInfo): void {
    const final = FINAL.includes(error.code);
    this.failures += 1;
    this.around.log('error', `No engine: ${error.message}`);
    this.setStatus({ state: 'down', error, final });
    if (!final) this.retryLater();
  }

  private retryLater(): void {
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => {
      this.start();
    }, this.around.retryDelay(this.failures));
  }

  private waitForOthers(): void {
    this.latest = NOTHING_SAVED;
    this.setStatus({ state: 'none' });
    this.watcher ??= this.around.watch(() => {
      if (this.current.state === 'none') this.start();
    });
  }

  private setStatus(status: EngineStatus): void {
    this.current = status;
    this.changed.fire();
  }
}
