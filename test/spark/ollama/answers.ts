import { type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Condition } from '../condition.js';

/** How long streams are and when they wait. Tests change it at any time. */
export class StreamPlan {
  /** Pieces of text in an answer. */
  chunks: number;
  /** Milliseconds between two pieces. */
  chunkDelayMs: number;
  /** Answers that are being streamed now. */
  streaming = 0;
  /** Answers whose reader went away before the end, since the start. */
  aborted = 0;
  readonly #changes = new Condition();
  #holdAfter = Number.POSITIVE_INFINITY;
  #held = 0;

  constructor(chunks: number, chunkDelayMs: number) {
    this.chunks = chunks;
    this.chunkDelayMs = chunkDelayMs;
  }

  /** Answers that wait for {@link release} now. */
  get held(): number {
    return this.#held;
  }

  /** From now on each answer stops after `count` pieces (0: before the first) until {@link release}. */
  holdAfter(count: number): void {
    this.#holdAfter = count;
    this.#changes.changed();
  }

  release(): void {
    this.holdAfter(Number.POSITIVE_INFINITY);
  }

  /** Resolves when `holds()` is true; it is asked after each change of the numbers above. */
  until(holds: () => boolean): Promise<void> {
    return this.#changes.until(holds);
  }

  untilHeld(): Promise<void> {
    return this.until(() => this.#held > 0);
  }

  untilAborted(count = 1): Promise<void> {
    return this.until(() => this.aborted >= count);
  }

  /** Resolves to false when the reader has gone. */
  async #mayContinue(sent: number, gone: () => boolean): Promise<boolean> {
    if (sent >= this.#holdAfter && !gone()) {
      this.#held++;
      this.#changes.changed();
      await this.until(() => sent < this.#holdAfter || gone());
      this.#held--;
    }
    if (this.chunkDelayMs > 0 && sent > 0 && !gone()) await delay(this.chunkDelayMs, undefined, { ref: false });
    return !gone();
  }

  /**
   * Writes the pieces one after the other, each when the plan allows, and ends the answer. Resolves to whether all were written.
   * @param onSent told the place of each piece that is written
   */
  async stream(
    response: ServerResponse,
    pieces: readonly string[],
    type: string,
    onSent: (index: number) => void = () => undefined,
  ): Promise<boolean> {
    this.streaming++;
    // true as soon as the connection is closed, by whichever side
    const gone = (): boolean => response.destroyed;
    response.on('close', () => this.#changes.changed());
    response.writeHead(200, { 'Content-Type': type });
    response.flushHeaders();
    for (const [sent, piece] of pieces.entries()) {
      // the last one is the summary; it is not counted
      if (!(await this.#mayContinue(Math.min(sent, pieces.length - 1), gone))) break;
      onSent(sent);
      if (!response.write(piece)) await drained(response);
    }
    const whole = !gone();
    if (!whole) this.aborted++;
    response.end();
    this.streaming--;
    this.#changes.changed();
    return whole;
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise(resolve => {
    response.once('drain', resolve);
    response.once('close', resolve);
  });
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}

export function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(text);
}

/** The JSON object in a request's body; `undefined` for an empty one. Throws when it is not JSON. */
export async function readBody(request: IncomingMessage): Promise<Record<string, unknown> | undefined> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const text = Buffer.concat(pieces).toString('utf8');
  if (text.trim() === '') return undefined;
  return JSON.parse(text) as Record<string, unknown>;
}
