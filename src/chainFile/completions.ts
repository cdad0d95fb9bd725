import { declaredFields } from './inputFields.js';
import type { Chain } from './chain.js';
import { isObject, type Json, type JsonObject } from './json.js';
import type { ParsedChain } from './parseChain.js';
import { schemasFor } from './schema.js';
import { textOf } from './template.js';
import { writingPlace } from './yamlPath.js';

/** A word that may be written. */
export interface Completion {
  readonly kind: 'field' | 'value' | 'reference';
  readonly label: string;
  readonly insert: string;
  readonly about: string;
}

/** Words that may stand in the place of a part of a text. */
export interface Completions {
  readonly start: number;
  readonly items: readonly Completion[];
  /** A model is named here. */
  readonly isModel: boolean;
}

/** What may be written between the braces before an offset; undefined where there are none. */
export function referencesAt(text: string, offset: number, { raw }: ParsedChain): Completions | undefined {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
  const open = /\{\{\s*([^{}]*)$/.exec(line);
  if (!open) return undefined;
  const [, written = ''] = open;
  const isClosed = /^\s*\}\}/.test(text.slice(offset));
  const items = namesOf(raw).map(([name, about]): Completion => ({
    ...{ kind: 'reference', label: name, about },
    insert: isClosed ? name : `${name}}}`,
  }));
  return { start: offset - written.length, items, isModel: false };
}

/** What may be written at an offset of a YAML file, by the schema. */
export function completionsAt(text: string, offset: number): Completions | undefined {
  const place = writingPlace(text, offset);
  if (!place) return undefined;
  const { path, key, start } = place;
  if (key === undefined) return { start, items: fieldsAt(path), isModel: false };
  const schemas = schemasFor([...path, key]);
  const items = schemas.flatMap(valuesOf).map((value): Completion => ({
    ...{ kind: 'value', label: textOf(value), insert: textOf(value), about: '' },
  }));
  return { start, items, isModel: key === 'model' };
}

/** What a field is for, from the schema; undefined for what it does not know. */
export function explanationOf(path: readonly (string | number)[]): string | undefined {
  const described = schemasFor(path).find(({ description }) => description !== undefined);
  if (!described) return undefined;
  const { description, default: usual } = described;
  const more = usual === undefined ? '' : ` Left out: ${JSON.stringify(usual)}.`;
  return `${textOf(description ?? '')}${more}`;
}

function fieldsAt(path: readonly (string | number)[]): Completion[] {
  const fields = schemasFor(path).flatMap(({ properties }) => Object.entries((properties ?? {}) as JsonObject));
  return fields.map(([name]) => ({
    ...{ kind: 'field', label: name, insert: `${name}: ` },
    about: explanationOf([...path, name]) ?? '',
  }));
}

function valuesOf({ type, enum: choices, examples }: JsonObject): readonly Json[] {
  if (Array.isArray(choices)) return choices as readonly Json[];
  if (type === 'boolean') return [true, false];
  return Array.isArray(examples) ? (examples as readonly Json[]) : [];
}

/** What the file has names for, also when it is not a chain yet. */
function namesOf(raw: unknown): [string, string][] {
  const { inputs, steps } = (isObject(raw) ? raw : {}) as Partial<Record<keyof Chain, unknown>>;
  const isKnown = Array.isArray(inputs) || isObject(inputs);
  const fields: unknown = isKnown ? declaredFields(raw as Chain) : [];
  const names = (Array.isArray(steps) ? steps : [])
    .map(step => (isObject(step) ? step['name'] : undefined))
    .filter(name => typeof name === 'string');
  // the file may say anything
  return [
    ['input', 'The whole input'],
    ...(Array.isArray(fields) ? fields : []).map((field): [string, string] => [
      `input.${String(field)}`,
      'Field of the input',
    ]),
    ...names.map((name): [string, string] => [`steps.${name}`, 'Answer of the step']),
    ['row', 'Number of the input, from 1'],
  ];
}
