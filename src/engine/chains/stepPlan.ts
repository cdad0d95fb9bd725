import { createHash } from 'node:crypto';
import { answersJson, type Chain, outputSchema, type Step } from '../../chainFile/chain.js';
import type { JsonObject } from '../../chainFile/json.js';
import { dependenciesOf, stepOrder } from '../../chainFile/stepOrder.js';
import { parseTemplate, render, type Scope, type Template, TemplateError } from '../../chainFile/template.js';
import type { Message } from '../../shared/chains.js';
import { type CheckPlan, planCheck } from './checks/checkPlan.js';
import type { ChatRequest } from './ollama/client.js';

/** A step, ready to be asked for any input. */
export interface StepPlan {
  readonly step: Step;
  readonly name: string;
  /** Names of the steps whose answers it uses. */
  readonly needs: ReadonlySet<string>;
  readonly checks: readonly CheckPlan[];
  /** Everything of the request but its messages. */
  readonly request: Omit<ChatRequest, 'messages'>;
  readonly prompt: Template;
  readonly system: Template | undefined;
  readonly retries: number;
}

/** The steps of a chain in the order in which they are asked. */
export function planSteps(chain: Chain): StepPlan[] {
  const dependencies = dependenciesOf(chain);
  return stepOrder(chain).map(step => planStep(chain, step, dependencies.get(step.name) ?? new Set()));
}

/** The first messages of a step for one input. Throws a TemplateError where something of it is missing. */
export function firstMessages({ system, prompt }: StepPlan, scope: Scope): Message[] {
  const user: Message = { role: 'user', content: render(prompt, scope) };
  if (!system) return [user];
  return [{ role: 'system', content: render(system, scope) }, user];
}

/** What a step asks and how its answer is judged, as a short text: the same answers can stand for the same key. */
export function keyOf({ request, checks, retries }: StepPlan, messages: readonly Message[], scope: Scope): string {
  const judged = checks.map(({ check, of, texts }) => [
    check,
    [of, ...texts].map(template => renderKnown(template, scope)),
  ]);
  const content = JSON.stringify([request, messages, judged, retries]);
  return createHash('sha256').update(content).digest('hex').slice(0, 24);
}

/** What a text says as far as it is known before there is an answer; what is missing shows when the check is made. */
function renderKnown({ parts }: Template, scope: Scope): string {
  const known = parts.filter(part => typeof part === 'string' || part.root !== 'output');
  try {
    return render({ parts: known, problems: [] }, scope);
  } catch (error) {
    if (error instanceof TemplateError) return error.message;
    throw error;
  }
}

function planStep(chain: Chain, step: Step, needs: ReadonlySet<string>): StepPlan {
  const system = step.system ?? chain.system;
  const options: JsonObject | undefined =
    chain.options || step.options ? { ...chain.options, ...step.options } : undefined;
  return {
    ...{ step, needs, name: step.name, retries: step.retries ?? 0 },
    checks: (step.checks ?? []).map(planCheck),
    request: {
      model: step.model ?? chain.model,
      options,
      format: outputSchema(step) ?? (answersJson(step) ? 'json' : undefined),
      think: step.think ?? chain.think,
      keepAlive: chain.keepAlive,
    },
    prompt: parseTemplate(step.prompt),
    system: system === undefined ? undefined : parseTemplate(system),
  };
}
