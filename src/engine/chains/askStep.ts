import { answersJson, outputSchema } from '../../chainFile/chain.js';
import type { Json } from '../../chainFile/json.js';
import { render, type Scope, TemplateError } from '../../chainFile/template.js';
import type { Attempt, CheckResult, Message } from '../../shared/chains.js';
import type { Clock } from '../base/clock.js';
import type { Asker } from './asker.js';
import type { CheckPlan } from './checks/checkPlan.js';
import { checkByJudge, checkSimilarity, type ModelVerdict } from './checks/modelChecks.js';
import { readJson, type TextChecks, type Verdict } from './checks/textChecks.js';
import { estimateTokens } from './contextSize.js';
import type { ChatAnswer } from './ollama/client.js';
import { Refused } from './ollama/errors.js';
import type { StepPlan } from './stepPlan.js';

/** What came of one step of one row. */
export interface Outcome {
  readonly state: 'passed' | 'failed' | 'error';
  readonly reason: string | null;
  readonly output: string;
  readonly json: Json | undefined;
  readonly attempts: readonly Attempt[];
  readonly url: string;
  readonly promptTokens: number;
  readonly tokens: number;
  readonly milliseconds: number;
}

export interface StepTools {
  readonly asker: Asker;
  readonly textChecks: TextChecks;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Tokens that a model takes in, where that is known. */
  readonly contextOf: (plan: StepPlan) => number | undefined;
}

export interface StepListener {
  /** A request is on its way: what came in of an earlier one does not count any more. */
  begun(url: string): void;
  readonly text: (piece: string) => void;
}

/**
 * Asks a step and judges its answer, again with the reason where it did not pass, as often as the step allows.
 * @param messages what it is asked at first
 */
export async function askStep(
  plan: StepPlan,
  messages: readonly Message[],
  scope: Scope,
  tools: StepTools,
  listener: StepListener,
): Promise<Outcome> {
  const { clock } = tools;
  const begun = clock.now();
  const attempts: Attempt[] = [];
  const spent = { promptTokens: 0, tokens: 0 };
  let url = '';
  let sent = messages;
  const outcome = (state: Outcome['state'], reason: string | null): Outcome => {
    const output = attempts.at(-1)?.output ?? '';
    const json = state === 'error' ? undefined : readJson(output);
    return { ...{ state, reason, output, json, attempts, url }, ...spent, milliseconds: clock.now() - begun };
  };
  for (;;) {
    const tooLong = complaintAboutLength(plan, sent, tools);
    if (tooLong !== undefined) return outcome('error', tooLong);
    const asked = clock.now();
    let answer: ChatAnswer;
    try {
      answer = await tools.asker.ask(async ollama => {
        ({ url } = ollama);
        listener.begun(url);
        return await ollama.client.chat({ ...plan.request, messages: sent }, listener.text, tools.signal);
      });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return outcome('error', `Ollama: ${error.message}`);
    }
    const milliseconds = clock.now() - asked;
    tools.asker.heard(answer);
    const judged = await judge(plan, answer, scope, tools);
    spent.promptTokens += answer.promptTokens + judged.promptTokens;
    spent.tokens += answer.tokens + judged.tokens;
    const { promptTokens, tokens, tokensPerSecond } = answer;
    attempts.push({
      ...{ messages: [...sent], output: answer.text, checks: judged.checks },
      ...{ promptTokens, tokens, tokensPerSecond, milliseconds },
    });
    const reasons = judged.checks.filter(({ passed }) => !passed).map(({ detail }) => detail);
    if (reasons.length === 0) return outcome('passed', null);
    if (answer.wasCut) reasons.push('It was cut off where the limit of tokens was reached.');
    if (attempts.length > plan.retries) return outcome('failed', reasons.join(' '));
    sent = [...messages, { role: 'assistant', content: answer.text }, { role: 'user', content: feedback(reasons) }];
  }
}

function feedback(reasons: readonly string[]): string {
  const listed = reasons.map(reason => `- ${reason}`).join('\n');
  return `Your answer was not accepted:\n${listed}\n\nAnswer the request again, so that this is put right. Give nothing but the answer.`;
}

function complaintAboutLength(plan: StepPlan, messages: readonly Message[], tools: StepTools): string | undefined {
  const context = tools.contextOf(plan);
  if (context === undefined) return undefined;
  const size = estimateTokens(messages.map(({ content }) => content).join('\n'));
  return size <= context ? undefined : `The prompt has about ${size} tokens; the context takes ${context}.`;
}

interface Judged {
  readonly checks: CheckResult[];
  readonly promptTokens: number;
  readonly tokens: number;
}

/** Makes the checks of an answer: the cheap ones first, and those that ask a model only when all others passed. */
async function judge(plan: StepPlan, answer: ChatAnswer, scope: Scope, tools: StepTools): Promise<Judged> {
  const checks: CheckResult[] = [];
  const spent = { promptTokens: 0, tokens: 0 };
  const add = (words: string, { passed, detail }: Verdict) => checks.push({ check: words, passed, detail });
  const done = (): Judged => ({ checks, ...spent });
  const json = readJson(answer.text);
  const schema = outputSchema(plan.step);
  if (schema) add('answers by its schema', tools.textChecks.meets(answer.text, schema, plan.step));
  else if (answersJson(plan.step))
    add('answers in JSON', { passed: json !== undefined, detail: json === undefined ? 'It is not valid JSON.' : '' });
  if (checks.some(({ passed }) => !passed)) return done();
  const known: Scope = { ...scope, output: { text: answer.text, json } };
  const isCheap = ({ kind }: CheckPlan) => kind !== 'similar' && kind !== 'judge';
  for (const check of plan.checks.filter(isCheap))
    add(
      check.words,
      filledIn(check, known, (text, texts) => tools.textChecks.check(check, text, texts)),
    );
  for (const check of plan.checks.filter(each => !isCheap(each))) {
    if (checks.some(({ passed }) => !passed)) return done();
    const verdict = await filledIn(
      check,
      known,
      async (text, texts) => await askAbout(plan, check, text, texts, tools),
    );
    add(check.words, verdict);
    if ('tokens' in verdict) {
      spent.tokens += verdict.tokens;
      spent.promptTokens += verdict.promptTokens;
    }
  }
  return done();
}

async function askAbout(
  plan: StepPlan,
  check: CheckPlan,
  text: string,
  texts: readonly string[],
  { asker, signal }: StepTools,
): Promise<ModelVerdict> {
  try {
    if (check.kind === 'similar') return await checkSimilarity(check, text, texts, asker, signal);
    const { model, keepAlive, options } = plan.request;
    // the same answer gets the same score
    const request = { model, keepAlive, options: { ...options, temperature: 0 } };
    return await checkByJudge(check, text, texts, request, asker, signal);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { passed: false, detail: `It could not be checked: ${error.message}`, tokens: 0, promptTokens: 0 };
  }
}

/** Fills the texts of a check in; a part that the answer does not have is a reason not to pass. */
function filledIn<T>(check: CheckPlan, scope: Scope, make: (text: string, texts: readonly string[]) => T): T | Verdict {
  try {
    return make(
      render(check.of, scope),
      check.texts.map(template => render(template, scope)),
    );
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return { passed: false, detail: `It could not be checked: ${error.message}` };
  }
}
