import { randomUUID } from 'node:crypto';
import type { CellDetail, RowView, RunSummary, RunView } from '../../shared/chains.js';
import type { chainRequests } from '../../shared/chains.js';
import { SparkError } from '../../shared/errors.js';
import type { ParamsOf, ResultOf } from '../../shared/peer.js';
import type { Clock } from '../base/clock.js';
import type { Disposable } from '../base/disposable.js';
import { Emitter } from '../base/emitter.js';
import type { Logger } from '../base/logger.js';
import { textOf } from '../../chainFile/template.js';
import type { Ask } from '../server/questions.js';
import { checkPromptSizes, readContexts } from './contexts.js';
import { endpointInWords, type ChainSurroundings, resolveEndpoint, type Way } from './endpoints.js';
import { exportCsv } from './exportCsv.js';
import { missingModels } from './missingModels.js';
import { OllamaClient, type PullProgress } from './ollama/client.js';
import { LinkLost, Refused } from './ollama/errors.js';
import { prepareChain } from './prepare.js';
import { ResultsFile, resultsPath } from './results/resultsFile.js';
import type { RunIndex } from './results/runIndex.js';
import { ChainRun } from './run.js';
import { Slots } from './slots.js';
import { rowView, runView } from './views.js';

type Requests = typeof chainRequests;
export type StartParams = ParamsOf<Requests, 'chains/start'>;
type StartResult = ResultOf<Requests, 'chains/start'>;

/** Windows hear of changes at most so often. */
const TELL_EVERY_MS = 150;
/** An Ollama that is there answers sooner; a tunnel may hold a request for 20 s. */
const LONGEST_LOOK_MS = 25_000;
/** Results files that are kept in memory while none of their runs is under way. */
const MOST_FILES = 8;
/** Runs whose end can still be asked for. */
const MOST_ENDED = 100;

export interface ChainServiceOptions {
  readonly around: ChainSurroundings;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Opened {
  readonly file: Promise<ResultsFile>;
  /** Starts of runs of one chain take turns. */
  readonly turn: Slots;
}

interface Reached {
  readonly client: OllamaClient;
  readonly url: string;
  readonly way: Way | undefined;
  readonly models: string[];
}

/** Runs chains, and shows what came of them. */
export class ChainService implements Disposable {
  private readonly opened = new Map<string, Opened>();
  private readonly liveRuns = new Map<string, ChainRun>();
  private readonly ended = new Map<string, Promise<RunSummary>>();
  private readonly telling = new Map<string, Disposable>();
  private readonly changed = new Emitter<RunView>();
  private readonly pulling = new Emitter<PullProgress & { readonly model: string }>();
  private readonly allowed = new Set<string>();

  readonly onDidChange = this.changed.event;
  readonly onDidPull = this.pulling.event;

  constructor(private readonly options: ChainServiceOptions) {}

  /** Starts a run, or goes on with one. See the contract. */
  async start(params: StartParams, ask: Ask, signal: AbortSignal): Promise<StartResult> {
    const opened = this.open(params.path);
    return await opened.turn.run(async () => await this.startInTurn(params, ask, signal, await opened.file));
  }

  /** Resolves when a run has ended. */
  async wait(runId: string): Promise<RunSummary> {
    const summary = this.ended.get(runId);
    if (!summary) throw new SparkError({ code: 'notFound', message: 'This run is not under way.' });
    return await summary;
  }

  async cancel(runId: string): Promise<void> {
    await this.liveRuns.get(runId)?.cancel();
  }

  live(): RunView[] {
    return [...this.liveRuns.values()].map(run => run.view());
  }

  /** All runs of a chain, newest first. */
  async runs(path: string): Promise<RunView[]> {
    const file = await this.read(path);
    return [...file.runs.values()]
      .map(index => this.liveRuns.get(index.header.run)?.view() ?? runView(path, index))
      .sort((a, b) => b.startedAt - a.startedAt);
  }

  async rows(params: ParamsOf<Requests, 'chains/rows'>): Promise<{ total: number; rows: RowView[] }> {
    const { path, runId, from, count } = params;
    const index = await this.indexOf(path, runId);
    const run = this.liveRuns.get(runId);
    const { total } = (run?.view() ?? runView(path, index)).rows;
    const length = Math.max(0, Math.min(count, total - from));
    const rows = Array.from({ length }, (_, offset) => {
      const row = from + offset;
      return run ? run.row(row) : rowView(index, row, undefined, undefined);
    });
    return { total, rows };
  }

