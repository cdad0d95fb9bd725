import { DEFAULT_CONCURRENCY } from '../../chainFile/chain.js';
import type { Json } from '../../chainFile/json.js';
import { render, type Answer, type Scope, TemplateError, textOf } from '../../chainFile/template.js';
import type { Message, RowView, RunState, RunSummary, RunView } from '../../shared/chains.js';
import { SparkError } from '../../shared/errors.js';
import type { Clock } from '../base/clock.js';
import { Abandoned } from './abandoned.js';
import { askStep, type Outcome } from './askStep.js';
import { Asker } from './asker.js';
import { readJson, TextChecks } from './checks/textChecks.js';
import type { ContextOf } from './contexts.js';
import type { ChainSurroundings, Way } from './endpoints.js';
import { Gate } from './gate.js';
import { generateInputs, generatorKey, generatorOf } from './generateInputs.js';
import { LiveCells } from './liveCells.js';
import type { PreparedChain } from './prepare.js';
import { hasAnswer, type ResultRecord, type StepRecord } from './results/records.js';
import type { ResultsFile } from './results/resultsFile.js';
import { type CellIndex, preview, type RunIndex } from './results/runIndex.js';
import { Slots } from './slots.js';
import { firstMessages, keyOf, type StepPlan } from './stepPlan.js';
import { rowView, runView } from './views.js';
import { WorkTime } from './workTime.js';

export interface RunOptions {
  readonly runId: string;
  readonly prepared: PreparedChain;
  /** `auto`, `local`, `dgx` or an address. */
  readonly endpoint: string;
  readonly first: number | null;
  readonly step: string | null;
  readonly results: ResultsFile;
  /** It goes on with what is in the results. */
  readonly isContinued: boolean;
  /** Ask again also what failed its checks. */
  readonly askFailedAgain: boolean;
  readonly contextOf: ContextOf;
  readonly around: ChainSurroundings;
  readonly clock: Clock;
  /** Where its requests go at first. */
  readonly url: string;
  readonly way: Way | undefined;
  readonly onDidChange: (run: ChainRun) => void;
}

/** How a step of a row came out, and its answer where it has one. */
interface StepEnd {
  readonly state: StepRecord['state'];
  /** Nothing was asked: it was there. */
  readonly isKept: boolean;
  answer(): Promise<Answer>;
}

/**
 * One run of a chain: asks for each row its steps, several rows at a time, and writes each answer down before it
 * counts. What the results have already is not asked again.
 */
export class ChainRun {
  private readonly controller = new AbortController();
  private readonly asker: Asker;
  private readonly textChecks = new TextChecks();
  private readonly cells: LiveCells;
  private readonly time: WorkTime;
  private state: RunState = 'starting';
  private reason: string | null = null;
  private url: string;
  private revision = 0;
  private inputs: readonly Json[] | undefined;
  private work: Promise<void> | undefined;

  constructor(private readonly options: RunOptions) {
    const { clock, around, endpoint, way, prepared } = options;
    const { signal } = this.controller;
    this.url = options.url;
    this.cells = new LiveCells(clock);
    this.time = new WorkTime(clock);
    const onWait = (reason: string | undefined) => {
      this.wait(reason);
    };
    const gate = new Gate({ endpoint, around, clock, signal, onWait }, way?.id);
    this.asker = new Asker(gate, new Slots(prepared.chain.concurrency ?? DEFAULT_CONCURRENCY), clock, signal);
  }

  get runId(): string {
    return this.options.runId;
  }

  get path(): string {
    return this.options.prepared.path;
  }

  /** Whether somebody who starts the same means this run. */
  isAlike(endpoint: string, first: number | null, step: string | null): boolean {
    const { options } = this;
    return options.endpoint === endpoint && options.first === first && options.step === step;
  }

