import * as v from 'valibot';
import { BEST_SCORE, DEFAULT_SCORE, DEFAULT_SIMILARITY } from '../../../chainFile/chain.js';
import type { JsonObject } from '../../../chainFile/json.js';
import type { Message } from '../../../shared/chains.js';
import type { Asker } from '../asker.js';
import type { ChatAnswer, ChatRequest } from '../ollama/client.js';
import type { CheckPlan } from './checkPlan.js';
import { readJson, type Verdict } from './textChecks.js';

const JUDGEMENT: JsonObject = {
  type: 'object',
  required: ['score', 'reason'],
  properties: { score: { type: 'number', minimum: 0, maximum: BEST_SCORE }, reason: { type: 'string' } },
};
/** Ollama keeps a model to the form of a schema, not to the range of its numbers: 85 would be of a hundred. */
const judgementSchema = v.object({
  score: v.pipe(v.number(), v.minValue(0), v.maxValue(BEST_SCORE)),
  reason: v.optional(v.string(), ''),
});
const JUDGE_SYSTEM = `You judge answers. Give a score from 0 (useless) to ${BEST_SCORE} (perfect) and the reason in one sentence, as JSON: {"score": number, "reason": string}.`;
/** A judge that does not keep to its form is asked once more. */
const JUDGE_TRIES = 2;

/** A verdict, and what it cost. */
export interface ModelVerdict extends Verdict {
  readonly tokens: number;
  readonly promptTokens: number;
}

/** Whether an answer means about the same as a text. */
export async function checkSimilarity(
  plan: CheckPlan,
  text: string,
  [to = '']: readonly string[],
  asker: Asker,
  signal: AbortSignal,
): Promise<ModelVerdict> {
  const { model = '', threshold = DEFAULT_SIMILARITY } = plan.check.similar ?? {};
  const [a = [], b = []] = await asker.ask(async ({ client }) => await client.embed(model, [text, to], signal));
  const similarity = cosine(a, b);
  const detail = `Its similarity is ${similarity.toFixed(2)}, ${similarity >= threshold ? '' : 'but must be '}at least ${threshold}.`;
  return { passed: similarity >= threshold, detail, tokens: 0, promptTokens: 0 };
}

/** What a model thinks of an answer. */
export async function checkByJudge(
  plan: CheckPlan,
  text: string,
  [prompt = '']: readonly string[],
  request: Omit<ChatRequest, 'messages' | 'format'>,
  asker: Asker,
  signal: AbortSignal,
): Promise<ModelVerdict> {
  const { model = request.model, threshold = DEFAULT_SCORE } = plan.check.judge ?? {};
  // an answer that was not put into the prompt stands below it
  const isInside = plan.texts.some(({ parts }) =>
    parts.some(part => typeof part !== 'string' && part.root === 'output'),
  );
  const question = isInside ? prompt : `${prompt}\n\nThe answer to judge:\n\n${text}`;
  const messages: Message[] = [
    { role: 'system', content: JUDGE_SYSTEM },
    { role: 'user', content: question },
  ];
  const spent = { tokens: 0, promptTokens: 0 };
  for (let attempt = 0; attempt < JUDGE_TRIES; attempt++) {
    const answer: ChatAnswer = await asker.ask(
      async ({ client }) =>
        await client.chat({ ...request, model, messages, format: JUDGEMENT }, () => undefined, signal),
    );
    spent.tokens += answer.tokens;
    spent.promptTokens += answer.promptTokens;
    const read = v.safeParse(judgementSchema, readJson(answer.text));
    if (!read.success) continue;
    const { score, reason } = read.output;
    const passed = score >= threshold;
    const why = reason === '' ? '' : ` ${reason.slice(0, 500)}`;
    return {
      passed,
      detail: `The judge gave it ${score} of ${BEST_SCORE}${passed ? '' : `, but ${threshold} is needed`}.${why}`,
      ...spent,
    };
  }
  return { passed: false, detail: 'The judge gave no score.', ...spent };
}

function cosine(a: readonly number[], b: readonly number[]): number {
  let dot = 0;
  let lengthA = 0;
  let lengthB = 0;
  for (const [index, x] of a.entries()) {
    const y = b[index] ?? 0;
    dot += x * y;
    lengthA += x * x;
    lengthB += y * y;
  }
  return lengthA > 0 && lengthB > 0 ? dot / Math.sqrt(lengthA * lengthB) : 0;
}
