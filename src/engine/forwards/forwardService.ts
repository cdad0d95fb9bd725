import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { ConnectionView } from '../../shared/connection.js';
import {
  type Forward,
  type ForwardData,
  type ForwardOffer,
  type ForwardTraffic,
  type ForwardView,
  serviceLabel,
} from '../../shared/forwards.js';
import { SparkError } from '../../shared/errors.js';
import type { Clock } from '../base/clock.js';
import { type Disposable, DisposableStore } from '../base/disposable.js';
import { Emitter, type Event } from '../base/emitter.js';
import type { Logger } from '../base/logger.js';
import type { Run } from '../ssh/run.js';
import type { SshSession } from '../ssh/types.js';
import type { ForwardRepository } from '../store/types.js';
import { lookForOffers } from './offers.js';
import { type ForwardTools, OpenForward } from './openForward.js';

/** How often what the forwards have carried is told, while it changes. */
const TELL_EVERY_MS = 2_000;
/** Each holds two sockets of this computer; more is a mistake of a program. */
const MOST_A_CONNECTION = 64;

export interface ForwardServiceOptions {
  readonly repository: ForwardRepository;
  readonly tools: ForwardTools;
  /** Opens a stream to a port as seen from the machine; waits for a link that is coming back. */
  readonly route: (connectionId: string, host: string, port: number) => Promise<Duplex>;
  readonly session: (connectionId: string) => SshSession | undefined;
  /** Told that something has gone through a connection. */
  readonly used: (connectionId: string) => void;
  readonly run: Run;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Says which forward of a connection is meant. */
type Place = Pick<Forward, 'remoteHost' | 'remotePort'>;

/** The saved forwards: each is open while its connection is connected or coming back. */
export class ForwardService implements Disposable {
  private readonly held = new DisposableStore();
  private readonly changed = this.held.add(new Emitter<void>());
  private readonly carried = this.held.add(new Emitter<readonly ForwardTraffic[]>());
  private readonly forwards = new Map<string, OpenForward>();
  /** Connections whose forwards are to be open. */
  private readonly connected = new Set<string>();
  private lastTold = new Map<string, string>();
  private timer: Disposable | undefined;

  readonly onDidChange: Event<void> = this.changed.event;
  /** Fires with those that have carried something since the last time. */
  readonly onDidCarry: Event<readonly ForwardTraffic[]> = this.carried.event;

  constructor(private readonly options: ForwardServiceOptions) {
    for (const forward of options.repository.list()) this.manage(forward);
  }

  views(): ForwardView[] {
    return [...this.forwards.values()].map(({ forward, status }) => ({ ...forward, status }));
  }

  /** Opens the forwards of what is connected now, and closes those of what is not any more. */
  follow(connections: readonly ConnectionView[]): void {
    const saved = new Set(connections.map(({ id }) => id));
    for (const [id, open] of this.forwards)
      if (!saved.has(open.forward.connectionId)) {
        open.dispose();
        this.forwards.delete(id);
      }
    for (const { id, status } of connections) {
      if (status.state === 'connected' && !this.connected.has(id)) {
        this.connected.add(id);
        for (const open of this.of(id)) this.openQuietly(open);
      }
      // while the link is coming back the local port stays open and what is asked of it waits
      if (status.state === 'disconnected' || status.state === 'error') this.closeAll(id);
    }
    for (const id of this.connected) if (!saved.has(id)) this.connected.delete(id);
  }

  /** Saves a forward and opens it; resolves with its local port. One to the same place is opened, or moved to the wished port. */
  async add(connectionId: string, data: ForwardData): Promise<number> {
    this.liveSession(connectionId);
    const known = this.find(connectionId, data);
    const changes = {
      ...(data.localPort === undefined ? {} : { localPort: data.localPort }),
      ...(data.label === undefined || data.label === '' ? {} : { label: data.label }),
    };
    if (known) return await this.change(known, { ...known.forward, ...changes });
    if (this.of(connectionId).length >= MOST_A_CONNECTION)
      throw new SparkError({
        code: 'invalidInput',
        message: `A connection has at most ${MOST_A_CONNECTION} forwards.`,
        hint: 'Remove one that is not needed any more.',
      });
    const { remoteHost, remotePort } = data;
    return await this.change(undefined, {
      ...{ id: randomUUID(), connectionId, remoteHost, remotePort, localPort: null, label: serviceLabel(remotePort) },
      ...changes,
    });
  }