  /** Writes down that it begins, and goes to work. Rejects with `resultsUnwritable`. */
  async begin(): Promise<void> {
    const { prepared, runId, results, endpoint, url, way, first, step, isContinued, clock } = this.options;
    this.inputs = prepared.inputs;
    await results.append([
      {
        ...{ kind: 'run', run: runId, at: clock.now(), chain: prepared.name, endpoint, url },
        connection: way ? { id: way.id, name: way.name } : null,
        model: prepared.chain.model,
        steps: prepared.plans.map(({ name }) => name),
        outputs: [...prepared.outputs.keys()],
        ...{ first, step, continued: isContinued },
        rows: prepared.inputs?.length ?? null,
      },
    ]);
    this.time.start();
    this.setState('running');
    this.work = this.runRows();
    // whoever waits for the end hears of it
    this.work.catch(() => undefined);
  }

  /** Resolves when everything was asked. Rejects with `cancelled`, or with what stopped it. */
  async ended(): Promise<RunSummary> {
    await this.work;
    const { rows, tokens, seconds } = this.view();
    const { passed, failed } = rows;
    return { runId: this.runId, passed, failed, tokens: tokens.answer, promptTokens: tokens.prompt, seconds };
  }

  /** Ends it at once. */
  async cancel(): Promise<void> {
    this.controller.abort(new SparkError({ code: 'cancelled', message: 'The run was cancelled.' }));
    await this.work?.catch(() => undefined);
  }

  /** The engine ends: it is left as it is, to be gone on with. */
  async abandon(): Promise<void> {
    this.controller.abort(new Abandoned('The engine ended.'));
    await this.work?.catch(() => undefined);
  }

  view(): RunView {
    const { path, state, reason, url, revision } = this;
    const view = runView(path, this.index);
    const total = this.inputs?.length ?? view.rows.total;
    return {
      ...view,
      ...{ state, reason, url, revision },
      rows: { ...view.rows, total },
      cells: { ...view.cells, total: total * view.steps.length },
      seconds: this.index.secondsBefore + (this.index.end ? 0 : this.time.seconds),
    };
  }

  row(row: number): RowView {
    const input = this.inputs?.[row];
    return rowView(this.index, row, this.cells.viewsOf(row), input === undefined ? undefined : preview(textOf(input)));
  }

  /** What has come in of an answer; undefined where none is on its way. */
  incoming(row: number, step: string): string | undefined {
    return this.cells.textOf(row, step);
  }

  inputOf(row: number): Json | undefined {
    return this.inputs?.[row];
  }

  private get index(): RunIndex {
    const index = this.options.results.runs.get(this.runId);
    if (index) return index;
    throw new SparkError({
      code: 'resultsUnwritable',
      message: 'The results file was emptied while the run was under way.',
    });
  }

  private async runRows(): Promise<void> {
    try {
      const inputs = this.inputs ?? (await this.generate());
      this.inputs = inputs;
      let next = 0;
      const worker = async () => {
        for (let row = next++; row < inputs.length; row = next++) await this.runRow(row, inputs[row] ?? '');
      };
      // while one row writes its answer down another one is asked for
      const { concurrency = DEFAULT_CONCURRENCY } = this.options.prepared.chain;
      await this.together(Array.from({ length: Math.min(inputs.length, concurrency * 2 + 1) }, worker));
      await this.end('done', null);
    } catch (error) {
      if (error instanceof Abandoned) throw new SparkError({ code: 'cancelled', message: error.message });
      const isCancelled = SparkError.is(error, 'cancelled');
      const info = SparkError.toInfo(error);
      await this.end(isCancelled ? 'cancelled' : 'stopped', isCancelled ? null : info.message).catch(() => undefined);
      throw SparkError.is(error) ? error : new SparkError(info);
    }
  }

  /** The first that fails ends the others; resolves or rejects when all are over. */
  private async together(workers: readonly Promise<void>[]): Promise<void> {
    const { signal } = this.controller;
    await Promise.all(
      workers.map(async worker => {
        await worker.catch((error: unknown) => {
          this.controller.abort(error);
        });
      }),
    );
    signal.throwIfAborted();
  }

