import {
  answersJson,
  type Chain,
  CHECK_KINDS,
  isList,
  MOST_INPUTS,
  outputSchema,
  sizeOf,
  sourceOf,
  type Step,
} from './chain.js';
import { inputFieldProblems } from './inputFields.js';
import type { JsonObject } from './json.js';
import { schemaComplaint } from './jsonSchema.js';
import type { Path, Places } from './places.js';
import { didYouMean, oneOf, type Problem } from './problem.js';
import { schemaAt } from './schema.js';
import { findCycle } from './stepOrder.js';
import type { Reference } from './template.js';
import { placeOf, templatesOf, type TemplateUse } from './templateUses.js';

/** What is wrong with a chain whose shape is right: names that nothing has, circles, expressions that are none. */
export function chainProblems(chain: Chain, places: Places): Problem[] {
  const uses = templatesOf(chain);
  return [
    ...sourceProblems(chain, places),
    ...optionProblems(chain, places),
    ...chain.steps.flatMap((step, index) => stepProblems(chain, step, index, places)),
    ...uses.flatMap(use => templateProblems(chain, use, places)),
    ...inputFieldProblems(chain, uses, knownInputs(chain), places),
    ...cycleProblems(chain, places),
  ];
}

/** The inputs, where the file itself has them. */
function knownInputs({ inputs }: Chain): readonly unknown[] | undefined {
  return inputs !== undefined && isList(inputs) ? inputs : undefined;
}

function sourceProblems(chain: Chain, places: Places): Problem[] {
  const { inputs } = chain;
  if (inputs === undefined || isList(inputs)) return [];
  const sources = (['file', 'product', 'generate'] as const).filter(name => inputs[name] !== undefined);
  const problem = (message: string, path: Path): Problem => ({ ...places.key(path), severity: 'error', message });
  if (sources.length !== 1)
    return [problem('Inputs are a list, or come from one of "file", "product" or "generate".', ['inputs'])];
  const problems: Problem[] = [];
  for (const name of ['format', 'delimiter'] as const)
    if (inputs[name] !== undefined && sourceOf(chain) !== 'file')
      problems.push(problem(`"${name}" is for inputs from a "file".`, ['inputs', name]));
  if (inputs.product && sizeOf(inputs.product) > MOST_INPUTS)
    problems.push(
      problem(`These are ${sizeOf(inputs.product)} combinations; ${MOST_INPUTS} are the most.`, ['inputs', 'product']),
    );
  return problems;
}

/** Ollama leaves out options that it does not know without a word. */
function optionProblems(chain: Chain, places: Places): Problem[] {
  const known = Object.keys((schemaAt('#/definitions/options')?.['properties'] ?? {}) as JsonObject);
  const all: [JsonObject | undefined, Path][] = [
    [chain.options, ['options']],
    ...chain.steps.map((step, index): [JsonObject | undefined, Path] => [step.options, ['steps', index, 'options']]),
  ];
  return all.flatMap(([options, path]) =>
    Object.keys(options ?? {})
      .filter(name => !known.includes(name))
      .map((name): Problem => {
        const meant = didYouMean(name, known);
        const hint = meant === undefined ? '' : ` Did you mean "${meant}"?`;
        return {
          ...places.key([...path, name]),
          severity: 'warning',
          message: `"${name}" is no option of Ollama that is known here.${hint}`,
        };
      }),
  );
}

