import { type Chain, isList } from './chain.js';
import { inputFieldProblems } from './inputFields.js';
import type { Json } from './json.js';
import type { Places } from './places.js';
import type { Problem } from './problem.js';
import { readInputs } from './readInputs.js';
import { templatesOf } from './templateUses.js';

/** The file that a chain takes its inputs from, as it is written there. */
export function inputFileOf({ inputs }: Chain): string | undefined {
  return inputs && !isList(inputs) ? inputs.file : undefined;
}

/** Something about the input file, at the place where the chain names it. */
export function inputFileProblem(message: string, places: Places): Problem {
  return { ...places.value(['inputs', 'file']), severity: 'error', message };
}

/** The inputs in the text of the input file, or what is wrong with it or with the templates that use it. */
export function inputsFromText(
  chain: Chain,
  text: string,
  places: Places,
): { readonly inputs: Json[] } | { readonly problems: readonly Problem[] } {
  const { inputs: source } = chain;
  if (!source || isList(source) || source.file === undefined) return { inputs: [] };
  const read = readInputs(text, source);
  if ('problem' in read) {
    const where = read.line === undefined ? '' : `, line ${read.line}`;
    return { problems: [inputFileProblem(`${source.file}${where}: ${read.problem}`, places)] };
  }
  const problems = inputFieldProblems(chain, templatesOf(chain), read.inputs, places);
  return problems.length > 0 ? { problems } : read;
}
