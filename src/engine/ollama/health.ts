import { connect } from 'node:net';
import type { LoadedModel, OllamaHealth } from '../../shared/ollama.js';
import { SparkError } from '../../shared/errors.js';
import type { Clock } from '../base/clock.js';
import { printable } from '../base/remoteText.js';
import type { Running } from './answers.js';
import type { Open } from './http.js';
import { OllamaApi } from './ollamaApi.js';

const WITHIN_MS = 3_000;
const CONNECT_WITHIN_MS = 2_000;
/** A time that far ahead is Ollama's way of saying "for ever". */
const FOR_EVER_MS = 50 * 365 * 24 * 3_600_000;

/** Asks an Ollama how it does. Never rejects. */
export async function checkHealth(
  open: Open,
  url: string | null,
  { clock, signal }: { readonly clock: Clock; readonly signal?: AbortSignal },
): Promise<OllamaHealth> {
  const api = new OllamaApi(open, clock);
  const began = clock.now();
  try {
    const version = await api.version(signal, WITHIN_MS);
    const latencyMs = clock.now() - began;
    const loaded = await api.running(signal, WITHIN_MS).then(
      models => models.map(model => loadedModel(model, clock)),
      () => [],
    );
    return { url, state: 'up', version, latencyMs, loaded };
  } catch (error) {
    const problem = SparkError.toInfo(error).message;
    return { url, state: 'down', version: null, latencyMs: null, loaded: [], problem };
  }
}

/** One that there is no way to. */
export function offHealth(problem: string): OllamaHealth {
  return { url: null, state: 'off', version: null, latencyMs: null, loaded: [], problem };
}

/** Opens connections to a port of this computer, on whichever loopback address answers. */
export function openLocally(port: number): Open {
  return async () =>
    await new Promise((resolve, reject) => {
      const socket = connect({ host: 'localhost', port, autoSelectFamily: true, noDelay: true });
      const refuse = () => {
        socket.destroy();
        reject(
          new SparkError({
            code: 'ollamaStopped',
            message: 'Ollama does not run on this computer.',
            hint: 'Start it, or install it from ollama.com.',
          }),
        );
      };
      socket.setTimeout(CONNECT_WITHIN_MS, refuse);
      socket.once('error', refuse);
      socket.once('connect', () => {
        socket.setTimeout(0);
        socket.off('error', refuse);
        resolve(socket);
      });
    });
}

/** A model in memory, by this computer's clock. */
export function loadedModel({ name, size, size_vram, expires_at, context_length }: Running, clock: Clock): LoadedModel {
  const expires = expires_at === undefined ? Number.NaN : Date.parse(expires_at);
  return {
    name: printable(name, 255),
    bytes: Math.max(size, size_vram ?? 0),
    contextLength: context_length !== undefined && context_length > 0 ? context_length : null,
    expiresAt: Number.isNaN(expires) || expires - clock.now() > FOR_EVER_MS ? null : expires,
  };
}
