import type { Json } from '../../chainFile/json.js';
import { type Answer, render, type Scope, TemplateError, textOf } from '../../chainFile/template.js';
import type { Message } from '../../shared/chains.js';
import type { Clock } from '../base/clock.js';
import { askStep, type Outcome } from './askStep.js';
import type { Asker } from './asker.js';
import { readJson, TextChecks } from './checks/textChecks.js';
import type { ContextOf } from './contexts.js';
import type { LiveCells } from './liveCells.js';
import type { PreparedChain } from './prepare.js';
import { hasAnswer, type ResultRecord, type StepRecord } from './results/records.js';
import type { ResultsFile } from './results/resultsFile.js';
import { type CellIndex, preview, type RunIndex } from './results/runIndex.js';
import { firstMessages, keyOf, type StepPlan } from './stepPlan.js';

/** How a step of a row came out, and its answer where it has one. */
interface StepEnd {
  readonly state: StepRecord['state'];
  /** Nothing was asked: it was there. */
  readonly isKept: boolean;
  answer(): Promise<Answer>;
}

/** What a run says of its rows. */
export interface RowOptions {
  readonly runId: string;
  readonly prepared: PreparedChain;
  readonly results: ResultsFile;
  /** Ask again also what failed its checks. */
  readonly askFailedAgain: boolean;
  readonly contextOf: ContextOf;
  readonly clock: Clock;
}

/** The run that rows belong to. */
export interface RowSurroundings {
  readonly asker: Asker;
  readonly cells: LiveCells;
  readonly signal: AbortSignal;
  /** What of the run is written down. */
  index(): RunIndex;
  /** A request goes out, to this address. */
  begun(url: string): void;
  /** Something that is shown is another. */
  changed(): void;
}

/** Asks for the steps of rows, one after the other as they need each other, and writes each answer down before it counts. */
export class RowRunner {
  private readonly textChecks = new TextChecks();

  constructor(
    private readonly options: RowOptions,
    private readonly around: RowSurroundings,
  ) {}

  /** Asks for the steps of a row; rejects when the whole run cannot go on. */
  async run(row: number, input: Json): Promise<void> {
    const ends = new Map<string, Promise<StepEnd>>();
    for (const plan of this.options.prepared.plans) {
      const end = this.runStep(plan, row, input, ends);
      // told below, when the row is put together
      end.catch(() => undefined);
      ends.set(plan.name, end);
    }
    const over = new Map<string, StepEnd>();
    for (const [name, end] of ends) over.set(name, await end);
    const all = [...over.values()];
    const known = this.around.index().rows.get(row)?.passed;
    const passed = all.every(({ state }) => state === 'passed');
    if (known === passed && all.every(({ isKept }) => isKept)) return;
    const values = await this.outputsOf(row, input, over);
    await this.options.results.append([{ kind: 'outputs', run: this.options.runId, row, passed, values }]);
    this.around.changed();
  }

  private async outputsOf(
    row: number,
    input: Json,
    over: ReadonlyMap<string, StepEnd>,
  ): Promise<Record<string, string>> {
    const values: Record<string, string> = {};
    const { outputs } = this.options.prepared;
    if (outputs.size === 0) return values;
    const steps = new Map<string, Answer>();
    for (const [name, end] of over) if (hasAnswer(end.state)) steps.set(name, await end.answer());
    for (const [name, template] of outputs) {
      try {
        values[name] = render(template, { input, row: row + 1, steps });
      } catch (error) {
        // a step that it speaks of has no answer, or is not part of this run
        if (!(error instanceof TemplateError)) throw error;
        values[name] = '';
      }
    }
    return values;
  }

