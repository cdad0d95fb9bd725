import { AbstractMessageReader, AbstractMessageWriter, type DataCallback, type Message } from 'vscode-jsonrpc/node';
import type { Disposable, Event } from '../emitter.js';

/** The two ends of a webview that messages go through. */
export interface PageChannel {
  readonly onDidReceiveMessage: Event<unknown>;
  postMessage(message: unknown): PromiseLike<boolean>;
}

/** First request of a page that was just loaded. */
const FIRST_REQUEST = 'panel/ready';

interface Envelope {
  jsonrpc: string;
  id?: unknown;
  method?: unknown;
  params?: unknown;
}

/**
 * Carries JSON-RPC over a webview's messages. The page is loaded anew whenever the panel is shown again, and counts its
 * requests from the start each time, while an answer to the page before may still be on its way. So each request gets a
 * number of our own here, and answers to a page that is gone are dropped.
 */
export class PageMessages {
  private page = 0;
  private lastId = 0;
  private readonly asked = new Map<number, { readonly page: number; readonly id: string | number }>();

  readonly reader: AbstractMessageReader & { listen(callback: DataCallback): Disposable };
  readonly writer: AbstractMessageWriter & { write(message: Message): Promise<void>; end(): void };

  constructor(channel: PageChannel) {
    this.reader = new Reader(callback =>
      channel.onDidReceiveMessage(raw => {
        const message = this.incoming(raw);
        if (message) callback(message);
      }),
    );
    this.writer = new Writer(async message => {
      const outgoing = this.outgoing(message);
      if (outgoing) await channel.postMessage(outgoing);
    });
  }

  /** A message of the page under our own number; undefined for anything that is not JSON-RPC. */
  private incoming(raw: unknown): Message | undefined {
    if (!isEnvelope(raw) || typeof raw.method !== 'string') return undefined;
    if (raw.method === FIRST_REQUEST) this.page += 1;
    if (raw.method === '$/cancelRequest') {
      const id = this.numberOf((raw.params as { id?: unknown } | undefined)?.id);
      return id === undefined ? undefined : ({ ...raw, params: { id } } as Message);
    }
    if (raw.id === undefined) return { ...raw };
    if (typeof raw.id !== 'string' && typeof raw.id !== 'number') return undefined;
    this.lastId += 1;
    this.asked.set(this.lastId, { page: this.page, id: raw.id });
    return { ...raw, id: this.lastId } as Message;
  }

  /** A message for the page under the number that the page knows; undefined for an answer to a page that is gone. */
  private outgoing(message: Envelope): Envelope | undefined {
    if (message.method !== undefined) return message;
    const id = message.id as number;
    const asked = this.asked.get(id);
    this.asked.delete(id);
    return asked?.page === this.page ? { ...message, id: asked.id } : undefined;
  }

  private numberOf(pageId: unknown): number | undefined {
    for (const [number, asked] of this.asked) if (asked.page === this.page && asked.id === pageId) return number;
    return undefined;
  }
}

function isEnvelope(raw: unknown): raw is Envelope {
  return typeof raw === 'object' && raw !== null && 'jsonrpc' in raw && raw.jsonrpc === '2.0';
}

class Reader extends AbstractMessageReader {
  constructor(private readonly subscribe: (callback: DataCallback) => Disposable) {
    super();
  }

  listen(callback: DataCallback): Disposable {
    return this.subscribe(callback);
  }
}

class Writer extends AbstractMessageWriter {
  constructor(private readonly send: (message: Envelope) => Promise<void>) {
    super();
  }

  async write(message: Message): Promise<void> {
    await this.send(message);
  }

  end(): void {
    // a webview's channel ends with the panel
  }
}
