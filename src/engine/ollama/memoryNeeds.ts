import type { Fit, LoadedModel, MemoryNeeds } from '../../shared/ollama.js';

/** Of keys and values in the cache: Ollama's default is 16-bit floats. */
const BYTES_PER_NUMBER = 2;
/** Buffers that every model takes beside its weights and its context, as Ollama's log tells them. */
const WORKING_BYTES = 512 * 1024 * 1024;
/** What a model is loaded for at least: editors send long prompts, and loading it again for a longer one takes longer than this costs. */
export const USUAL_CONTEXT = 32_768;

/** Facts about a model out of `model_info` of `/api/show` (the metadata of GGUF). */
export interface ModelShape {
  readonly contextLength: number | null;
  /** What one token of context takes; null where the model does not say enough. */
  readonly bytesPerToken: number | null;
}

/**
 * Reads the shape of a model. Each layer keeps one key and one value a head for each token; layers that look only at the
 * last tokens keep fewer, which the metadata does not say for all models, so it is an upper bound.
 */
export function shapeOf(info: Readonly<Record<string, unknown>>): ModelShape {
  const architecture = info['general.architecture'];
  if (typeof architecture !== 'string') return { contextLength: null, bytesPerToken: null };
  const value = (key: string) => info[`${architecture}.${key}`];
  const positive = (key: string): number | null => {
    const number = value(key);
    return typeof number === 'number' && Number.isFinite(number) && number > 0 ? number : null;
  };
  const heads = positive('attention.head_count');
  const embedding = positive('embedding_length');
  const headLength = heads !== null && embedding !== null ? embedding / heads : null;
  const keys = positive('attention.key_length') ?? headLength;
  const values = positive('attention.value_length') ?? headLength;
  const keptHeads = headsInAllLayers(value('attention.head_count_kv') ?? heads, positive('block_count'));
  return {
    contextLength: positive('context_length'),
    bytesPerToken:
      keys === null || values === null || keptHeads === null ? null : keptHeads * (keys + values) * BYTES_PER_NUMBER,
  };
}

/** The heads that keep keys and values, of all layers together; some models have another number in each. */
function headsInAllLayers(perLayer: unknown, layers: number | null): number | null {
  if (Array.isArray(perLayer)) {
    const numbers = perLayer.filter((count): count is number => typeof count === 'number' && count >= 0);
    return numbers.length === perLayer.length && numbers.length > 0
      ? numbers.reduce((sum, count) => sum + count, 0)
      : null;
  }
  return typeof perLayer === 'number' && perLayer > 0 && layers !== null ? perLayer * layers : null;
}

/**
 * The context that a model is loaded with for a request. What is loaded already is kept where it is big enough: another
 * size would load the model anew. Otherwise a power of two, so that a conversation that grows does not do that each time.
 */
export function contextFor(wanted: number, most: number | null, loaded: LoadedModel | undefined): number {
  const limit = most ?? Number.POSITIVE_INFINITY;
  const needed = Math.min(Math.max(1, wanted), limit);
  const held = loaded?.contextLength ?? 0;
  if (held >= needed) return held;
  const rounded = 2 ** Math.ceil(Math.log2(Math.max(needed, USUAL_CONTEXT)));
  return Math.min(rounded, limit);
}

/** @param contextTokens null for a model that has no context, or of which nobody knows */
export function needsOf(weightsBytes: number, shape: ModelShape, contextTokens: number | null): MemoryNeeds {
  const contextBytes =
    shape.bytesPerToken === null || contextTokens === null ? null : Math.round(shape.bytesPerToken * contextTokens);
  const size = 'Its size on disk';
  const context =
    contextBytes === null
      ? '; what a context takes it does not say'
      : `, a context of ${contextTokens ?? 0} tokens by its layers and heads (16-bit, at most)`;
  return {
    weightsBytes,
    contextBytes,
    contextTokens,
    totalBytes: weightsBytes + (contextBytes ?? 0) + WORKING_BYTES,
    source: `${size}${context}, and half a GB to work with.`,
  };
}

/** Whether there is room. */
export function fitOf(
  needs: MemoryNeeds,
  room: { readonly availableBytes: number | null; readonly loaded: readonly LoadedModel[]; readonly isLoaded: boolean },
): Fit {
  if (room.isLoaded) return 'loaded';
  if (room.availableBytes === null) return 'unknown';
  if (needs.totalBytes <= room.availableBytes) return 'yes';
  const others = room.loaded.reduce((sum, { bytes }) => sum + bytes, 0);
  return others > 0 && needs.totalBytes <= room.availableBytes + others ? 'afterUnloading' : 'no';
}
