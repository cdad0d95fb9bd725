import { request as makeRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { SparkError } from '../../shared/errors.js';
import type { Clock } from '../base/clock.js';

/** Opens a stream to an HTTP server. */
export type Open = () => Promise<Duplex>;

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** How long its first byte may take; left out: as long as a big model takes to be loaded. */
  readonly withinMs?: number;
  readonly clock: Clock;
}

/** The head of an answer; its body is read once, by one of the functions, or dropped. */
export interface HttpAnswer {
  readonly status: number;
  /** The whole body. Rejects where it is longer. */
  text(maxBytes: number): Promise<string>;
  /** Line by line as they come. Throws where one is longer, and where the body breaks off. */
  lines(maxBytes: number): AsyncGenerator<string>;
  drop(): void;
}

/**
 * Sends one request over a stream of its own. Node's `fetch` cannot be led over one, and gives up after five minutes without an answer, which is
 * sooner than a big model may be loaded.
 * Rejects with `cancelled`, with what the stream broke with, and with `ollamaFailed`.
 */
export async function sendRequest(open: Open, options: HttpRequest): Promise<HttpAnswer> {
  const { signal } = options;
  if (signal?.aborted) throw cancelled();
  const stream = await openUnlessAborted(open, signal);
  const payload = options.body === undefined ? undefined : Buffer.from(JSON.stringify(options.body));
  let failure: unknown;
  const request = makeRequest({
    createConnection: () => stream,
    host: 'localhost',
    method: options.method,
    path: options.path,
    headers: {
      accept: 'application/json, application/x-ndjson',
      ...(payload && { 'content-type': 'application/json', 'content-length': payload.length }),
    },
  });
  const end = () => {
    request.destroy();
    stream.destroy();
    // ssh2 reports the end only of a channel that has been read
    stream.resume();
  };
  stream.on('error', error => {
    failure ??= error;
  });
  signal?.addEventListener('abort', end, { once: true });
  const explain = (error: unknown): SparkError => {
    if (signal?.aborted) return cancelled();
    return SparkError.is(failure ?? error) ? (failure as SparkError) : brokenOff(failure ?? error);
  };
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const { withinMs } = options;
      const late = withinMs === undefined ? undefined : options.clock.after(withinMs, () => reject(tooSlow()));
      request.on('error', error => {
        failure ??= error;
        reject(explain(error));
      });
      request.on('response', answer => {
        late?.dispose();
        resolve(answer);
      });
      request.on('close', () => {
        late?.dispose();
        reject(explain(new Error('closed')));
      });
      request.end(payload);
    });
    return readable(response, end, explain);
  } catch (error) {
    end();
    throw error;
  }
}

function readable(response: IncomingMessage, end: () => void, explain: (error: unknown) => SparkError): HttpAnswer {
  async function* chunks(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of response) yield chunk as Buffer;
    } catch (error) {
      throw explain(error);
    } finally {
      end();
    }
  }
  return {
    status: response.statusCode ?? 0,
    async text(maxBytes) {
      const read: Buffer[] = [];
      let length = 0;
      for await (const chunk of chunks()) {
        length += chunk.length;
        if (length > maxBytes) throw tooLong();
        read.push(chunk);
      }
      return Buffer.concat(read).toString('utf8');
    },
    async *lines(maxBytes) {
      const decoder = new TextDecoder();
      let rest = '';
      for await (const chunk of chunks()) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        if (rest.length > maxBytes) throw tooLong();
        for (const line of lines) if (line.trim() !== '') yield line;
      }
      if (rest.trim() !== '') yield rest;
    },
    drop: end,
  };
}

/** A stream that is opened too late is closed again. */
async function openUnlessAborted(open: Open, signal: AbortSignal | undefined): Promise<Duplex> {
  const opening = open();
  if (!signal) return await opening;
  return await new Promise<Duplex>((resolve, reject) => {
    const abort = () => {
      reject(cancelled());
      opening.then(discard, () => undefined);
    };
    signal.addEventListener('abort', abort, { once: true });
    opening.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort);
    });
  });
}

function discard(stream: Duplex): void {
  stream.on('error', () => undefined);
  stream.destroy();
  stream.resume();
}

function cancelled(): SparkError {
  return new SparkError({ code: 'cancelled', message: 'It was cancelled.' });
}

function brokenOff(cause: unknown): SparkError {
  return new SparkError(
    {
      code: 'ollamaFailed',
      message: 'Ollama ended the connection before its answer was whole.',
      hint: 'It may have crashed or been stopped; its log says more (journalctl -u ollama).',
    },
    { cause },
  );
}

function tooSlow(): SparkError {
  return new SparkError({
    code: 'ollamaFailed',
    message: 'Ollama accepts connections but does not answer.',
    hint: 'Restart it on the Spark, or wait until it is less busy.',
  });
}

function tooLong(): SparkError {
  return new SparkError({
    code: 'ollamaFailed',
    message: 'The answer is longer than anything that Ollama sends.',
    hint: 'Check that the port is that of Ollama.',
  });
}