  private async runStep(
    plan: StepPlan,
    row: number,
    input: Json,
    ends: ReadonlyMap<string, Promise<StepEnd>>,
  ): Promise<StepEnd> {
    const steps = new Map<string, Answer>();
    let missing: string | undefined;
    for (const name of plan.needs) {
      const end = await ends.get(name);
      if (end && hasAnswer(end.state)) steps.set(name, await end.answer());
      else missing ??= name;
    }
    const known = this.around.index().rows.get(row)?.cells.get(plan.name);
    if (missing !== undefined)
      return await this.withoutAsking(plan, row, input, 'skipped', `"${missing}" has no answer.`, known);
    const scope: Scope = { input, row: row + 1, steps };
    let messages: Message[];
    try {
      messages = firstMessages(plan, scope);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      return await this.withoutAsking(plan, row, input, 'error', error.message, known);
    }
    const key = keyOf(plan, messages, scope);
    if (known && this.counts(known, key)) return { state: known.state, isKept: true, answer: this.loader(known) };
    this.around.index().reopen(row);
    const outcome = await this.ask(plan, row, messages, scope);
    await this.write(row, input, {
      ...recordOf(outcome),
      ...{ kind: 'step', run: this.options.runId, row },
      ...this.about(plan, key),
    });
    this.around.cells.end(row, plan.name);
    this.around.changed();
    const answer: Answer = { text: outcome.output, json: outcome.json };
    return { state: outcome.state, isKept: false, answer: async () => await Promise.resolve(answer) };
  }

  /** Whether an answer that is there stands for what would be asked. */
  private counts({ key, state }: CellIndex, wanted: string): boolean {
    if (key !== wanted) return false;
    return state === 'passed' || (state === 'failed' && !this.options.askFailedAgain);
  }

  private loader(cell: CellIndex): () => Promise<Answer> {
    return async () => {
      const { output } = await this.options.results.load('step', cell);
      return { text: output, json: readJson(output) };
    };
  }

  private async withoutAsking(
    plan: StepPlan,
    row: number,
    input: Json,
    state: 'skipped' | 'error',
    reason: string,
    known: CellIndex | undefined,
  ): Promise<StepEnd> {
    const answer = async () => await Promise.resolve({ text: '' });
    if (known?.state === state && known.reason === preview(reason)) return { state, isKept: true, answer };
    const nothing = { output: '', attempts: [], url: '', promptTokens: 0, tokens: 0, milliseconds: 0 };
    const record = {
      kind: 'step',
      run: this.options.runId,
      row,
      state,
      reason,
      ...nothing,
      ...this.about(plan, ''),
    } as const;
    await this.write(row, input, record);
    this.around.changed();
    return { state, isKept: false, answer };
  }

  private about(plan: StepPlan, key: string): { step: string; at: number; key: string; model: string } {
    return { step: plan.name, at: this.options.clock.now(), key, model: plan.request.model };
  }

  private async ask(plan: StepPlan, row: number, messages: readonly Message[], scope: Scope): Promise<Outcome> {
    const { clock, contextOf } = this.options;
    const { textChecks } = this;
    const { asker, cells, signal } = this.around;
    const tools = { asker, textChecks, clock, contextOf, signal };
    try {
      return await askStep(plan, messages, scope, tools, {
        begun: url => {
          cells.begin(row, plan.name);
          this.around.begun(url);
        },
        text: piece => {
          cells.add(row, plan.name, piece);
          this.around.changed();
        },
      });
    } catch (error) {
      cells.end(row, plan.name);
      throw error;
    }
  }

  /** Writes a step down, before the first of a row also its input. */
  private async write(row: number, input: Json, record: StepRecord): Promise<void> {
    const isKnown = this.around.index().rows.get(row)?.input === preview(textOf(input));
    const first: ResultRecord[] = isKnown ? [] : [{ kind: 'row', run: this.options.runId, row, input }];
    await this.options.results.append([...first, record]);
  }
}

function recordOf(outcome: Outcome): Omit<StepRecord, 'kind' | 'run' | 'row' | 'step' | 'at' | 'key' | 'model'> {
  const { state, reason, output, attempts, url, promptTokens, tokens, milliseconds } = outcome;
  return { state, reason, output, attempts: [...attempts], url, promptTokens, tokens, milliseconds };
}