function stepProblems(chain: Chain, step: Step, index: number, places: Places): Problem[] {
  const path: Path = ['steps', index];
  const problems: Problem[] = [];
  const report = (message: string, at: Path) => problems.push({ ...places.value(at), severity: 'error', message });
  if (chain.steps.findIndex(other => other.name === step.name) !== index)
    report(`Another step is called "${step.name}" already.`, [...path, 'name']);
  const schema = outputSchema(step);
  if (schema) checkSchema(schema, [...path, 'output', 'schema'], report);
  for (const [number, check] of (step.checks ?? []).entries()) {
    const at: Path = [...path, 'checks', number];
    const kinds = CHECK_KINDS.filter(kind => check[kind] !== undefined);
    if (kinds.length === 0) report(`A check is one of ${oneOf(CHECK_KINDS)}.`, at);
    if (kinds.length > 1)
      report(`This is ${kinds.length} checks in one; begin another with "-" before "${kinds[1] ?? ''}".`, [
        ...at,
        kinds[1] ?? '',
      ]);
    if (check.matches !== undefined) {
      const complaint = expressionComplaint(check.matches);
      if (complaint !== undefined) report(complaint, [...at, 'matches']);
    }
    if (check.schema) checkSchema(check.schema, [...at, 'schema'], report);
    const { min, max } = check.length ?? {};
    if (min !== undefined && max !== undefined && min > max)
      report('"min" is more than "max".', [...at, 'length', 'min']);
  }
  return problems;
}

function checkSchema(schema: JsonObject, path: Path, report: (message: string, at: Path) => void): void {
  const complaint = schemaComplaint(schema);
  if (complaint !== undefined) report(complaint, path);
}

function expressionComplaint(expression: string): string | undefined {
  try {
    new RegExp(expression, 'u');
    return undefined;
  } catch (error) {
    return `This is no regular expression: ${error instanceof Error ? error.message.replace(/^.*: /, '') : String(error)}.`;
  }
}

function templateProblems(chain: Chain, use: TemplateUse, places: Places): Problem[] {
  const report = (said: { raw: string; start: number }, message: string | undefined): Problem[] =>
    message === undefined ? [] : [{ ...placeOf(use, said, places), severity: 'error', message }];
  return [
    ...use.template.problems.flatMap(problem => report(problem, problem.message)),
    ...use.references.flatMap(reference => report(reference, complaintAbout(chain, use, reference))),
  ];
}

function complaintAbout(chain: Chain, use: TemplateUse, reference: Reference): string | undefined {
  const { root, raw, step: name } = reference;
  if (!use.roots.includes(root)) return `${raw} means nothing here; here may be ${oneOf(use.roots)}.`;
  if (root === 'output') return jsonComplaint(use.step, reference, 'the answer');
  if (root !== 'steps') return undefined;
  const step = chain.steps.find(other => other.name === name);
  if (!step) {
    const names = chain.steps.map(other => other.name);
    const meant = didYouMean(name ?? '', names);
    return `There is no step "${name ?? ''}".${meant === undefined ? '' : ` Did you mean "${meant}"?`}`;
  }
  if (step === use.step) return `The step "${step.name}" cannot use its own answer.`;
  return jsonComplaint(step, reference, `the answer of "${step.name}"`);
}

/** Whether a path can be one into the JSON of an answer. */
function jsonComplaint(step: Step | undefined, { json, path, raw }: Reference, whose: string): string | undefined {
  if (!json || !step) return undefined;
  const checkedSchema = step.checks?.find(check => check.schema && check.of === undefined)?.schema;
  if (!answersJson(step) && !checkedSchema)
    return `${raw}: ${whose} is text; give the step "output: json" or a schema.`;
  let schema: JsonObject | undefined = outputSchema(step) ?? checkedSchema;
  for (const segment of path) {
    const { properties, additionalProperties, items }: JsonObject = schema ?? {};
    const fields = properties as JsonObject | undefined;
    if (
      fields &&
      !Object.hasOwn(fields, segment) &&
      (additionalProperties === undefined || additionalProperties === false)
    )
      return `${raw}: by its schema ${whose} has no "${segment}"${Object.keys(fields).length > 0 ? `, but ${oneOf(Object.keys(fields))}` : ''}.`;
    schema = (fields?.[segment] ?? (/^\d+$/.test(segment) ? items : undefined)) as JsonObject | undefined;
  }
  return undefined;
}

function cycleProblems(chain: Chain, places: Places): Problem[] {
  const cycle = findCycle(chain);
  if (!cycle) return [];
  const index = chain.steps.findIndex(step => step.name === cycle[0]);
  return [
    {
      ...places.value(['steps', index, 'name']),
      severity: 'error',
      message: `These steps wait for each other: ${[...cycle, cycle[0]].join(' → ')}.`,
    },
  ];
}
