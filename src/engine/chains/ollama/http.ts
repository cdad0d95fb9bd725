import { request as requestPlain, type IncomingMessage } from 'node:http';
import { request as requestSecure } from 'node:https';
import { printable } from '../../base/remoteText.js';
import { LinkLost, Refused } from './errors.js';

/** An answer that makes no sound for this long does not come any more. Reading a long prompt takes minutes. */
const SILENCE_MS = 10 * 60_000;
const PROBE_EVERY_MS = 15_000;
/** No error of Ollama is longer than this. */
const LONGEST_ERROR = 8 * 1024;

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Address of the Ollama, without the path of its API. */
  readonly base: string;
  /** `api/chat` */
  readonly path: string;
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

/**
 * Sends a request and resolves when an answer begins. Each has a connection of its own: one that is kept would go on
 * leading to the old machine when the endpoint is switched. Rejects with {@link LinkLost}, {@link Refused}, or the
 * reason of `signal`.
 */
export async function send(request: HttpRequest): Promise<IncomingMessage> {
  const { base, path, method, signal } = request;
  const url = new URL(path, base.endsWith('/') ? base : `${base}/`);
  const open = url.protocol === 'https:' ? requestSecure : requestPlain;
  const payload = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = open(url, {
      method,
      signal,
      agent: false,
      headers: {
        Accept: 'application/json',
        ...(payload ? { 'Content-Type': 'application/json', 'Content-Length': payload.length } : {}),
      },
    });
    sent.setTimeout(SILENCE_MS, () => {
      sent.destroy(new Error('no answer came'));
    });
    sent.on('socket', socket => {
      socket.setNoDelay(true);
      socket.setKeepAlive(true, PROBE_EVERY_MS);
    });
    sent.once('response', resolve);
    // stays: it is also told what breaks off later, which the reader of the answer hears of too
    sent.on('error', error => {
      reject(broken(error, signal));
    });
    sent.end(payload);
  });
  const { statusCode = 0 } = response;
  if (statusCode >= 200 && statusCode < 300) return response;
  throw await refusal(response, statusCode, signal);
}

/** The whole answer as JSON. */
export async function readJson(response: IncomingMessage, limit: number, signal: AbortSignal): Promise<unknown> {
  const text = await readText(response, limit, signal);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Refused(200, 'What answers there does not speak like Ollama.');
  }
}

/** Each line of an answer as JSON, as it comes in. A line longer than `limit` ends it. */
export async function* readLines(response: IncomingMessage, limit: number, signal: AbortSignal): AsyncGenerator {
  let rest = '';
  response.setEncoding('utf8');
  try {
    for await (const piece of response as AsyncIterable<string>) {
      const lines = (rest + piece).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > limit) throw new Refused(200, 'A line of the answer is too long.');
      for (const line of lines) if (line.trim() !== '') yield parseLine(line);
    }
  } catch (error) {
    throw error instanceof Refused ? error : broken(error, signal);
  } finally {
    response.destroy();
  }
  if (rest.trim() !== '') yield parseLine(rest);
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    throw new Refused(200, 'What answers there does not speak like Ollama.');
  }
}

async function readText(response: IncomingMessage, limit: number, signal: AbortSignal): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  try {
    for await (const piece of response as AsyncIterable<string>) {
      text += piece;
      if (text.length > limit) throw new Refused(200, 'The answer is too long.');
    }
    return text;
  } catch (error) {
    throw error instanceof Refused ? error : broken(error, signal);
  } finally {
    response.destroy();
  }
}

async function refusal(response: IncomingMessage, status: number, signal: AbortSignal): Promise<Error> {
  const text = await readText(response, LONGEST_ERROR, signal).catch((error: unknown) => {
    if (error instanceof Refused) return '';
    throw error;
  });
  return new Refused(status, printable(errorIn(text) ?? `It answered with status ${status}.`, 400));
}

function errorIn(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === 'string' ? error : undefined;
  } catch {
    return undefined;
  }
}

function broken(error: unknown, signal: AbortSignal): Error {
  if (signal.aborted) return signal.reason instanceof Error ? signal.reason : new Error('Aborted.');
  return new LinkLost(inWords(error), { cause: error });
}

/** What went wrong on the way, without the words of the system where there are plainer ones. */
function inWords(error: unknown): string {
  // of an address with several numbers each has an error of its own
  const [first = error] = error instanceof AggregateError ? (error.errors as unknown[]) : [error];
  const { code } = (first ?? {}) as { code?: unknown };
  switch (code) {
    case 'ECONNREFUSED':
      return 'nothing listens at that port';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'there is no machine of that name';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'there is no way to that machine';
    case 'ETIMEDOUT':
      return 'no answer came in time';
    case 'ECONNRESET':
      return 'the connection broke off';
  }
  const reason = first instanceof Error ? first.message : String(first);
  return reason === 'aborted' ? 'the connection broke off' : printable(reason);
}
