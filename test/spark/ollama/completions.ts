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

/** What a model says beside the text of its answer. */
export interface Aside {
  readonly thinking?: string;
  readonly toolCall?: { readonly name: string; readonly arguments: Record<string, unknown> };
}

/** `/api/chat` and `/api/generate`: one JSON object a line, or a single one. */
export function nativeAnswer(
  kind: 'chat' | 'generate',
  model: string,
  pieces: readonly string[],
  stream: boolean,
  { thinking, toolCall }: Aside = {},
): string[] {
  const head = (): Record<string, unknown> => ({ model, created_at: new Date().toISOString() });
  const message = (fields: Record<string, unknown>): Record<string, unknown> => ({
    message: { role: 'assistant', content: '', ...fields },
  });
  const call = toolCall && [{ id: `call_${randomBytes(4).toString('hex')}`, function: { index: 0, ...toolCall } }];
  const said = (text: string): Record<string, unknown> =>
    kind === 'generate'
      ? { response: text }
      : message({
          content: text,
          ...(stream ? {} : { ...(thinking && { thinking }), ...(call && { tool_calls: call }) }),
        });
  const context = kind === 'generate' ? { context: [128_006, 882, 128_007, 271] } : {};
  const last = (text: string): string =>
    JSON.stringify({ ...head(), ...said(text), ...context, ...summary(pieces.length) });
  if (!stream) return [last(pieces.join(''))];
  const before = thinking === undefined ? [] : [message({ thinking })];
  const after = call ? [message({ tool_calls: call })] : [];
  return [...before, ...pieces.map(said), ...after]
    .map(part => JSON.stringify({ ...head(), ...part, done: false }))
    .concat(last(''))
    .map(line => `${line}\n`);
}

/** Arguments that a JSON schema asks for; texts are what the user has said. */
export function argumentsFor(schema: unknown, text: string): Record<string, unknown> {
  const { properties = {} } = (schema ?? {}) as { properties?: Record<string, { type?: string }> };
  const value = (type: string | undefined): unknown =>
    type === 'number' || type === 'integer' ? 42 : type === 'boolean' || text;
  return Object.fromEntries(Object.entries(properties).map(([name, { type }]) => [name, value(type)]));
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

/** A line of `/api/pull`. */
export interface PullStep {
  readonly status: string;
  readonly digest?: string;
  readonly total?: number;
  /** Bytes of the layer that are there. */
  readonly completed?: number;
}

/** `/api/pull`: the stages that Ollama tells, with the progress of the one big layer and of a small one. */
export function pullSteps(model: Model, steps: number, there: number): PullStep[] {
  const layer = (digest: string, total: number) => ({
    status: `pulling ${digest.slice(0, 12)}`,
    digest: `sha256:${digest}`,
    total,
  });
  const big = layer(model.digest, model.size);
  const small = layer(Array.from(model.digest).reverse().join(''), 11_340);
  const progress = Array.from({ length: steps }, (_, index) => Math.round((model.size * (index + 1)) / steps))
    .filter(completed => completed > there)
    .map(completed => ({ ...big, completed }));
  return [
    { status: 'pulling manifest' },
    // what an earlier pull has left is there at once
    there > 0 ? { ...big, completed: there } : big,
    ...progress,
    { ...small, completed: small.total },
    ...['verifying sha256 digest', 'writing manifest', 'success'].map(status => ({ status })),
  ];
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
