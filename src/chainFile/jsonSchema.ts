import { Validator } from '@cfworker/json-schema';
import type { Json, JsonObject } from './json.js';

const TYPES = ['string', 'number', 'integer', 'boolean', 'array', 'object', 'null'];

/** What is wrong with a JSON schema that stands in a chain; undefined where it can be used. */
export function schemaComplaint(schema: JsonObject): string | undefined {
  const wrong = wrongType(schema);
  if (wrong !== undefined) return `This is no JSON schema: there is no type "${wrong}".`;
  try {
    // finds references that lead nowhere and patterns that are none, where they are reached
    new Validator(schema, '2020-12').validate({});
    return undefined;
  } catch (error) {
    return `This is no JSON schema that can be used: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`;
  }
}

/** Why a value does not meet a schema, as one sentence for a model to read; undefined where it does. */
export function mismatch(value: Json, schema: JsonObject): string | undefined {
  const { valid, errors } = new Validator(schema, '2020-12', false).validate(value);
  if (valid) return undefined;
  const told = errors.filter(({ keyword }) => !['properties', 'items', '$ref', 'false'].includes(keyword)).slice(0, 3);
  const parts = told.map(({ instanceLocation, error }) => {
    const where = instanceLocation === '#' ? '' : ` (at ${instanceLocation.slice(1)})`;
    return `${error.replaceAll('Instance', 'The value').replace(/\.$/, '')}${where}`;
  });
  return parts.join('; ');
}

function wrongType(schema: unknown): string | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  const { type, properties, items } = schema as JsonObject;
  const types: readonly Json[] = Array.isArray(type) ? type : [type ?? 'string'];
  const wrong = types.find(name => typeof name !== 'string' || !TYPES.includes(name));
  if (wrong !== undefined) return typeof wrong === 'string' ? wrong : JSON.stringify(wrong);
  for (const child of [items, ...Object.values((properties ?? {}) as JsonObject)]) {
    const found = wrongType(child);
    if (found !== undefined) return found;
  }
  return undefined;
}
