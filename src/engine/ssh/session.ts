import type { Duplex } from 'node:stream';
import type { Client, ClientChannel, PseudoTtyOptions, SFTPWrapper } from 'ssh2';
import { type ErrorInfo, SparkError } from '../../shared/errors.js';
import { type Clock, systemClock } from '../base/clock.js';
import { toDisposable } from '../base/disposable.js';
import { Emitter, type Event } from '../base/emitter.js';
import type { Logger } from '../base/logger.js';
import { KeepAlive } from './keepAlive.js';
import { type Address, explainLostLink } from './networkErrors.js';
import { quote } from './quote.js';
import { ReceiveWindow, WindowBudget } from './receiveWindow.js';
import { forwardRefused, programRefused, socketRefused } from './refusals.js';
import { SftpChannel } from './sftp.js';
import { explainNoSftp } from './sftpErrors.js';
import { watchChannel } from './ssh2Internals.js';
import type { Sftp } from './sftpTypes.js';
import type { RemoteProcess, RemoteTerminal, SshRoute, SshSession, TerminalSize } from './types.js';

/** How long the server has to take note of the end before the socket is simply closed. */
const GOODBYE_MS = 1000;
/**
 * What a terminal asks for: it speaks UTF-8, and where a machine has no locale for logins, a shell takes umlauts for editing keys. Servers take `LC_*`
 * by default; one that does not, ignores it. The language stays the machine's own.
 */
const TERMINAL_ENVIRONMENT = { LC_CTYPE: 'C.UTF-8' };

const NOT_CONNECTED: ErrorInfo = {
  code: 'notConnected',
  message: 'The connection has been closed.',
  hint: 'Connect again.',
};

export interface SessionOptions {
  /** Logged in. Belongs to the session from now on, like the stream. */
  readonly client: Client;
  readonly stream: Duplex;
  readonly address: Address;
  readonly route: SshRoute;
  readonly log: Logger;
  /** How often the server is asked for a sign of life, and after how many intervals without one the link is dead. */
  readonly keepaliveMs: number;
  readonly keepaliveCount: number;
  readonly clock?: Clock;
}

/** An authenticated connection over ssh2. */
export class Session implements SshSession {
  private readonly didEnd = new Emitter<ErrorInfo>();
  private readonly channels = new Set<OpenChannel>();
  private readonly waiting = new Set<(error: SparkError) => void>();
  private ended: ErrorInfo | undefined;
  private lost: ErrorInfo | undefined;
  private readonly keepAlive: KeepAlive;
  private readonly windowBudget = new WindowBudget();
  /** The shortest that an answer took; how far away the machine is, and no queue. */
  private roundTripMs: number | undefined;

  /** Also tells somebody who asks when it is too late, since nothing else would. */
  readonly onDidEnd: Event<ErrorInfo> = listener => {
    const { lost } = this;
    if (lost === undefined) return this.didEnd.event(listener);
    let wanted = true;
    queueMicrotask(() => {
      if (wanted) listener(lost);
    });
    return toDisposable(() => {
      wanted = false;
    });
  };

  constructor(private readonly options: SessionOptions) {
    options.client
      .on('error', error => this.lose(error))
      .on('end', () => this.lose(undefined))
      .on('close', () => this.lose(undefined));
    this.keepAlive = new KeepAlive({
      clock: options.clock ?? systemClock,
      intervalMs: options.keepaliveMs,
      count: options.keepaliveCount,
      ask: answered => this.askForSignOfLife(answered),
      isCongested: () => options.stream.writableLength > 0,
      onDead: () => this.lose(new Error('Keepalive timeout')),
    });
    // before ssh2 hears the answer in it
    options.stream.prependListener('data', this.heard);
  }

  get route(): SshRoute {
    return this.options.route;
  }

  check(limitMs: number): void {
    this.keepAlive.check(limitMs);
  }

  async spawn(argv: readonly string[]): Promise<RemoteProcess> {
    const command = quote(argv);
    return this.openChannel(
      done => this.options.client.exec(command, done),
      channel => this.remoteProcess(channel),
      programRefused,
    );
  }

  terminal(size: TerminalSize, argv?: readonly string[]): Promise<RemoteTerminal> {
    const { client } = this.options;
    const pty: PseudoTtyOptions = { term: 'xterm-256color', cols: size.columns, rows: size.rows, width: 0, height: 0 };
    const env = TERMINAL_ENVIRONMENT;
    const command = argv && quote(argv);
    return this.openChannel(
      done => (command === undefined ? client.shell(pty, { env }, done) : client.exec(command, { pty, env }, done)),
      channel => ({
        ...this.remoteProcess(channel),
        resize: ({ columns, rows }) => channel.setWindow(rows, columns, 0, 0),
      }),
      programRefused,
    );
  }

  sftp(): Promise<Sftp> {
    return this.openChannel<Sftp, SFTPWrapper>(
      done => this.options.client.sftp(done),
      channel => new SftpChannel(this.widen(channel)),
      explainNoSftp,
    );
  }

  forward(host: string, port: number): Promise<Duplex> {
    return this.openChannel(
      done => this.options.client.forwardOut('127.0.0.1', 0, host, port, done),
      channel => this.widen(channel),
      error => forwardRefused(host, port, error),
    );
  }

  async forwardSocket(path: string): Promise<Duplex> {
    return await this.openChannel(
      done => this.options.client.openssh_forwardOutStreamLocal(path, done),
      channel => this.widen(channel),
      error => socketRefused(path, error),
    );
  }

  dispose(): void {
    if (this.ended !== undefined) return;
    this.finish(NOT_CONNECTED);
    const { client, stream } = this.options;
    client.end();
    const timer = setTimeout(() => stream.destroy(), GOODBYE_MS);
    timer.unref();
    stream.once('close', () => clearTimeout(timer));
  }

