import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { type Chain, type InputGenerator, isList } from '../../chainFile/chain.js';
import type { Json, JsonObject } from '../../chainFile/json.js';
import { parseTemplate, render } from '../../chainFile/template.js';
import type { Message } from '../../shared/chains.js';
import { SparkError } from '../../shared/errors.js';
import type { Asker } from './asker.js';
import { readJson } from './checks/textChecks.js';
import { Refused } from './ollama/errors.js';

/** A model that comes up with nothing new so often has run out of ideas. */
const MOST_VAIN = 3;
/** What is there already is told to the model, but not more of it than this. */
const TOLD = 50;
const textsSchema = v.object({ inputs: v.array(v.string()) });
const objectsSchema = v.object({
  inputs: v.array(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]))),
});

export interface GeneratedInputs {
  readonly inputs: Json[];
  readonly promptTokens: number;
  readonly tokens: number;
}

/** The generator of a chain's inputs, where it has one. */
export function generatorOf({ inputs }: Chain): InputGenerator | undefined {
  return inputs && !isList(inputs) ? inputs.generate : undefined;
}

/** The same inputs can stand for the same key. */
export function generatorKey(chain: Chain, generator: InputGenerator): string {
  const content = JSON.stringify([chain.model, chain.options ?? null, generator]);
  return createHash('sha256').update(content).digest('hex').slice(0, 24);
}

/** Lets a model come up with inputs, as often as it takes to have the number that is wanted. */
export async function generateInputs(
  chain: Chain,
  generator: InputGenerator,
  asker: Asker,
  signal: AbortSignal,
): Promise<GeneratedInputs> {
  const { count, fields, prompt } = generator;
  const found = new Map<string, Json>();
  const spent = { promptTokens: 0, tokens: 0 };
  const options = chain.options || generator.options ? { ...chain.options, ...generator.options } : undefined;
  const model = generator.model ?? chain.model;
  const format = formatOf(fields);
  for (let vain = 0; found.size < count && vain < MOST_VAIN;) {
    const missing = count - found.size;
    const text = render(parseTemplate(prompt), { input: '', count: missing });
    const messages: Message[] = [
      { role: 'system', content: systemFor(missing, fields) },
      { role: 'user', content: `${text}${alreadyThere([...found.values()])}` },
    ];
    try {
      const answer = await asker.ask(
        async ({ client }) => await client.chat({ model, options, format, messages }, () => undefined, signal),
      );
      spent.promptTokens += answer.promptTokens;
      spent.tokens += answer.tokens;
      const before = found.size;
      for (const input of readInputs(answer.text, fields))
        if (found.size < count) found.set(JSON.stringify(input), input);
      vain = found.size > before ? 0 : vain + 1;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      throw new SparkError({ code: 'ollamaRefused', message: `No inputs could be made: ${error.message}` });
    }
  }
  if (found.size === 0)
    throw new SparkError({
      code: 'ollamaRefused',
      message: `${model} came up with no inputs that can be used.`,
      hint: 'Say more clearly in inputs.generate.prompt what an input is, or choose another model.',
    });
  return { inputs: [...found.values()], ...spent };
}

function formatOf(fields: readonly string[] | undefined): JsonObject {
  const item: JsonObject = fields
    ? {
        type: 'object',
        required: fields,
        properties: Object.fromEntries(fields.map(name => [name, { type: 'string' }])),
      }
    : { type: 'string' };
  return { type: 'object', required: ['inputs'], properties: { inputs: { type: 'array', items: item } } };
}

function systemFor(count: number, fields: readonly string[] | undefined): string {
  const each = fields ? `an object with the fields ${fields.join(', ')}` : 'a text';
  return `You come up with inputs. Answer with JSON: {"inputs": [...]}, ${count} in number, each ${each}. All are different.`;
}

function alreadyThere(inputs: readonly Json[]): string {
  if (inputs.length === 0) return '';
  return `\n\nThese are there already, do not repeat them:\n${inputs
    .slice(-TOLD)
    .map(input => JSON.stringify(input))
    .join('\n')}`;
}

function readInputs(text: string, fields: readonly string[] | undefined): Json[] {
  const json = readJson(text);
  if (!fields) {
    const read = v.safeParse(textsSchema, json);
    return read.success ? read.output.inputs.map(input => input.trim()).filter(input => input !== '') : [];
  }
  const read = v.safeParse(objectsSchema, json);
  return read.success ? read.output.inputs.filter(input => fields.every(name => Object.hasOwn(input, name))) : [];
}
