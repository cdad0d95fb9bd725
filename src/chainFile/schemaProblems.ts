import { type OutputUnit, Validator } from '@cfworker/json-schema';
import type { Json, JsonObject } from './json.js';
import type { Path, Places } from './places.js';
import { didYouMean, oneOf, type Problem } from './problem.js';
import { CHAIN_SCHEMA, schemaAt } from './schema.js';

const validator = new Validator(CHAIN_SCHEMA, '7', false);

/** These only say that something below them is wrong, and that is told by itself. */
const WRAPPERS = new Set(['properties', 'items', '$ref', 'additionalProperties']);
const MOST_PROBLEMS = 100;
/** What YAML makes of a value that begins with `{{` is not what was meant. */
export const UNQUOTED = 'Put quotes around a value that begins with {{: "{{input}} ...".';

/** What of a file does not meet the schema, in words. */
export function schemaProblems(value: unknown, places: Places): Problem[] {
  const units = validator.validate(value).errors;
  const choices = units.filter(({ keyword }) => keyword === 'anyOf').map(({ keywordLocation }) => keywordLocation);
  const problems: Problem[] = [];
  let strict: JsonObject | undefined;
  for (const unit of units) {
    // the unit before that of an unknown field is about the object that does not have it
    if (unit.keyword === 'additionalProperties') strict = schemaAt(parentOf(unit.keywordLocation));
    if (WRAPPERS.has(unit.keyword)) continue;
    // of a choice only the whole is told, not why each of its branches is not it
    if (choices.some(choice => unit.keywordLocation.startsWith(`${choice}/`))) continue;
    if (unit.keyword === 'false' && choices.length > 0 && !strict) continue;
    const path = pathOf(unit.instanceLocation);
    const isUnquoted = unit.keyword === 'type' && places.written(path).startsWith('{{');
    const message = isUnquoted ? UNQUOTED : complaint(unit, path, valueAt(value, path), strict);
    const span = isAboutKey(unit.keyword) ? places.key(path) : places.value(path);
    if (!problems.some(other => other.start === span.start && other.end === span.end && unit.keyword !== 'required'))
      problems.push({ ...span, severity: 'error', message });
    if (problems.length === MOST_PROBLEMS) break;
  }
  return problems;
}

function isAboutKey(keyword: string): boolean {
  return keyword === 'required' || keyword === 'false' || keyword.endsWith('Items') || keyword.endsWith('Properties');
}

function complaint(
  { keyword, keywordLocation, error }: OutputUnit,
  path: Path,
  value: unknown,
  strict: JsonObject | undefined,
): string {
  const schema = schemaAt(parentOf(keywordLocation)) ?? {};
  const what = subject(path);
  const limit = JSON.stringify(schema[keyword] ?? 0);
  switch (keyword) {
    case 'required':
      return `${what} needs ${article(/property "(.*)"/.exec(error)?.[1] ?? '')}.`;
    case 'false':
      return unknownField(String(path.at(-1)), strict);
    case 'type':
      return `${what} must be ${kinds(schema['type'])}, not ${inWords(value)}.`;
    case 'enum':
      return `${what} must be ${oneOf((schema['enum'] as readonly Json[]).map(String))}, not ${inWords(value)}.`;
    case 'pattern':
      return `${what} must be ${schema['patternErrorMessage'] as string}.`;
    case 'anyOf':
      return `${what} must be ${schema['errorMessage'] as string}.`;
    case 'minimum':
      return `${what} must be at least ${limit}, not ${inWords(value)}.`;
    case 'maximum':
      return `${what} must be at most ${limit}, not ${inWords(value)}.`;
    case 'minLength':
    case 'minItems':
    case 'minProperties':
      return `${what} must not be empty.`;
    case 'maxLength':
      return `${what} must have at most ${limit} characters.`;
    case 'maxItems':
      return `${what} must have at most ${limit} items.`;
    default:
      return `${what} is not right: ${error}`;
  }
}

function unknownField(name: string, strict: JsonObject | undefined): string {
  const known = Object.keys((strict?.['properties'] ?? {}) as JsonObject).filter(key => key !== '$schema');
  const meant = didYouMean(name, known);
  const rest = known.length <= 12 ? ` Here may be ${oneOf(known)}.` : '';
  return `There is no "${name}" here.${meant === undefined ? rest : ` Did you mean "${meant}"?`}`;
}

function subject(path: Path): string {
  const last = path.at(-1);
  if (last === undefined) return 'A chain';
  if (typeof last === 'string') return `"${last}"`;
  const list = path.at(-2);
  if (list === 'steps') return 'A step';
  if (list === 'checks') return 'A check';
  return `Item ${last + 1} of "${String(list)}"`;
}

function article(name: string): string {
  return name === 'steps' ? '"steps"' : `a "${name}"`;
}

const KIND_WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object with fields',
};

function kinds(type: Json | undefined): string {
  const types = (Array.isArray(type) ? type : [type]) as readonly string[];
  const names = types.map(name => KIND_WORDS[name] ?? name);
  const last = names.pop() ?? '';
  return names.length === 0 ? last : `${names.join(', ')} or ${last}`;
}

function inWords(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string') return value.length > 40 ? `"${value.slice(0, 40)}…"` : `"${value}"`;
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : JSON.stringify(value);
}

function parentOf(pointer: string): string {
  return pointer.slice(0, pointer.lastIndexOf('/'));
}

function pathOf(pointer: string): (string | number)[] {
  return pointer
    .split('/')
    .slice(1)
    .map(segment => decodeURIComponent(segment).replaceAll('~1', '/').replaceAll('~0', '~'))
    .map(segment => (/^\d+$/.test(segment) ? Number(segment) : segment));
}

function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const segment of path)
    current = (current as Readonly<Record<string | number, unknown>> | null | undefined)?.[segment];
  return current;
}