  private async end(state: 'done' | 'cancelled' | 'stopped', reason: string | null): Promise<void> {
    const { results, runId, clock } = this.options;
    this.time.stop();
    this.state = state;
    this.reason = reason;
    try {
      await results.append([{ kind: 'end', run: runId, at: clock.now(), state, reason, seconds: this.time.seconds }]);
    } finally {
      await results.close();
      this.setState(state, reason);
    }
  }

  private async generate(): Promise<readonly Json[]> {
    const { prepared, results, first, runId } = this.options;
    const { chain } = prepared;
    const generator = generatorOf(chain);
    if (!generator) return [];
    const key = generatorKey(chain, generator);
    const known = this.index.inputs;
    if (known?.key === key) return (await results.load('inputs', known)).inputs.slice(0, first ?? undefined);
    const made = await generateInputs(chain, generator, this.asker, this.controller.signal);
    await results.append([{ kind: 'inputs', run: runId, key, ...made }]);
    return made.inputs.slice(0, first ?? undefined);
  }

  private async runRow(row: number, input: Json): Promise<void> {
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
    const known = this.index.rows.get(row)?.passed;
    const passed = all.every(({ state }) => state === 'passed');
    if (known === passed && all.every(({ isKept }) => isKept)) return;
    const values = await this.outputsOf(row, input, over);
    await this.options.results.append([{ kind: 'outputs', run: this.runId, row, passed, values }]);
    this.changed();
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
    const known = this.index.rows.get(row)?.cells.get(plan.name);
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
    this.index.reopen(row);
    const outcome = await this.ask(plan, row, messages, scope);
    await this.write(row, input, {
      ...recordOf(outcome),
      ...{ kind: 'step', run: this.runId, row },
      ...this.about(plan, key),
    });
    this.cells.end(row, plan.name);
    this.changed();
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
    const record = { kind: 'step', run: this.runId, row, state, reason, ...nothing, ...this.about(plan, '') } as const;
    await this.write(row, input, record);
    this.changed();
    return { state, isKept: false, answer };
  }

  private about(plan: StepPlan, key: string): { step: string; at: number; key: string; model: string } {
    return { step: plan.name, at: this.options.clock.now(), key, model: plan.request.model };
  }

  private async ask(plan: StepPlan, row: number, messages: readonly Message[], scope: Scope): Promise<Outcome> {
    const { clock, contextOf } = this.options;
    const { asker, textChecks, cells } = this;
    const tools = { asker, textChecks, clock, contextOf, signal: this.controller.signal };
    try {
      return await askStep(plan, messages, scope, tools, {
        begun: url => {
          this.url = url;
          cells.begin(row, plan.name);
          this.changed();
        },
        text: piece => {
          cells.add(row, plan.name, piece);
          this.changed();
        },
      });
    } catch (error) {
      cells.end(row, plan.name);
      throw error;
    }
  }

  /** Writes a step down, before the first of a row also its input. */
  private async write(row: number, input: Json, record: StepRecord): Promise<void> {
    const isKnown = this.index.rows.get(row)?.input === preview(textOf(input));
    const first: ResultRecord[] = isKnown ? [] : [{ kind: 'row', run: this.runId, row, input }];
    await this.options.results.append([...first, record]);
  }

  private wait(reason: string | undefined): void {
    if (this.controller.signal.aborted) return;
    if (reason === undefined) {
      this.time.start();
      this.setState('running');
    } else {
      this.time.stop();
      this.setState('paused', reason);
    }
  }

  private setState(state: RunState, reason: string | null = null): void {
    this.state = state;
    this.reason = reason;
    this.changed();
  }

  private changed(): void {
    this.revision += 1;
    this.options.onDidChange(this);
  }
}

function recordOf(outcome: Outcome): Omit<StepRecord, 'kind' | 'run' | 'row' | 'step' | 'at' | 'key' | 'model'> {
  const { state, reason, output, attempts, url, promptTokens, tokens, milliseconds } = outcome;
  return { state, reason, output, attempts: [...attempts], url, promptTokens, tokens, milliseconds };
}
