import type { Pull } from '../../shared/ollama.js';
import { SparkError } from '../../shared/errors.js';
import type { Clock } from '../base/clock.js';
import type { Disposable } from '../base/disposable.js';
import { Emitter, type Event } from '../base/emitter.js';
import { printable } from '../base/remoteText.js';
import type { PullLine } from './answers.js';

/** Progress comes many times a second; people read slower. */
const TELL_EVERY_MS = 250;
/** A link that breaks again and again without a byte in between will not get the model here. */
const MOST_FRUITLESS_TRIES = 5;

interface Running {
  view: Pull;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

export interface PullsOptions {
  /** Begins a pull, or goes on with it: what is there already is not loaded again. */
  readonly pull: (connectionId: string, model: string, signal: AbortSignal) => AsyncIterable<PullLine>;
  readonly clock: Clock;
}

/**
 * The pulls that are under way, each once, whoever wants it. They belong to the engine: a window that is reloaded does not
 * end one. When the link is lost they go on where they stopped as soon as it is back.
 */
export class Pulls implements Disposable {
  private readonly running = new Map<string, Running>();
  private readonly changed = new Emitter<readonly Pull[]>();
  private telling: Disposable | undefined;

  readonly onDidChange: Event<readonly Pull[]> = this.changed.event;

  constructor(private readonly options: PullsOptions) {}

  get all(): Pull[] {
    return [...this.running.values()].map(({ view }) => view);
  }

  /** Begins a pull or joins the one under way; resolves when the model is there. */
  async pull(connectionId: string, model: string): Promise<void> {
    const key = keyOf(connectionId, model);
    const known = this.running.get(key);
    if (known) {
      await known.done;
      return;
    }
    const abort = new AbortController();
    const view: Pull = { connectionId, model, status: 'starting', completedBytes: null, totalBytes: null };
    const done = this.follow(key, view, abort.signal).finally(() => {
      this.running.delete(key);
      this.tell();
    });
    this.running.set(key, { view, abort, done });
    this.tell();
    await done;
  }

  cancel(connectionId: string, model: string): void {
    this.running.get(keyOf(connectionId, model))?.abort.abort();
  }

  /** Ends those of a connection that is gone. */
  cancelAll(connectionId: string): void {
    for (const { view, abort } of this.running.values()) if (view.connectionId === connectionId) abort.abort();
  }

  dispose(): void {
    for (const { abort } of this.running.values()) abort.abort();
    this.telling?.dispose();
    this.changed.dispose();
  }

  private async follow(key: string, first: Pull, signal: AbortSignal): Promise<void> {
    // whoever asked has it in the map only after this turn
    await Promise.resolve();
    const layers = new Map<string, { total: number; completed: number }>();
    for (let fruitless = 0; ; fruitless += 1) {
      try {
        for await (const line of this.options.pull(first.connectionId, first.model, signal)) {
          if (signal.aborted) break;
          if (takeLayer(layers, line)) fruitless = 0;
          this.show(key, { ...first, status: printable(line.status, 80), ...sumOf(layers) });
        }
        if (signal.aborted) throw cancelled();
        return;
      } catch (error) {
        if (signal.aborted) throw cancelled();
        const isLost = SparkError.is(error, 'connectionLost');
        if (!isLost || fruitless >= MOST_FRUITLESS_TRIES) throw resumable(error);
        this.show(key, { ...first, status: 'waiting for the link', ...sumOf(layers) });
      }
    }
  }

  private show(key: string, view: Pull): void {
    const running = this.running.get(key);
    if (!running) return;
    running.view = view;
    // at most so often, and the last one always
    this.telling ??= this.options.clock.after(TELL_EVERY_MS, () => this.tell());
  }

  private tell(): void {
    this.telling?.dispose();
    this.telling = undefined;
    this.changed.fire(this.all);
  }
}

/** Takes the progress of one layer over; true when there is more of it than before. */
function takeLayer(layers: Map<string, { total: number; completed: number }>, line: PullLine): boolean {
  const { digest, total, completed = 0 } = line;
  if (digest === undefined || total === undefined) return false;
  const before = layers.get(digest)?.completed ?? 0;
  layers.set(digest, { total, completed });
  return completed > before;
}

function sumOf(
  layers: ReadonlyMap<string, { total: number; completed: number }>,
): Pick<Pull, 'completedBytes' | 'totalBytes'> {
  if (layers.size === 0) return { completedBytes: null, totalBytes: null };
  const all = [...layers.values()];
  return {
    completedBytes: all.reduce((sum, { completed }) => sum + completed, 0),
    totalBytes: all.reduce((sum, { total }) => sum + total, 0),
  };
}

function keyOf(connectionId: string, model: string): string {
  return `${connectionId} ${model}`;
}

function cancelled(): SparkError {
  return new SparkError({
    code: 'cancelled',
    message: 'The pull was cancelled.',
    hint: 'Pull it again to go on where it stopped.',
  });
}

/** What is there stays there: that is worth knowing whatever went wrong. */
function resumable(error: unknown): unknown {
  if (!SparkError.is(error) || error.code === 'modelNotFound') return error;
  const hint = error.hint ?? 'Pull it again to go on where it stopped.';
  return new SparkError({ ...SparkError.toInfo(error), hint }, { cause: error });
}
