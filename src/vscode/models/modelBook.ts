import { SparkError, type ErrorInfo } from '../../shared/errors.js';
import type { InstalledModel, LoadedModel, ModelList, Pull } from '../../shared/ollama.js';
import { Emitter, together, type Disposable } from '../emitter.js';
import type { EngineClient } from '../engineClient.js';

/** What is known of the models of one machine. */
export type ModelPage =
  { readonly state: 'known'; readonly list: ModelList } | { readonly state: 'failed'; readonly error: ErrorInfo };

/** Programs beside us load models, too: what is looked at is asked about again after this. */
const STALE_AFTER_MS = 15_000;

/** The models of each machine as this window knows them: read when somebody looks, and again when they have changed. */
export class ModelBook implements Disposable {
  private readonly pages = new Map<string, ModelPage>();
  private readonly readAt = new Map<string, number>();
  private readonly reading = new Map<string, Promise<void>>();
  private readonly changed = new Emitter<string>();
  private readonly held: Disposable;
  private running: readonly Pull[] = [];

  /** Fires with a connection's id when its models, or the pulls of them, are others. */
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly client: Pick<
      EngineClient,
      'request' | 'snapshot' | 'onDidChange' | 'onDidChangeModels' | 'onDidPull'
    >,
    private readonly now: () => number = Date.now,
  ) {
    this.held = together(
      this.changed,
      client.onDidChange(() => {
        this.forgetGone();
      }),
      client.onDidChangeModels(connectionId => {
        if (this.readAt.delete(connectionId)) void this.read(connectionId);
      }),
      client.onDidPull(pulls => {
        const about = new Set([...this.running, ...pulls].map(({ connectionId }) => connectionId));
        this.running = pulls;
        for (const connectionId of about) this.changed.fire(connectionId);
      }),
    );
  }

  /** What is known; undefined before it was read. */
  page(connectionId: string): ModelPage | undefined {
    return this.pages.get(connectionId);
  }

  pulls(connectionId: string): readonly Pull[] {
    return this.running.filter(pull => pull.connectionId === connectionId);
  }

  installed(connectionId: string, model: string): InstalledModel | undefined {
    return this.list(connectionId)?.installed.find(({ name }) => name === model);
  }

  loaded(connectionId: string, model: string): LoadedModel | undefined {
    return this.list(connectionId)?.loaded.find(({ name }) => name === model);
  }

  /** Reads the models of a machine. Rejects with what the engine says. */
  async load(connectionId: string, fresh = false): Promise<ModelList> {
    await this.read(connectionId, fresh);
    const page = this.pages.get(connectionId);
    if (page?.state === 'known') return page.list;
    throw new SparkError(
      page?.error ?? { code: 'notConnected', message: 'It is not connected.', hint: 'Connect first.' },
    );
  }

  /** To be called while somebody looks: reads what was never read, or long ago. */
  refresh(connectionId: string): void {
    const at = this.readAt.get(connectionId);
    if (at === undefined || this.now() - at >= STALE_AFTER_MS || this.now() < at) void this.read(connectionId);
  }

  dispose(): void {
    this.held.dispose();
  }

  private list(connectionId: string): ModelList | undefined {
    const page = this.pages.get(connectionId);
    return page?.state === 'known' ? page.list : undefined;
  }

  private async read(connectionId: string, fresh = false): Promise<void> {
    const underWay = this.reading.get(connectionId);
    if (underWay && !fresh) {
      await underWay;
      return;
    }
    const reading = this.ask(connectionId, fresh).finally(() => {
      if (this.reading.get(connectionId) === reading) this.reading.delete(connectionId);
    });
    this.reading.set(connectionId, reading);
    this.readAt.set(connectionId, this.now());
    await reading;
  }

  private async ask(connectionId: string, fresh: boolean): Promise<void> {
    const before = this.pages.get(connectionId);
    let page: ModelPage;
    try {
      page = { state: 'known', list: await this.client.request('ollama/models', { connectionId, fresh }) };
    } catch (error) {
      page = { state: 'failed', error: SparkError.toInfo(error) };
    }
    // it may have been deleted or disconnected meanwhile
    if (!this.isConnected(connectionId)) return;
    this.pages.set(connectionId, page);
    if (JSON.stringify(before) !== JSON.stringify(page)) this.changed.fire(connectionId);
  }

  private forgetGone(): void {
    for (const connectionId of new Set([...this.pages.keys(), ...this.readAt.keys()]))
      if (!this.isConnected(connectionId)) {
        this.pages.delete(connectionId);
        this.readAt.delete(connectionId);
        this.changed.fire(connectionId);
      }
  }

  private isConnected(connectionId: string): boolean {
    return this.client.snapshot.connections.some(
      ({ id, status }) => id === connectionId && status.state === 'connected',
    );
  }
}
