import type { PreparedChain } from './prepare.js';
import { chainInvalid } from './prepare.js';
import { TemplateError } from '../../chainFile/template.js';
import { estimateTokens } from './contextSize.js';
import type { OllamaClient } from './ollama/client.js';
import { Refused } from './ollama/errors.js';
import { firstMessages, type StepPlan } from './stepPlan.js';

/** How many tokens a step's model takes in; undefined where nobody says. */
export type ContextOf = (plan: StepPlan) => number | undefined;

/** Asks an Ollama for the contexts of the models of some steps. */
export async function readContexts(
  client: OllamaClient,
  plans: readonly StepPlan[],
  signal: AbortSignal,
): Promise<ContextOf> {
  const lengths = new Map<string, number | undefined>();
  for (const model of new Set(plans.map(({ request }) => request.model)))
    lengths.set(model, await contextLength(client, model, signal));
  return ({ request: { model, options } }) => {
    const chosen = options?.['num_ctx'];
    const own = lengths.get(model);
    if (typeof chosen !== 'number') return own;
    return own === undefined ? chosen : Math.min(chosen, own);
  };
}

/** Throws `chainInvalid` for the first prompt that is known already and is more than its model takes in. */
export function checkPromptSizes(prepared: PreparedChain, contextOf: ContextOf): void {
  const { path, chain, parsed, plans, inputs = [] } = prepared;
  for (const plan of plans) {
    const context = contextOf(plan);
    // what other steps answer shows only when they have
    if (context === undefined || plan.needs.size > 0) continue;
    for (const [row, input] of inputs.entries()) {
      const size = sizeOf(plan, { input, row: row + 1 });
      if (size === undefined || size <= context) continue;
      const index = chain.steps.indexOf(plan.step);
      throw chainInvalid(path, parsed, [
        {
          ...parsed.places.key(['steps', index, 'prompt']),
          severity: 'error',
          message: `With input ${row + 1} the prompt of "${plan.name}" has about ${size} tokens; the context takes ${context}.`,
        },
      ]);
    }
  }
}

function sizeOf(plan: StepPlan, scope: Parameters<typeof firstMessages>[1]): number | undefined {
  try {
    return estimateTokens(
      firstMessages(plan, scope)
        .map(({ content }) => content)
        .join('\n'),
    );
  } catch (error) {
    // the row will tell
    if (error instanceof TemplateError) return undefined;
    throw error;
  }
}

async function contextLength(client: OllamaClient, model: string, signal: AbortSignal): Promise<number | undefined> {
  try {
    return (await client.show(model, signal)).contextLength;
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}