  async cell(params: ParamsOf<Requests, 'chains/cell'>): Promise<CellDetail> {
    const { path, runId, row, step } = params;
    const file = await this.read(path);
    const index = await this.indexOf(path, runId);
    const run = this.liveRuns.get(runId);
    const known = index.rows.get(row);
    const input = known?.inputAt ? (await file.load('row', known.inputAt)).input : (run?.inputOf(row) ?? '');
    const about = { row, step, input: textOf(input) };
    const incoming = run?.incoming(row, step);
    const cell = known?.cells.get(step);
    if (incoming !== undefined || !cell) {
      const state = incoming === undefined ? 'waiting' : 'running';
      const { model, url } = index.header;
      return { ...about, state, reason: null, model, url, attempts: [], output: incoming ?? '' };
    }
    const { state, reason, model, url, attempts, output } = await file.load('step', cell);
    return { ...about, state, reason, model, url, attempts, output };
  }

  async export(params: ParamsOf<Requests, 'chains/export'>): Promise<{ rows: number }> {
    const index = await this.indexOf(params.path, params.runId);
    return { rows: await exportCsv(await this.read(params.path), index, params.file) };
  }

  async models(endpoint: string, signal: AbortSignal): Promise<{ url: string; models: string[] }> {
    const { url, models } = await this.reach(endpoint, undefined, signal);
    return { url, models };
  }

  /** Pulls a model, which takes as long as it takes; `signal` ends it. */
  async pull(endpoint: string, model: string, signal: AbortSignal): Promise<void> {
    const { client, url } = await this.reach(endpoint, undefined, signal);
    try {
      await client.pull(
        model,
        progress => {
          this.pulling.fire({ model, ...progress });
        },
        signal,
      );
    } catch (error) {
      throw explained(error, url);
    }
  }

  /** Lets go of all runs without ending them: the next engine goes on with them. */
  async close(): Promise<void> {
    await Promise.all([...this.liveRuns.values()].map(async run => await run.abandon()));
    for (const { file } of this.opened.values()) await (await file.catch(() => undefined))?.close();
  }

  dispose(): void {
    for (const timer of this.telling.values()) timer.dispose();
    this.changed.dispose();
    this.pulling.dispose();
  }

  private async startInTurn(
    params: StartParams,
    ask: Ask,
    signal: AbortSignal,
    results: ResultsFile,
  ): Promise<StartResult> {
    const { path, how = 'continue', askFailedAgain = false } = params;
    await this.refresh(path, results);
    const given = params.runId === undefined ? undefined : results.runs.get(params.runId);
    if (params.runId !== undefined && !given) throw noSuchRun();
    const first = given ? given.header.first : (params.first ?? null);
    const step = given ? given.header.step : (params.step ?? null);
    const prepared = await prepareChain({
      ...{ path, folder: params.folder, first: first ?? undefined, step: step ?? undefined },
      mayRead: async file => {
        await this.askForFile(path, file, params.mayAsk, ask, signal);
      },
    });
    const endpoint = given?.header.endpoint ?? params.endpoint ?? prepared.chain.endpoint ?? 'auto';
    const same = [...this.liveRuns.values()].find(
      run => run.path === path && (given ? run.runId === params.runId : run.isAlike(endpoint, first, step)),
    );
    if (same) return { kind: 'started', run: same.view(), continued: true };
    const earlier = given ?? (how === 'continue' ? unfinished(results, endpoint, first, step) : undefined);
    const reached = await this.reach(endpoint, earlier?.header.connection?.id, signal);
    const { client, url, way } = reached;
    const missing = missingModels(prepared, reached.models);
    if (missing.length > 0) return { kind: 'modelsMissing', models: missing, endpoint, url };
    const contextOf = await readContexts(client, prepared.plans, signal).catch((error: unknown) => {
      throw explained(error, url);
    });
    checkPromptSizes(prepared, contextOf);
    signal.throwIfAborted();
    const run = new ChainRun({
      ...{ runId: earlier?.header.run ?? randomUUID(), prepared, endpoint, first, step, results },
      ...{ isContinued: earlier !== undefined, askFailedAgain, contextOf, url, way },
      ...{ around: this.options.around, clock: this.options.clock },
      onDidChange: changed => {
        this.tell(changed);
      },
    });
    await run.begin();
    this.follow(run);
    return { kind: 'started', run: run.view(), continued: earlier !== undefined };
  }

