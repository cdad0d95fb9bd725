import { type Chain, type Check, isList, type Step } from './chain.js';
import type { Path, Places, Span } from './places.js';
import { parseTemplate, type Reference, referencesOf, type Root, type Template } from './template.js';

/** A template in a chain: where it stands and what it may speak of. */
export interface TemplateUse {
  readonly path: Path;
  readonly template: Template;
  readonly references: readonly Reference[];
  readonly roots: readonly Root[];
  /** The step that it belongs to, if any. */
  readonly step: Step | undefined;
}

const IN_STEP: readonly Root[] = ['input', 'steps', 'row'];
const IN_CHECK: readonly Root[] = ['input', 'steps', 'row', 'output'];

/** Every template of a chain. */
export function templatesOf(chain: Chain): TemplateUse[] {
  const uses: TemplateUse[] = [];
  const add = (path: Path, text: string | undefined, roots: readonly Root[], step?: Step) => {
    if (text !== undefined) uses.push(use(path, text, roots, step));
  };
  add(['system'], chain.system, ['input', 'row']);
  if (chain.inputs && !isList(chain.inputs))
    add(['inputs', 'generate', 'prompt'], chain.inputs.generate?.prompt, ['count']);
  for (const [index, step] of chain.steps.entries()) {
    add(['steps', index, 'prompt'], step.prompt, IN_STEP, step);
    add(['steps', index, 'system'], step.system, IN_STEP, step);
    for (const [number, check] of (step.checks ?? []).entries())
      for (const [field, text] of textsOf(check))
        add(['steps', index, 'checks', number, ...field], text, IN_CHECK, step);
  }
  for (const [name, text] of Object.entries(chain.outputs ?? {})) add(['outputs', name], text, IN_STEP);
  return uses;
}

/** The texts of a check that may use what is known, each with where it stands. */
export function textsOf(check: Check): [Path, string][] {
  const texts: [Path, string][] = [];
  const add = (path: Path, text: unknown) => {
    if (typeof text === 'string') texts.push([path, text]);
  };
  for (const field of ['contains', 'notContains'] as const) {
    const wanted = check[field];
    if (Array.isArray(wanted))
      for (const [index, text] of (wanted as readonly string[]).entries()) add([field, index], text);
    else add([field], wanted);
  }
  add(['equals'], check.equals);
  add(['similar', 'to'], check.similar?.to);
  add(['judge', 'prompt'], check.judge?.prompt);
  add(['of'], check.of);
  return texts;
}

function use(path: Path, text: string, roots: readonly Root[], step: Step | undefined): TemplateUse {
  const template = parseTemplate(text);
  return { path, template, roots, step, references: referencesOf(template) };
}

/** Where something that a template says stands in the file. */
export function placeOf(
  { path, references, template }: TemplateUse,
  said: { raw: string; start: number },
  places: Places,
): Span {
  const before = [...references, ...template.problems].filter(
    ({ raw, start }) => raw === said.raw && start < said.start,
  );
  return places.within(path, said.raw, before.length);
}
