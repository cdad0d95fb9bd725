import type { Socket } from 'node:net';
import { greetWindow, type Versions } from '../../link/handshake.js';
import { messageConnection, rpcRuntime } from '../../link/rpc.js';
import type { EngineSide, WindowPeer, WindowSide } from '../../link/types.js';
import { clientNotifications, clientRequests, engineNotifications, engineRequests } from '../../shared/contract.js';
import { type Handlers, type Listeners, Peer } from '../../shared/peer.js';
import type { Disposable } from '../base/disposable.js';
import { Emitter, type Event } from '../base/emitter.js';
import type { Logger } from '../base/logger.js';

/** How many connections may be in the middle of their handshake; strangers beyond that are turned away. */
const MAX_STRANGERS = 64;

/** One attached window. */
export interface Window {
  readonly id: number;
  readonly peer: WindowPeer;
  /** It works on another machine, so its settings are not the ones that programs on this computer read. */
  isElsewhere: boolean;
}

export type EngineHandlers = Handlers<EngineSide['requests']>;
/** What is done with notifications that are not the windows' own business. */
export type EngineListeners = Omit<Listeners<EngineSide['notifications']>, 'client/focused' | 'client/isElsewhere'>;

/**
 * The windows that are attached now. The oldest that works on this computer is the leader; the one that had the focus
 * last gets questions that nobody in particular started.
 */
export class Windows implements Disposable {
  private readonly windows: Window[] = [];
  private readonly changed = new Emitter<void>();
  private readonly sockets = new Set<Socket>();
  private strangers = 0;
  private nextId = 1;
  private focused: Window | undefined;

  /** Fires when a window has come or gone. */
  readonly onDidChange: Event<void> = this.changed.event;

  /**
   * @param handlersFor makes the request handlers of one window
   * @param listenersFor makes what hears its notifications
   * @param onTakeOver a newer build wants this engine to finish; its connection is closed when the promise settles
   */
  constructor(
    private readonly token: string,
    private readonly versions: Versions,
    private readonly handlersFor: (window: () => Window) => EngineHandlers,
    private readonly listenersFor: (window: () => Window) => EngineListeners,
    private readonly onTakeOver: () => Promise<void>,
    private readonly log: Logger,
  ) {}

  get all(): readonly Window[] {
    return this.windows;
  }

  /** The window that had the focus last, else the oldest. */
  get preferred(): Window | undefined {
    return this.focused ?? this.windows[0];
  }

  /** Takes a fresh connection through the handshake; closes it without a word when that fails. */
  accept(socket: Socket): void {
    socket.on('error', () => undefined);
    if (this.strangers >= MAX_STRANGERS) {
      socket.destroy();
      return;
    }
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    this.strangers += 1;
    greetWindow(socket, this.token, this.versions)
      .finally(() => {
        this.strangers -= 1;
      })
      .then(async intent => {
        if (intent.intent === 'attach') {
          this.attach(socket);
          return;
        }
        this.log.info(`Version ${intent.versions.extension} takes over.`);
        await this.onTakeOver();
        socket.destroy();
      })
      .catch((error: unknown) => {
        this.log.debug(`A client was turned away: ${error instanceof Error ? error.message : String(error)}`);
        socket.destroy();
      });
  }

  private attach(socket: Socket): void {
    const id = this.nextId++;
    const peer: WindowPeer = new Peer<EngineSide, WindowSide>(
      messageConnection(socket),
      { requests: engineRequests, notifications: engineNotifications },
      { requests: clientRequests, notifications: clientNotifications },
      this.handlersFor(() => window),
      {
        'client/focused': () => {
          this.focused = window;
        },
        'client/isElsewhere': () => {
          window.isElsewhere = true;
          this.tellLeader();
        },
        ...this.listenersFor(() => window),
      },
      rpcRuntime,
    );
    const window: Window = { id, peer, isElsewhere: false };
    this.windows.push(window);
    this.tellLeader();
    this.log.info(`Window ${id} attached (${this.windows.length} now).`);
    peer.closed.addEventListener('abort', () => {
      this.windows.splice(this.windows.indexOf(window), 1);
      if (this.focused === window) this.focused = undefined;
      socket.destroy();
      this.tellLeader();
      this.log.info(`Window ${id} went away (${this.windows.length} left).`);
      this.changed.fire();
    });
    this.changed.fire();
  }

  dispose(): void {
    for (const socket of this.sockets) socket.destroy();
    this.changed.dispose();
  }

  private tellLeader(): void {
    const leader = this.windows.find(({ isElsewhere }) => !isElsewhere) ?? this.windows[0];
    for (const window of this.windows) window.peer.notify('client/leader', { leader: window === leader });
  }
}