  /** Closes and forgets one; resolves with the local port that it had. Rejects with `notFound`. */
  async remove(connectionId: string, place: Place): Promise<number | null> {
    const open = this.find(connectionId, place);
    if (!open)
      throw new SparkError({
        code: 'notFound',
        message: `There is no forward of ${place.remoteHost}:${place.remotePort}.`,
        hint: 'It may have been removed in another window.',
      });
    const { status } = open;
    await this.options.repository.delete(open.forward.id);
    open.dispose();
    this.forwards.delete(open.forward.id);
    this.changed.fire();
    return status.state === 'open' ? status.localPort : null;
  }

  /** Ports of the machine that may be worth a forward. @param ollamaPort has a tunnel of its own */
  async offers(connectionId: string, ollamaPort: number, signal: AbortSignal): Promise<ForwardOffer[]> {
    const taken = this.of(connectionId).map(({ forward }) => forward.remotePort);
    const { run, clock } = this.options;
    return await lookForOffers(this.liveSession(connectionId), [ollamaPort, ...taken], { run, clock, signal });
  }

  dispose(): void {
    this.timer?.dispose();
    for (const open of this.forwards.values()) open.dispose();
    this.forwards.clear();
    this.held.dispose();
  }

  private manage(forward: Forward): OpenForward {
    const { tools, route, log } = this.options;
    const { connectionId, id } = forward;
    const open = new OpenForward(forward, tools, async (host, port) => await route(connectionId, host, port), log);
    this.forwards.set(id, open);
    return open;
  }

  /** On the disk first: what was acknowledged comes back after a crash. */
  private async change(before: OpenForward | undefined, forward: Forward): Promise<number> {
    if (JSON.stringify(before?.forward) !== JSON.stringify(forward)) await this.options.repository.put(forward);
    let open = before;
    // where only its name is another, what is open stays open
    if (open?.forward.localPort === forward.localPort) open.forward = forward;
    else {
      open?.dispose();
      open = this.manage(forward);
    }
    return await open.open().finally(() => this.announce());
  }

  private openQuietly(open: OpenForward): void {
    open
      .open()
      .catch((error: unknown) => {
        // its status tells what is wrong
        this.options.log.warn(`A forward could not be opened: ${SparkError.toInfo(error).message}`);
      })
      .finally(() => this.announce());
  }

  private announce(): void {
    this.watchTraffic();
    this.changed.fire();
  }

  private closeAll(connectionId: string): void {
    if (!this.connected.delete(connectionId)) return;
    for (const open of this.of(connectionId)) open.close();
    this.changed.fire();
  }

  private of(connectionId: string): OpenForward[] {
    return [...this.forwards.values()].filter(({ forward }) => forward.connectionId === connectionId);
  }

  private find(connectionId: string, { remoteHost, remotePort }: Place): OpenForward | undefined {
    return this.of(connectionId).find(
      ({ forward }) => forward.remotePort === remotePort && forward.remoteHost === remoteHost,
    );
  }

  private liveSession(connectionId: string): SshSession {
    const session = this.options.session(connectionId);
    if (session) return session;
    throw new SparkError({
      code: 'notConnected',
      message: 'The machine is not connected.',
      hint: 'Connect first; saved forwards then open by themselves.',
    });
  }

  /** Looks at what the open ones have carried, for as long as there are any. */
  private watchTraffic(): void {
    this.timer ??= this.options.clock.after(TELL_EVERY_MS, () => {
      this.timer = undefined;
      const open = [...this.forwards.values()].filter(({ status }) => status.state === 'open');
      const told = new Map(open.map(({ traffic }) => [traffic.id, JSON.stringify(traffic)]));
      const news = open.filter(({ forward: { id } }) => told.get(id) !== this.lastTold.get(id));
      this.lastTold = told;
      for (const { forward } of news) this.options.used(forward.connectionId);
      if (news.length > 0) this.carried.fire(news.map(({ traffic }) => traffic));
      if (open.length > 0) this.watchTraffic();
    });
  }
}
