import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { type Chain, combinations, isList, sourceOf } from '../../chainFile/chain.js';
import { inputFileOf, inputFileProblem, inputsFromText } from '../../chainFile/fileInputs.js';
import type { Json } from '../../chainFile/json.js';
import { LONGEST_FILE, type ParsedChain, parseChain } from '../../chainFile/parseChain.js';
import type { Problem } from '../../chainFile/problem.js';
import { neededFor } from '../../chainFile/stepOrder.js';
import { parseTemplate, type Template } from '../../chainFile/template.js';
import { CHAIN_FILE } from '../../shared/chains.js';
import { SparkError } from '../../shared/errors.js';
import { planSteps, type StepPlan } from './stepPlan.js';

const LONGEST_INPUTS = 64 * 1024 * 1024;

/** A chain with everything that can be known of it before a model is asked. */
export interface PreparedChain {
  readonly path: string;
  readonly name: string;
  readonly chain: Chain;
  readonly parsed: ParsedChain;
  /** The steps that are run, in order. */
  readonly plans: readonly StepPlan[];
  readonly outputs: ReadonlyMap<string, Template>;
  /** Undefined where a prompt has yet to come up with them. */
  readonly inputs: readonly Json[] | undefined;
}

export interface PrepareOptions {
  readonly path: string;
  /** What lies outside of it is asked about. */
  readonly folder: string;
  readonly first: number | undefined;
  /** Only this step, and what it needs. */
  readonly step: string | undefined;
  /** Resolves when the user lets a file outside of the folder be read; rejects otherwise. */
  readonly mayRead: (file: string) => Promise<void>;
}

/** Reads a chain and its inputs. Rejects with `chainInvalid`, with the first line that is wrong. */
export async function prepareChain(options: PrepareOptions): Promise<PreparedChain> {
  const { path, first, step } = options;
  const parsed = parseChain(await readText(path, LONGEST_FILE + 1, path));
  const { chain } = parsed;
  if (!chain) throw chainInvalid(path, parsed, parsed.problems);
  if (step !== undefined && !chain.steps.some(({ name }) => name === step))
    throw new SparkError({ code: 'chainInvalid', message: `${basename(path)} has no step "${step}".` });
  const wanted = step === undefined ? undefined : neededFor(chain, step);
  const inputs = await inputsOf(chain, parsed, options);
  return {
    ...{ path, chain, parsed },
    name: chain.name ?? basename(path).replace(CHAIN_FILE, ''),
    plans: planSteps(chain).filter(({ name }) => wanted?.has(name) ?? true),
    outputs: new Map(Object.entries(chain.outputs ?? {}).map(([name, text]) => [name, parseTemplate(text)])),
    inputs: inputs?.slice(0, first),
  };
}

/** A chain that cannot run, told by the first of its errors. */
export function chainInvalid(path: string, { lines }: ParsedChain, problems: readonly Problem[]): SparkError {
  const errors = problems.filter(({ severity }) => severity === 'error').sort((a, b) => a.start - b.start);
  const [firstError] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const line = firstError ? lines.position(firstError.start).line + 1 : 1;
  return new SparkError({
    code: 'chainInvalid',
    message: `${basename(path)}, line ${line}: ${firstError?.message ?? 'This cannot be read.'}${more}`,
    hint: 'Nothing was asked. Put the file right and run it again.',
  });
}

async function inputsOf(chain: Chain, parsed: ParsedChain, options: PrepareOptions): Promise<Json[] | undefined> {
  const { inputs } = chain;
  switch (sourceOf(chain)) {
    case 'none':
      return [''];
    case 'generate':
      return undefined;
    case 'list':
      return [...(inputs as readonly Json[])];
    case 'product':
      return inputs && !isList(inputs) ? [...combinations(inputs.product ?? {})] : [];
    case 'file':
      return await inputsOfFile(chain, parsed, options);
  }
}

async function inputsOfFile(chain: Chain, parsed: ParsedChain, options: PrepareOptions): Promise<Json[]> {
  const { path, folder, mayRead } = options;
  const name = inputFileOf(chain);
  if (name === undefined) return [];
  const invalid = (message: string) => chainInvalid(path, parsed, [inputFileProblem(message, parsed.places)]);
  const file = resolve(dirname(path), name);
  let real: string;
  let isOutside: boolean;
  try {
    real = await realpath(file);
    isOutside = !isWithin(await realpath(folder), real);
  } catch {
    throw invalid(`The file ${name} is not there.`);
  }
  if (isOutside) await mayRead(real);
  let text: string;
  try {
    text = await readText(real, LONGEST_INPUTS, name);
  } catch (error) {
    throw invalid(SparkError.toInfo(error).message);
  }
  const read = inputsFromText(chain, text, parsed.places);
  if ('problems' in read) throw chainInvalid(path, parsed, read.problems);
  return read.inputs;
}

function isWithin(folder: string, file: string): boolean {
  const way = relative(folder, file);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** The text of an ordinary file of a size that makes sense. */
async function readText(path: string, limit: number, name: string): Promise<string> {
  const fail = (reason: string) =>
    new SparkError({ code: 'chainInvalid', message: `${name} cannot be read: ${reason}.` });
  try {
    // opening a pipe must not wait for somebody to write
    const flags = constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0);
    const handle = await open(path, flags);
    try {
      const found = await handle.stat();
      if (!found.isFile()) throw fail('it is no ordinary file');
      if (found.size > limit) throw fail(`it is larger than ${Math.floor(limit / 1024 / 1024)} MiB`);
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw SparkError.is(error) ? error : fail(error instanceof Error ? error.message : String(error));
  }
}
