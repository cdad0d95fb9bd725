import * as v from 'valibot';

/*
 * What Ollama answers, as far as it is read. Everything is optional that older versions leave out, and nothing is
 * believed to be of the right type: https://github.com/ollama/ollama/blob/main/docs/api.md
 */

const text = v.optional(v.string());
const number = v.fallback(v.optional(v.number()), undefined);

const detailsSchema = v.fallback(
  v.optional(v.object({ family: text, parameter_size: text, quantization_level: text })),
  undefined,
);

export const versionSchema = v.object({ version: v.pipe(v.string(), v.regex(/^[\w.+-]{1,40}$/)) });

const tagSchema = v.object({
  name: v.string(),
  size: v.number(),
  digest: v.optional(v.string(), ''),
  modified_at: text,
  details: detailsSchema,
});
export type Tag = v.InferOutput<typeof tagSchema>;
export const tagsSchema = v.object({ models: v.nullish(v.array(v.unknown()), []) });

const runningSchema = v.object({
  name: v.string(),
  size: v.number(),
  size_vram: number,
  expires_at: text,
  context_length: number,
});
export type Running = v.InferOutput<typeof runningSchema>;

/** One thing of a list; null where it is none. */
export function readTag(value: unknown): Tag | null {
  const checked = v.safeParse(tagSchema, value);
  return checked.success ? checked.output : null;
}

export function readRunning(value: unknown): Running | null {
  const checked = v.safeParse(runningSchema, value);
  return checked.success ? checked.output : null;
}

export const showSchema = v.object({
  license: v.fallback(v.optional(v.string()), undefined),
  parameters: v.fallback(v.optional(v.string()), undefined),
  template: v.fallback(v.optional(v.string()), undefined),
  system: v.fallback(v.optional(v.string()), undefined),
  details: detailsSchema,
  model_info: v.fallback(v.optional(v.record(v.string(), v.unknown()), {}), {}),
  capabilities: v.fallback(v.optional(v.array(v.string()), []), []),
});
export type Show = v.InferOutput<typeof showSchema>;

export const failureSchema = v.object({
  error: v.union([
    v.string(),
    v.pipe(
      v.object({ message: v.string() }),
      v.transform(({ message }) => message),
    ),
  ]),
});

export const pullLineSchema = v.object({
  status: v.optional(v.string(), ''),
  digest: text,
  total: number,
  completed: number,
});
export type PullLine = v.InferOutput<typeof pullLineSchema>;

const functionSchema = v.object({
  name: v.string(),
  arguments: v.fallback(v.optional(v.record(v.string(), v.unknown()), {}), {}),
});
export const chatLineSchema = v.object({
  message: v.optional(
    v.object({
      content: v.nullish(v.string(), ''),
      thinking: v.nullish(v.string(), ''),
      tool_calls: v.nullish(v.array(v.object({ id: text, function: functionSchema })), []),
    }),
  ),
  done: v.optional(v.boolean(), false),
  done_reason: text,
  prompt_eval_count: number,
  eval_count: number,
});
export type ChatLine = v.InferOutput<typeof chatLineSchema>;
