import { type Chain, isList, sourceOf } from './chain.js';
import { isObject, type Json } from './json.js';
import type { Places } from './places.js';
import { didYouMean, oneOf, type Problem } from './problem.js';
import type { Reference } from './template.js';
import { placeOf, type TemplateUse } from './templateUses.js';

const MOST_PROBLEMS = 20;

/**
 * Templates that ask an input for what it does not have.
 * @param inputs all of them, where they are known; else only what the file says about their fields is checked
 */
export function inputFieldProblems(
  chain: Chain,
  uses: readonly TemplateUse[],
  inputs: readonly unknown[] | undefined,
  places: Places,
): Problem[] {
  const fields = declaredFields(chain);
  const problems: Problem[] = [];
  for (const use of uses)
    for (const reference of use.references) {
      if (reference.root !== 'input' || problems.length >= MOST_PROBLEMS) continue;
      const message = inputs
        ? complaintAboutInputs(inputs, reference)
        : fields && complaintAboutFields(fields, reference);
      if (message === undefined) continue;
      problems.push({ ...placeOf(use, reference, places), severity: 'error', message });
    }
  return problems;
}

/** Names of the fields of each input, where the file tells; an empty list where an input is a text. */
export function declaredFields(chain: Chain): readonly string[] | undefined {
  const { inputs } = chain;
  switch (sourceOf(chain)) {
    case 'none':
      return [];
    case 'list':
      return fieldsOf(inputs as readonly Json[]);
    case 'product':
      return inputs && !isList(inputs) ? Object.keys(inputs.product ?? {}) : undefined;
    case 'generate':
      return inputs && !isList(inputs) ? (inputs.generate?.fields ?? []) : undefined;
    case 'file':
      return undefined;
  }
}

/** Names of all fields that any of some inputs has. */
export function fieldsOf(inputs: readonly unknown[]): string[] {
  return [...new Set(inputs.filter(isObject).flatMap(input => Object.keys(input)))];
}

function complaintAboutInputs(inputs: readonly unknown[], reference: Reference): string | undefined {
  const [field] = reference.path;
  if (field === undefined || inputs.length === 0) return undefined;
  const without = inputs.findIndex(input => !isObject(input) || !Object.hasOwn(input, field));
  if (without < 0) return undefined;
  const known = fieldsOf(inputs);
  if (known.includes(field)) return `Input ${without + 1} has no "${field}", which ${reference.raw} asks for.`;
  return complaintAboutFields(known, reference);
}

function complaintAboutFields(fields: readonly string[], { path, raw }: Reference): string | undefined {
  const [field] = path;
  if (field === undefined || fields.includes(field)) return undefined;
  if (fields.length === 0) return `${raw}: the inputs have no fields; {{input}} is all of one.`;
  const meant = didYouMean(field, fields);
  return `The inputs have no "${field}". ${meant === undefined ? `They have ${oneOf(fields.slice(0, 20))}.` : `Did you mean "${meant}"?`}`;
}
