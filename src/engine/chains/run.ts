import type { Json } from '../../chainFile/json.js';
import { textOf } from '../../chainFile/template.js';
import type { RowView, RunState, RunSummary, RunView } from '../../shared/chains.js';
import { SparkError } from '../../shared/errors.js';
import { Abandoned } from './abandoned.js';
import { Asker } from './asker.js';
import type { ChainSurroundings, Way } from './endpoints.js';
import { Gate } from './gate.js';
import { generateInputs, generatorKey, generatorOf } from './generateInputs.js';
import { LiveCells } from './liveCells.js';
import { FEWEST_AT_ONCE, MOST_AT_ONCE, Pace } from './pace.js';
import { preview, type RunIndex } from './results/runIndex.js';
import { type RowOptions, RowRunner } from './rowRunner.js';
import { Slots } from './slots.js';
import { rowView, runView } from './views.js';
import { WorkTime } from './workTime.js';

export interface RunOptions extends RowOptions {
  /** `auto`, `local`, `dgx` or an address. */
  readonly endpoint: string;
  readonly first: number | null;
  readonly step: string | null;
  /** It goes on with what is in the results. */
  readonly isContinued: boolean;
  readonly around: ChainSurroundings;
  /** Where its requests go at first. */
  readonly url: string;
  readonly way: Way | undefined;
  readonly onDidChange: (run: ChainRun) => void;
}

/**
 * One run of a chain: asks for each row its steps, several rows at a time, and writes each answer down before it
 * counts. What the results have already is not asked again.
 */
export class ChainRun {
  private readonly controller = new AbortController();
  private readonly asker: Asker;
  private readonly cells: LiveCells;
  private readonly time: WorkTime;
  private readonly rows: RowRunner;
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
    const { concurrency } = prepared.chain;
    const slots = new Slots(concurrency ?? FEWEST_AT_ONCE);
    this.asker = new Asker(gate, slots, clock, signal, concurrency === undefined ? new Pace(slots) : undefined);
    this.rows = new RowRunner(options, {
      ...{ asker: this.asker, cells: this.cells, signal },
      index: () => this.index,
      begun: toUrl => {
        this.url = toUrl;
        this.changed();
      },
      changed: () => {
        this.changed();
      },
    });
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
        for (let row = next++; row < inputs.length; row = next++) await this.rows.run(row, inputs[row] ?? '');
      };
      // while one row writes its answer down another one is asked for
      const { concurrency = MOST_AT_ONCE } = this.options.prepared.chain;
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
