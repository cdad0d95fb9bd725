import { SparkError, type ErrorInfo } from '../../shared/errors.js';
import type { Container, ContainerList, ContainerUsage, Image } from '../../shared/containers.js';
import { Emitter, together, type Disposable } from '../emitter.js';
import type { EngineClient } from '../engineClient.js';

/** What is known of the containers of one machine. */
export interface ContainerPage {
  readonly list?: ContainerList;
  /** Why it could not be read. */
  readonly error?: ErrorInfo;
  readonly usage: readonly ContainerUsage[];
  /** Undefined until somebody has looked at them. */
  readonly images?: readonly Image[];
}

const EMPTY: ContainerPage = { usage: [] };
const NEVER = new AbortController().signal;

/** The containers of each machine as this window knows them: read when somebody looks, and again when Docker tells of a change. */
export class ContainerBook implements Disposable {
  private readonly pages = new Map<string, ContainerPage>();
  private readonly measuring = new Set<string>();
  private readonly changed = new Emitter<string>();
  private readonly held: Disposable;

  /** Fires with a connection's id when what is known of it is something else. */
  readonly onDidChange = this.changed.event;

  constructor(private readonly client: Pick<EngineClient, 'request' | 'snapshot' | 'onDidChange' | 'on'>) {
    this.held = together(
      this.changed,
      client.onDidChange(() => {
        this.forgetGone();
      }),
      client.on('containers/changed', ({ connectionId }) => {
        if (this.pages.has(connectionId)) void this.read(connectionId);
      }),
    );
  }

  /** What is known; undefined before anything was read. */
  page(connectionId: string): ContainerPage | undefined {
    return this.pages.get(connectionId);
  }

  container(connectionId: string, containerId: string): Container | undefined {
    return this.page(connectionId)?.list?.containers.find(({ id }) => id === containerId);
  }

  usage(connectionId: string, containerId: string): ContainerUsage | undefined {
    return this.page(connectionId)?.usage.find(({ id }) => id === containerId);
  }

  /** Reads the containers, and the images where somebody looked at those. Failures are kept in the page. */
  async read(connectionId: string): Promise<ContainerPage> {
    try {
      const list = await this.client.request('containers/list', { connectionId });
      this.put(connectionId, { list, error: undefined });
      if (list.state === 'up' && this.page(connectionId)?.images) await this.readImages(connectionId);
    } catch (error) {
      this.put(connectionId, { error: SparkError.toInfo(error) });
    }
    return this.page(connectionId) ?? EMPTY;
  }

  /** Reads the containers. Rejects with what keeps Docker from answering. */
  async load(connectionId: string): Promise<readonly Container[]> {
    const { list, error } = await this.read(connectionId);
    const problem = error ?? list?.error;
    if (problem) throw new SparkError(problem);
    return list?.containers ?? [];
  }

  async readImages(connectionId: string): Promise<readonly Image[]> {
    const images = await this.client.request('containers/images', { connectionId });
    this.put(connectionId, { images });
    return images;
  }

  /** Measures what running containers use; to be called while somebody looks. One at a time. */
  async measure(connectionId: string): Promise<void> {
    const isRunning = this.page(connectionId)?.list?.containers.some(({ state }) => state === 'running') ?? false;
    if (!isRunning || this.measuring.has(connectionId)) return;
    this.measuring.add(connectionId);
    try {
      this.put(connectionId, { usage: await this.client.request('containers/usage', { connectionId }, NEVER) });
    } catch {
      // shown without figures
    } finally {
      this.measuring.delete(connectionId);
    }
  }

  dispose(): void {
    this.held.dispose();
  }

  private put(connectionId: string, news: { [K in keyof ContainerPage]?: ContainerPage[K] | undefined }): void {
    // it may have been deleted or disconnected meanwhile
    if (!this.isConnected(connectionId)) return;
    const before = this.pages.get(connectionId);
    const page = { ...EMPTY, ...before, ...news } as ContainerPage;
    this.pages.set(connectionId, page);
    if (JSON.stringify(before) !== JSON.stringify(page)) this.changed.fire(connectionId);
  }

  private forgetGone(): void {
    for (const connectionId of [...this.pages.keys()])
      if (!this.isConnected(connectionId)) {
        this.pages.delete(connectionId);
        this.changed.fire(connectionId);
      }
  }

  private isConnected(connectionId: string): boolean {
    return this.client.snapshot.connections.some(
      ({ id, status }) => id === connectionId && status.state === 'connected',
    );
  }
}