  private follow(run: ChainRun): void {
    const { runId } = run;
    this.liveRuns.set(runId, run);
    const summary = run.ended().finally(() => {
      this.telling.get(runId)?.dispose();
      this.telling.delete(runId);
      const view = run.view();
      this.liveRuns.delete(runId);
      this.options.log.info(`A run of ${view.chain} ended: ${view.state}.`);
      this.changed.fire(view);
    });
    summary.catch(() => undefined);
    // asked again, the same run has another end
    this.ended.delete(runId);
    this.ended.set(runId, summary);
    for (const old of [...this.ended.keys()].slice(0, -MOST_ENDED)) if (!this.liveRuns.has(old)) this.ended.delete(old);
    this.tell(run);
  }

  /** Tells of a change soon, together with those that come until then. */
  private tell(run: ChainRun): void {
    if (!this.liveRuns.has(run.runId) || this.telling.has(run.runId)) return;
    const timer = this.options.clock.after(TELL_EVERY_MS, () => {
      this.telling.delete(run.runId);
      if (this.liveRuns.has(run.runId)) this.changed.fire(run.view());
    });
    this.telling.set(run.runId, timer);
  }

  private async askForFile(path: string, file: string, mayAsk: boolean, ask: Ask, signal: AbortSignal): Promise<void> {
    const pair = JSON.stringify([path, file]);
    if (this.allowed.has(pair)) return;
    if (!mayAsk)
      throw new SparkError({
        code: 'outsideFile',
        message: `The chain wants to read ${file}, which is outside of its workspace folder.`,
        hint: 'Run it from the editor, where you are asked, or move the file into the folder.',
      });
    await ask({ kind: 'outsideFile', chain: path, path: file }, signal);
    this.allowed.add(pair);
  }

  /** The Ollama of an endpoint, and what models it has. Rejects with `ollamaUnreachable`. */
  private async reach(endpoint: string, usedBefore: string | undefined, signal: AbortSignal): Promise<Reached> {
    const found = resolveEndpoint(endpoint, this.options.around, usedBefore);
    if (found.kind === 'down')
      throw new SparkError({
        code: 'ollamaUnreachable',
        message: `There is no way to ${endpointInWords(endpoint)}: ${found.reason}`,
        hint: 'Connect the DGX Spark, or run the chain locally.',
      });
    const { url, way } = found;
    const client = new OllamaClient(url);
    const late = AbortSignal.timeout(LONGEST_LOOK_MS);
    try {
      return { client, url, way, models: await client.models(AbortSignal.any([signal, late])) };
    } catch (error) {
      throw late.aborted && !signal.aborted
        ? explained(new LinkLost('no answer came in time'), url)
        : explained(error, url);
    }
  }

  private open(path: string): Opened {
    const known = this.opened.get(path);
    if (known) return known;
    const isFree = (file: string) => ![...this.liveRuns.values()].some(run => run.path === file);
    for (const old of [...this.opened.keys()].filter(isFree).slice(0, -MOST_FILES)) this.opened.delete(old);
    const opened: Opened = { file: ResultsFile.read(resultsPath(path)), turn: new Slots(1) };
    opened.file.catch(() => this.opened.delete(path));
    this.opened.set(path, opened);
    return opened;
  }

  private async read(path: string): Promise<ResultsFile> {
    const file = await this.open(path).file;
    await this.refresh(path, file);
    return file;
  }

  /** What another program has done to a results file; a run that is under way sees that itself. */
  private async refresh(path: string, file: ResultsFile): Promise<void> {
    if ([...this.liveRuns.values()].some(run => run.path === path)) return;
    await file.refresh();
  }

  private async indexOf(path: string, runId: string): Promise<RunIndex> {
    const index = (await this.read(path)).runs.get(runId);
    if (!index) throw noSuchRun();
    return index;
  }
}

/** The last run of a kind, when it has not come to its end. */
function unfinished(
  results: ResultsFile,
  endpoint: string,
  first: number | null,
  step: string | null,
): RunIndex | undefined {
  const alike = [...results.runs.values()].filter(
    ({ header }) => header.endpoint === endpoint && header.first === first && header.step === step,
  );
  const [last] = alike.sort((a, b) => b.startedAt - a.startedAt);
  return last && last.end?.state !== 'done' ? last : undefined;
}

function noSuchRun(): SparkError {
  return new SparkError({ code: 'notFound', message: 'There is no such run in the results of this chain.' });
}

function explained(error: unknown, url: string): Error {
  if (error instanceof LinkLost)
    return new SparkError({
      code: 'ollamaUnreachable',
      message: `Ollama at ${url} does not answer: ${error.message}.`,
      hint: 'Check that Ollama runs there, or switch the endpoint of the chain.',
    });
  if (error instanceof Refused)
    return new SparkError({ code: 'ollamaRefused', message: `Ollama at ${url} says: ${error.message}` });
  return error instanceof Error ? error : new Error(String(error));
}
