import { randomBytes } from 'node:crypto';
import { type Model } from './models.js';

const WORDS = 'The Spark hums along and answers each question from memory it shares with the processor'.split(' ');

/** The pieces of an answer's text. */
export function words(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${index === 0 ? '' : ' '}${WORDS[index % WORDS.length]!}`);
}

/** The figures at the end of an answer of Ollama's own API; durations are in nanoseconds. */
function summary(pieces: number): Record<string, unknown> {
  return {
    done: true,
    done_reason: 'stop',
    total_duration: 174_560_334 + pieces * 21_000_000,
    load_duration: 101_397_084,
    prompt_eval_count: 11,
    prompt_eval_duration: 13_074_791,
    eval_count: pieces,
    eval_duration: Math.max(1, pieces) * 21_000_000,
  };
}

/** `/api/chat` and `/api/generate`: one JSON object a line, or a single one. */
export function nativeAnswer(
  kind: 'chat' | 'generate',
  model: string,
  pieces: readonly string[],
  stream: boolean,
): string[] {
  const head = (): Record<string, unknown> => ({ model, created_at: new Date().toISOString() });
  const said = (text: string): Record<string, unknown> =>
    kind === 'chat' ? { message: { role: 'assistant', content: text } } : { response: text };
  const context = kind === 'generate' ? { context: [128_006, 882, 128_007, 271] } : {};
  const last = (text: string): string =>
    JSON.stringify({ ...head(), ...said(text), ...context, ...summary(pieces.length) });
  if (!stream) return [last(pieces.join(''))];
  return [...pieces.map(text => JSON.stringify({ ...head(), ...said(text), done: false })), last('')].map(
    line => `${line}\n`,
  );
}

/** `/v1/chat/completions`: server-sent events, or a single object. */
export function openAiAnswer(
  model: string,
  pieces: readonly string[],
  options: { stream: boolean; usage: boolean },
): string[] {
  const id = `chatcmpl-${randomBytes(2).readUInt16BE()}`;
  const created = Math.floor(Date.now() / 1000);
  const usage = { prompt_tokens: 11, completion_tokens: pieces.length, total_tokens: 11 + pieces.length };
  const head = (object: string): Record<string, unknown> => ({
    id,
    object,
    created,
    model,
    system_fingerprint: 'fp_ollama',
  });
  if (!options.stream) {
    const message = { role: 'assistant', content: pieces.join('') };
    return [
      JSON.stringify({ ...head('chat.completion'), choices: [{ index: 0, message, finish_reason: 'stop' }], usage }),
    ];
  }
  const event = (content: string, reason: string | null): unknown => ({
    ...head('chat.completion.chunk'),
    choices: [{ index: 0, delta: { role: 'assistant', content }, finish_reason: reason }],
  });
  const events = [...pieces.map(text => event(text, null)), event('', 'stop')];
  if (options.usage) events.push({ ...head('chat.completion.chunk'), choices: [], usage });
  return [...events.map(item => `data: ${JSON.stringify(item)}\n\n`), 'data: [DONE]\n\n'];
}

/** `/api/pull`: the stages that Ollama tells, with the progress of the one big layer. */
export function pullProgress(model: Model, steps: number, stream: boolean): string[] {
  if (!stream) return [JSON.stringify({ status: 'success' })];
  const short = model.digest.slice(0, 12);
  const layer = { status: `pulling ${short}`, digest: `sha256:${model.digest}`, total: model.size };
  const progress = Array.from({ length: steps }, (_, index) => ({
    ...layer,
    completed: Math.round((model.size * (index + 1)) / steps),
  }));
  const stages = ['verifying sha256 digest', 'writing manifest', 'success'].map(status => ({ status }));
  return [{ status: 'pulling manifest' }, layer, ...progress, ...stages].map(line => `${JSON.stringify(line)}\n`);
}

/** A vector of length 1 that depends on the text only. */
export function embedding(text: string, length: number): number[] {
  let state = Buffer.from(text).reduce((sum, byte) => (sum * 31 + byte) % 2_147_483_647, 7);
  const raw = Array.from({ length }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647 - 0.5;
  });
  const size = Math.hypot(...raw);
  return raw.map(value => value / size);
}
