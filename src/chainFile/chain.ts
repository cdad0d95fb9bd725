import type { Json, JsonObject } from './json.js';

/*
 * A chain as it is written in its file, after it has passed the schema and the checks of this folder. The names are
 * those of the file.
 */

export interface Chain {
  readonly name?: string;
  /** `auto`, `local`, `dgx` or an address. */
  readonly endpoint?: string;
  readonly model: string;
  readonly options?: JsonObject;
  readonly think?: boolean | string;
  readonly keepAlive?: string | number;
  readonly system?: string;
  readonly concurrency?: number;
  readonly inputs?: readonly Json[] | InputSource;
  readonly steps: readonly Step[];
  readonly outputs?: Readonly<Record<string, string>>;
}

/** Where inputs come from, when they are not listed: one of the three is there. */
export interface InputSource {
  readonly file?: string;
  readonly format?: InputFormat;
  readonly delimiter?: string;
  readonly product?: Readonly<Record<string, readonly (string | number | boolean)[]>>;
  readonly generate?: InputGenerator;
}
export type InputFormat = 'csv' | 'jsonl' | 'text';

export interface InputGenerator {
  readonly prompt: string;
  readonly count: number;
  readonly fields?: readonly string[];
  readonly model?: string;
  readonly options?: JsonObject;
}

export interface Step {
  readonly name: string;
  readonly prompt: string;
  readonly system?: string;
  readonly model?: string;
  readonly options?: JsonObject;
  readonly think?: boolean | string;
  readonly output?: 'text' | 'json' | { readonly schema: JsonObject };
  readonly checks?: readonly Check[];
  readonly retries?: number;
}

/** One check: exactly one of {@link CHECK_KINDS} is there. */
export interface Check {
  readonly contains?: string | readonly string[];
  readonly notContains?: string | readonly string[];
  readonly matches?: string;
  readonly length?: { readonly min?: number; readonly max?: number; readonly unit?: 'characters' | 'words' | 'lines' };
  readonly schema?: JsonObject;
  readonly equals?: string | number | boolean;
  readonly similar?: { readonly to: string; readonly model: string; readonly threshold?: number };
  readonly judge?: { readonly prompt: string; readonly model?: string; readonly threshold?: number };
  /** What is checked, in the place of the whole answer. */
  readonly of?: string;
  readonly ignoreCase?: boolean;
}

export const CHECK_KINDS = [
  'contains',
  'notContains',
  'matches',
  'length',
  'schema',
  'equals',
  'similar',
  'judge',
] as const;
export type CheckKind = (typeof CHECK_KINDS)[number];

export const DEFAULT_SIMILARITY = 0.8;
export const DEFAULT_SCORE = 7;
/** What a judge may give at most. */
export const BEST_SCORE = 10;
/** Where all fields of the product together, or a file, give more than this, something is wrong. */
export const MOST_INPUTS = 100_000;

/** The kind of a check. */
export function kindOf(check: Check): CheckKind {
  const kind = CHECK_KINDS.find(name => check[name] !== undefined);
  if (!kind) throw new Error('A check without a kind has passed the checks of the file.');
  return kind;
}

/** Where inputs come from, by name. */
export function sourceOf({ inputs }: Chain): 'none' | 'list' | 'file' | 'product' | 'generate' {
  if (inputs === undefined) return 'none';
  if (isList(inputs)) return 'list';
  if (inputs.file !== undefined) return 'file';
  return inputs.product === undefined ? 'generate' : 'product';
}

export function isList(inputs: readonly Json[] | InputSource): inputs is readonly Json[] {
  return Array.isArray(inputs);
}

/** Whether a step answers with JSON. */
export function answersJson(step: Step): boolean {
  return step.output !== undefined && step.output !== 'text';
}

/** The JSON schema of a step's answer, where it has one. */
export function outputSchema({ output }: Step): JsonObject | undefined {
  return typeof output === 'object' ? output.schema : undefined;
}

/** The combinations of a product, the last list changing quickest. */
export function* combinations(product: NonNullable<InputSource['product']>): Generator<JsonObject> {
  const [first, ...rest] = Object.entries(product);
  if (!first) {
    yield {};
    return;
  }
  const [name, values] = first;
  for (const value of values)
    for (const others of combinations(Object.fromEntries(rest))) yield { [name]: value, ...others };
}

/** How many inputs a product gives. */
export function sizeOf(product: NonNullable<InputSource['product']>): number {
  return Object.values(product).reduce((size, values) => size * values.length, 1);
}
