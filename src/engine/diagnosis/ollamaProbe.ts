import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ErrorInfo, SparkError } from '../../shared/errors.js';
import type { Clock } from '../base/clock.js';
import type { SshSession } from '../ssh/types.js';

const TIMEOUT_MS = 8_000;
const MAX_BYTES = 16 * 1024;
/** RFC 4254, 5.1: SSH_OPEN_ADMINISTRATIVELY_PROHIBITED. */
const PROHIBITED = 1;

/** What came of asking Ollama through the connection, as everything that uses it does. */
export type OllamaAnswer =
  | { readonly kind: 'version'; readonly version: string }
  /** It speaks HTTP, or something else, but is not Ollama. */
  | { readonly kind: 'other' }
  /** It accepts connections and says nothing. */
  | { readonly kind: 'silent' }
  /** Nothing accepts connections there. */
  | { readonly kind: 'refused' }
  /** The SSH server opens no connections for us. */
  | { readonly kind: 'prohibited'; readonly error: ErrorInfo };

/** Asks for `GET /api/version`. Rejects when the session is over, and with `cancelled`. */
export async function askOllama(
  session: SshSession,
  port: number,
  options: { clock: Clock; signal: AbortSignal },
): Promise<OllamaAnswer> {
  let stream: Duplex;
  try {
    stream = await session.forward('127.0.0.1', port);
  } catch (error) {
    if (!SparkError.is(error, 'forwardRefused')) throw error;
    const reason = (error.cause as { reason?: unknown } | undefined)?.reason;
    return reason === PROHIBITED ? { kind: 'prohibited', error: SparkError.toInfo(error) } : { kind: 'refused' };
  }
  try {
    return await askVersion(stream, port, options);
  } finally {
    // ssh2 reports the end only of a channel that has been read
    stream.on('error', () => undefined);
    stream.destroy();
    stream.resume();
  }
}

function askVersion(
  stream: Duplex,
  port: number,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<OllamaAnswer> {
  return new Promise((resolve, reject) => {
    const asking = request({ createConnection: () => stream, host: '127.0.0.1', port, path: '/api/version' });
    const onAbort = () => settle(() => reject(new SparkError({ code: 'cancelled', message: 'It was cancelled.' })));
    const settle = (action: () => void) => {
      timer.dispose();
      signal.removeEventListener('abort', onAbort);
      action();
      asking.destroy();
    };
    const timer = clock.after(TIMEOUT_MS, () => settle(() => resolve({ kind: 'silent' })));
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    asking.on('error', error =>
      settle(() => {
        if (SparkError.is(error)) reject(error);
        else resolve({ kind: 'other' });
      }),
    );
    asking.on('response', response => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > MAX_BYTES) settle(() => resolve({ kind: 'other' }));
      });
      response.on('end', () => settle(() => resolve(meaning(response.statusCode, text))));
      response.on('error', () => settle(() => resolve({ kind: 'other' })));
    });
    asking.end();
  });
}

function meaning(status: number | undefined, text: string): OllamaAnswer {
  const version = status === 200 ? readVersion(text) : undefined;
  return version === undefined ? { kind: 'other' } : { kind: 'version', version };
}

/** The version in an answer such as `{"version":"0.12.3"}`. */
export function readVersion(text: string): string | undefined {
  try {
    const version = (JSON.parse(text) as { version?: unknown } | null)?.version;
    return typeof version === 'string' && /^[\w.+-]{1,40}$/.test(version) ? version : undefined;
  } catch {
    return undefined;
  }
}
