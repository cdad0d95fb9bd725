import { type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { Condition } from '../condition.js';

/** What the network between the client and the Spark is like; shared by all its links. */
export class Weather {
  /** Milliseconds that each piece of data is late, in each direction. */
  delayMs = 0;
  #silent = false;
  readonly #changes = new Condition();

  get silent(): boolean {
    return this.#silent;
  }

  /** While it is silent links stay open and nothing passes, as when a machine hangs or a cable is out. */
  set silent(on: boolean) {
    this.#silent = on;
    this.#changes.changed();
  }

  /** `undefined` when data may pass at once. */
  passage(): Promise<void> | undefined {
    return this.#silent || this.delayMs > 0 ? this.#wait() : undefined;
  }

  async #wait(): Promise<void> {
    if (this.delayMs > 0) await delay(this.delayMs, undefined, { ref: false });
    await this.#changes.until(() => !this.#silent);
  }
}

/** A TCP connection seen through the {@link Weather}. */
export class Link extends Duplex {
  readonly #socket: Socket;
  readonly #weather: Weather;
  // ssh2 reads these off the socket that it is given
  readonly remoteAddress: string | undefined;
  readonly remoteFamily: string | undefined;
  readonly remotePort: number | undefined;

  constructor(socket: Socket, weather: Weather) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#weather = weather;
    this.remoteAddress = socket.remoteAddress;
    this.remoteFamily = socket.remoteFamily;
    this.remotePort = socket.remotePort;
    socket.setNoDelay(true);
    socket.pause();
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => this.push(null));
    socket.on('error', error => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  #receive(chunk: Buffer): void {
    const passage = this.#weather.passage();
    if (passage === undefined) {
      if (!this.push(chunk)) this.#socket.pause();
      return;
    }
    this.#socket.pause();
    void passage.then(() => {
      if (!this.destroyed && this.push(chunk)) this.#socket.resume();
    });
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const passage = this.#weather.passage();
    if (passage === undefined) this.#socket.write(chunk, done);
    else void passage.then(() => (this.destroyed ? done() : this.#socket.write(chunk, done)));
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
