import { isSameModel } from './ollama/client.js';
import { generatorOf } from './generateInputs.js';
import type { PreparedChain } from './prepare.js';

/** The models that a chain needs and an Ollama does not have. */
export function missingModels({ chain, plans, inputs }: PreparedChain, there: readonly string[]): string[] {
  const needed = plans.flatMap(({ request, checks }) => [
    request.model,
    ...checks.flatMap(({ check }) => [check.similar?.model ?? check.judge?.model ?? []].flat()),
  ]);
  const generator = inputs ? undefined : generatorOf(chain);
  if (generator) needed.push(generator.model ?? chain.model);
  return [...new Set(needed)].filter(model => !there.some(other => isSameModel(model, other)));
}
