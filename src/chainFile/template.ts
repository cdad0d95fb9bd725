import { isObject, type Json, ownField } from './json.js';

/** What a template may speak of. */
export const ROOTS = ['input', 'steps', 'output', 'row', 'count'] as const;
export type Root = (typeof ROOTS)[number];

/** `{{input.colour}}` or `{{steps.draft.json.title}}`, taken apart. */
export interface Reference {
  readonly root: Root;
  /** Of `steps`: which one. */
  readonly step: string | undefined;
  /** `json` was written: the path is one into the answer's JSON. */
  readonly json: boolean;
  readonly path: readonly string[];
  /** As it is written, braces included. */
  readonly raw: string;
  /** Offset in the text of the template. */
  readonly start: number;
}

export interface TemplateProblem {
  readonly message: string;
  readonly raw: string;
  readonly start: number;
}

export interface Template {
  readonly parts: readonly (string | Reference)[];
  readonly problems: readonly TemplateProblem[];
}

/** What is known when a template is filled in. */
export interface Scope {
  readonly input: Json;
  /** Number of the input, from 1. */
  readonly row?: number;
  readonly steps?: ReadonlyMap<string, Answer>;
  /** The answer that is being checked. */
  readonly output?: Answer;
  readonly count?: number;
}

/** What a step has answered. */
export interface Answer {
  readonly text: string;
  /** What the text says as JSON, where it is to be JSON. */
  readonly json?: Json | undefined;
}

/** A template that cannot be filled in with what there is. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

const MENTION = /\\\{\{|\{\{([^{}]*)\}\}|\{\{/g;

/** Takes a template apart. `\{{` stands for the braces themselves. */
export function parseTemplate(text: string): Template {
  const parts: (string | Reference)[] = [];
  const problems: TemplateProblem[] = [];
  let end = 0;
  for (const match of text.matchAll(MENTION)) {
    const [raw, inner] = match;
    if (match.index > end) parts.push(text.slice(end, match.index));
    end = match.index + raw.length;
    if (raw === '\\{{') {
      parts.push('{{');
      continue;
    }
    const read = inner === undefined ? 'This {{ has no }} on its line.' : readReference(inner, raw, match.index);
    if (typeof read === 'string') problems.push({ message: read, raw, start: match.index });
    else parts.push(read);
  }
  if (end < text.length) parts.push(text.slice(end));
  return { parts, problems };
}

/** The references of a template. */
export function referencesOf(template: Template): Reference[] {
  return template.parts.filter(part => typeof part !== 'string');
}

/** Fills a template in. What is filled in is text, whatever it looks like. Throws a {@link TemplateError}. */
export function render(template: Template, scope: Scope): string {
  return template.parts.map(part => (typeof part === 'string' ? part : textOf(valueOf(part, scope)))).join('');
}

/** A value as it stands in a prompt: texts as they are, anything else as JSON. */
export function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function readReference(inner: string, raw: string, start: number): Reference | string {
  const segments = splitPath(inner.trim());
  const [first, ...rest] = segments ?? [];
  const root = ROOTS.find(name => name === first);
  if (!segments || !root) return `${raw} is not known here: write {{input}}, {{input.field}} or {{steps.name}}.`;
  if (root === 'row' || root === 'count')
    return rest.length === 0
      ? { root, step: undefined, json: false, path: [], raw, start }
      : `${raw}: {{${root}}} is a number and has no fields.`;
  if (root === 'input') return { root, step: undefined, json: false, path: rest, raw, start };
  const step = root === 'steps' ? rest[0] : undefined;
  const after = root === 'steps' ? rest.slice(1) : rest;
  if (root === 'steps' && step === undefined) return `${raw} names no step: write {{steps.name}}.`;
  const [json, ...path] = after;
  if (json !== undefined && json !== 'json')
    return `${raw}: after the ${root === 'steps' ? 'name of the step' : 'output'} only ".json" and a path may follow.`;
  return { root, step, json: json === 'json', path, raw, start };
}

/** `a.b[0].c d` as its segments; undefined where it is no path. */
function splitPath(text: string): string[] | undefined {
  const segments = text
    .replace(/\[(\d+)\]/g, '.$1')
    .split('.')
    .map(segment => segment.trim());
  return segments.every(segment => segment !== '' && !/[[\]]/.test(segment)) ? segments : undefined;
}

function valueOf(reference: Reference, scope: Scope): Json {
  const { root, step, json, path, raw } = reference;
  const missing = (): never => {
    throw new TemplateError(`${raw} is not there.`);
  };
  if (root === 'row' || root === 'count') return scope[root] ?? missing();
  // null is a value, too
  if (root === 'input') return orElse(walk(scope.input, path), missing);
  const answer = root === 'output' ? scope.output : scope.steps?.get(step ?? '');
  if (!answer) return missing();
  if (!json) return answer.text;
  if (answer.json === undefined) throw new TemplateError(`${raw}: the answer is not JSON.`);
  return orElse(walk(answer.json, path), () => {
    throw new TemplateError(`${raw} is not in the answer.`);
  });
}

function orElse(value: Json | undefined, missing: () => never): Json {
  return value === undefined ? missing() : value;
}

function walk(value: Json, path: readonly string[]): Json | undefined {
  let current: Json | undefined = value;
  for (const segment of path) {
    if (Array.isArray(current))
      current = /^\d+$/.test(segment) ? (current as readonly Json[])[Number(segment)] : undefined;
    else current = isObject(current) ? ownField(current, segment) : undefined;
    if (current === undefined) return undefined;
  }
  return current;
}