  private readonly heard = () => this.keepAlive.heard();

  private askForSignOfLife(answered: () => void): void {
    try {
      // a global request that every server must answer (RFC 4254, 4), if only with a refusal: nothing is forwarded here
      this.options.client.unforwardIn('127.0.0.1', 0, this.timed(answered));
    } catch {
      this.loseIfBroken();
    }
  }

  /** ssh2 throws when its stream is closing or closed, of which it tells only afterwards. */
  private loseIfBroken(): void {
    if (!this.options.stream.writable) this.lose(undefined);
  }

  private lose(error: Error | undefined): void {
    if (this.ended !== undefined) return;
    const reason = explainLostLink(this.options.address, error);
    this.lost = reason;
    this.options.log.info(reason.message);
    this.finish(reason);
    this.options.stream.destroy();
    this.didEnd.fire(reason);
    this.didEnd.dispose();
  }

  /**
   * Tells everything that uses the link. ssh2 would end its channels as if the other side had said all it had to say; a reader must not take a
   * cut-off answer for a whole one, so they get an error first.
   */
  private finish(reason: ErrorInfo): void {
    this.ended = reason;
    this.keepAlive.dispose();
    const { client, stream } = this.options;
    stream.off('data', this.heard);
    client.removeAllListeners();
    // what ssh2 still reports on its way down concerns nobody any more
    client.on('error', () => undefined);
    const error = new SparkError(reason);
    for (const reject of [...this.waiting]) reject(error);
    for (const channel of [...this.channels]) {
      channel.emit('error', error);
      channel.stderr.emit('error', error);
    }
    this.channels.clear();
  }

  private remoteProcess(channel: ClientChannel): RemoteProcess {
    const exited = new Promise<{ code: number | null; signal: string | null }>(resolve => {
      channel.once('exit', (code: number | null, signal?: string) => resolve({ code, signal: signal ?? null }));
      channel.once('close', () => resolve({ code: null, signal: null }));
      channel.once('error', () => resolve({ code: null, signal: null }));
    });
    return {
      stream: channel,
      stderr: channel.stderr,
      exited,
      dispose: () => {
        // OpenSSH passes it on unless the login is root's; most programs also end when their input does
        if (this.channels.has(channel) && this.ended === undefined) channel.signal('TERM');
        abandon(channel);
      },
    };
  }

  /** @param use runs before the next packet is read: a short program's exit may already be in it */
  private async openChannel<T, C extends ClientChannel | SFTPWrapper = ClientChannel>(
    request: (done: (error: Error | undefined, channel: C) => void) => void,
    use: (channel: C) => T,
    explain: (error: Error & { reason?: unknown }) => SparkError,
  ): Promise<T> {
    const opened = await new Promise<T>((resolve, reject) => {
      if (this.ended !== undefined) {
        reject(new SparkError(this.ended));
        return;
      }
      const settle = (action: () => void) => {
        if (this.waiting.delete(rejectWaiting)) action();
      };
      const rejectWaiting = (error: SparkError) => settle(() => reject(error));
      this.waiting.add(rejectWaiting);
      try {
        const answered = this.timed(() => undefined);
        request((error, channel) => {
          answered();
          if (error) settle(() => reject(explain(error)));
          else if (this.waiting.has(rejectWaiting)) settle(() => resolve(use(this.adopt(channel))));
          else abandon(channel);
        });
      } catch (error) {
        // the loss is the reason, where it is one: who waits for the next link must know that this one is gone
        this.loseIfBroken();
        rejectWaiting(new SparkError(NOT_CONNECTED, { cause: error }));
      }
    });
    // the link may have gone in the same packet, when nobody could yet listen for the channel's error
    this.throwIfEnded();
    return opened;
  }

  /** Takes the time until an answer. */
  private timed(answered: () => void): () => void {
    const asked = performance.now();
    return () => {
      this.roundTripMs = Math.min(this.roundTripMs ?? Infinity, performance.now() - asked);
      answered();
    };
  }

  /** Lets the server send further ahead where it is far away. */
  private widen<C extends ClientChannel | SFTPWrapper>(opened: C): C {
    const window = watchChannel(this.options.client, opened, bytes => receiving?.take(bytes));
    const receiving =
      window &&
      new ReceiveWindow(window, this.windowBudget, {
        roundTripMs: () => this.roundTripMs,
        now: () => performance.now(),
      });
    (opened as unknown as OpenChannel).once('close', () => receiving?.dispose());
    return opened;
  }

  private throwIfEnded(): void {
    if (this.ended !== undefined) throw new SparkError(this.ended);
  }

  private adopt<C extends ClientChannel | SFTPWrapper>(opened: C): C {
    const channel = opened as unknown as OpenChannel;
    this.channels.add(channel);
    channel.once('close', () => this.channels.delete(channel));
    // a stream's error that nobody listens for would end the process
    channel.on('error', () => undefined);
    channel.stderr.on('error', () => undefined);
    return opened;
  }
}

/** What ssh2's channels have in common; its SFTP client stands in for one and is no stream, whatever the types say of either. */
type OpenChannel = Pick<ClientChannel, 'once' | 'on' | 'emit'> & {
  destroy(): unknown;
  resume?(): unknown;
  readonly stderr: Pick<ClientChannel['stderr'], 'on' | 'emit'> & { resume?(): unknown };
};

/** Closes a channel and drops what it still holds: ssh2 reports the end only of one that has been read. */
function abandon(opened: ClientChannel | SFTPWrapper): void {
  const channel = opened as unknown as OpenChannel;
  channel.destroy();
  channel.resume?.();
  channel.stderr.resume?.();
}
