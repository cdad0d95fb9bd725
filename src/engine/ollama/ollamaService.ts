import type { Duplex } from 'node:stream';
import type { ConnectionView } from '../../shared/connection.js';
import { SparkError } from '../../shared/errors.js';
import type { Sample } from '../../shared/metrics.js';
import type {
  ChatEnd,
  ChatPart,
  EndpointHealth,
  InstalledModel,
  LoadedModel,
  MemoryCheck,
  MemoryState,
  ModelCard,
  ModelList,
  OllamaHealth,
  Pull,
} from '../../shared/ollama.js';
import type { Clock } from '../base/clock.js';
import { type Disposable, DisposableStore } from '../base/disposable.js';
import { Emitter, type Event } from '../base/emitter.js';
import type { Run } from '../ssh/run.js';
import type { SshSession } from '../ssh/types.js';
import { explainAbsence } from './absence.js';
import { Brief } from './brief.js';
import { type Chat, chatBody, followChat } from './chat.js';
import { checkHealth, loadedModel, offHealth, openLocally } from './health.js';
import { lookForHolders } from './memoryHolders.js';
import { contextFor, fitOf, needsOf, USUAL_CONTEXT } from './memoryNeeds.js';
import { hasContext, installedModel, modelCard } from './modelFacts.js';
import { FactsCache } from './factsCache.js';
import { OllamaApi } from './ollamaApi.js';
import { poolOf } from './pool.js';
import { Pulls } from './pulls.js';

/** Ollama's own port on this computer. */
const LOCAL_PORT = 11434;
/** What is asked again within this gets the same answer: many views ask at once. */
const FRESH_FOR_MS = 3_000;
/** Not more often than anybody can read is it told that models fit, or do not fit any more. */
const FIT_PAUSE_MS = 5_000;
const NEVER = new AbortController().signal;

export interface OllamaServiceOptions {
  /** Name of a connection, and where its Ollama is as seen from the machine. Throws `notFound`. */
  readonly place: (connectionId: string) => { readonly name: string; readonly host: string; readonly port: number };
  readonly session: (connectionId: string) => SshSession | undefined;
  /** Opens a stream to a port as seen from the machine; waits for a link that is coming back. */
  readonly forward: (connectionId: string, host: string, port: number) => Promise<Duplex>;
  /** Told that a connection is being used. */
  readonly used: (connectionId: string) => void;
  /** The last sample of a connection. */
  readonly sample: (connectionId: string) => Sample | null;
  readonly run: Run;
  readonly clock: Clock;
}

/** The Ollama of each connection: how it does, its models, what they need, and chats with them. */
export class OllamaService implements Disposable {
  private readonly held = new DisposableStore();
  private readonly changed = this.held.add(new Emitter<string>());
  private readonly pulls: Pulls;
  private readonly lists: Brief<ModelList>;
  private readonly healths: Brief<OllamaHealth>;
  private readonly facts = new FactsCache();
  /** What was last told of the models of each connection. */
  private readonly told = new Map<string, { readonly list: ModelList; readonly at: number }>();

  /** Fires with a connection's id when its models are others. */
  readonly onDidChange: Event<string> = this.changed.event;
  readonly onDidPull: Event<readonly Pull[]>;

  constructor(private readonly options: OllamaServiceOptions) {
    this.lists = new Brief(options.clock, FRESH_FOR_MS);
    this.healths = new Brief(options.clock, FRESH_FOR_MS);
    this.pulls = this.held.add(
      new Pulls({
        clock: options.clock,
        pull: (connectionId, model, signal) => {
          options.used(connectionId);
          return this.patient(connectionId).pull(model, signal);
        },
      }),
    );
    this.onDidPull = this.pulls.onDidChange;
  }

  /** How both Ollamas do that tools can be led to. @param active the active connection, if there is one */
  async health(active: ConnectionView | undefined): Promise<EndpointHealth> {
    const { clock } = this.options;
    const [local, dgx] = await Promise.all([
      this.healths.get('local', async () => await checkHealth(openLocally(LOCAL_PORT), urlOf(LOCAL_PORT), { clock })),
      active ? this.remoteHealth(active) : null,
    ]);
    return {
      local,
      dgx: active && dgx ? { ...dgx, connectionId: active.id, connectionName: active.name } : null,
    };
  }

  /** The models of a machine. Where Ollama does not answer, why. Rejects when the machine is not connected. */
  async models(connectionId: string, fresh = false): Promise<ModelList> {
    if (fresh) this.lists.forget(connectionId);
    return await this.lists.get(connectionId, async () => await this.readModels(connectionId));
  }

  async show(connectionId: string, model: string, signal: AbortSignal): Promise<ModelCard> {
    return modelCard(model, await this.prompt(connectionId).show(model, signal));
  }

  /** What a model needs against what there is, and who holds the rest. */
  async checkMemory(
    connectionId: string,
    model: string,
    contextTokens: number | undefined,
    signal: AbortSignal,
  ): Promise<MemoryCheck> {
    const list = await this.models(connectionId, true);
    const installed = this.find(list, model);
    const { shape, capabilities } = this.facts.of(installed.digest);
    const loaded = list.loaded.find(({ name }) => name === installed.name);
    const context = hasContext(capabilities)
      ? contextFor(contextTokens ?? USUAL_CONTEXT, shape.contextLength, loaded)
      : null;
    const needs = needsOf(installed.bytes, shape, context);
    const memory = await this.lookAtMemory(connectionId, list.loaded, signal);
    const { availableBytes } = memory;
    const isLoaded = loaded !== undefined && (context === null || (loaded.contextLength ?? context) >= context);
    const fit = fitOf(needs, { availableBytes, loaded: list.loaded, isLoaded });
    return { model: installed.name, fit, needs, ...memory };
  }

  /** What there is of memory, and who holds the rest; also where there is no Ollama. */
  async memory(connectionId: string, signal: AbortSignal): Promise<MemoryState> {
    const loaded = await this.models(connectionId, true).then(
      list => list.loaded,
      () => [],
    );
    return await this.lookAtMemory(connectionId, loaded, signal);
  }

  private async lookAtMemory(
    connectionId: string,
    loaded: readonly LoadedModel[],
    signal: AbortSignal,
  ): Promise<MemoryState> {
    const { run, clock, sample } = this.options;
    const held = await lookForHolders(this.liveSession(connectionId), loaded, { run, clock, signal });
    const pool = poolOf(sample(connectionId));
    const onGpu = new Set(['model', 'process', 'container']);
    return {
      pool: pool.pool,
      totalBytes: pool.totalBytes ?? held.totalBytes,
      availableBytes: pool.availableBytes ?? (pool.pool === 'dedicated' ? null : held.availableBytes),
      // the system's memory is nothing to a GPU that has its own
      holders: held.holders.filter(({ kind }) => pool.pool !== 'dedicated' || onGpu.has(kind)),
    };
  }

  async unload(connectionId: string, model: string, signal: AbortSignal): Promise<void> {
    await this.prompt(connectionId).unload(model, signal);
    this.announce(connectionId);
  }

  async delete(connectionId: string, model: string, signal: AbortSignal): Promise<void> {
    await this.prompt(connectionId).delete(model, signal);
    this.announce(connectionId);
  }

  /** Pulls a model; see {@link Pulls.pull}. */
  async pull(connectionId: string, model: string): Promise<void> {
    this.liveSession(connectionId);
    await this.pulls.pull(connectionId, model);
    this.announce(connectionId);
  }

  cancelPull(connectionId: string, model: string): void {
    this.pulls.cancel(connectionId, model);
  }

  get pulling(): Pull[] {
    return this.pulls.all;
  }

  /** Sends a chat; the answer is told in parts. Rejects with `modelNotFound`, `cancelled`, and what Ollama or the link fail with. */
  async chat(chat: Chat, onPart: (part: ChatPart) => void, signal: AbortSignal): Promise<ChatEnd> {
    const { connectionId } = chat;
    this.options.used(connectionId);
    const list = await this.models(connectionId);
    const model = this.find(list, chat.model);
    const loaded = list.loaded.find(({ name }) => name === model.name);
    const context = contextFor(chat.contextTokens ?? USUAL_CONTEXT, model.contextLength, loaded);
    const lines = this.patient(connectionId).chat(chatBody(chat, context), chat.model, signal);
    let begun = false;
    try {
      return await followChat(lines, part => {
        // the model is in memory from now on
        if (!begun && loaded === undefined) this.announce(connectionId);
        begun = true;
        onPart(part);
      });
    } finally {
      this.options.used(connectionId);
      // when it will be unloaded has changed, too
      this.lists.forget(connectionId);
    }
  }

  /** What fits changes with the memory that is left: where it does, the models are others. */
  take(sample: Sample): void {
    const { connectionId } = sample;
    const last = this.told.get(connectionId);
    if (!last) return;
    const { availableBytes } = poolOf(sample);
    const { installed, loaded } = last.list;
    const isOther = installed.some(({ name, needs, fit }) => {
      const isLoaded = loaded.some(model => model.name === name);
      return fitOf(needs, { availableBytes, loaded, isLoaded }) !== fit;
    });
    if (!isOther) return;
    const age = this.options.clock.now() - last.at;
    const wasUnknown = installed.some(({ fit }) => fit === 'unknown');
    if (wasUnknown || age < 0 || age >= FIT_PAUSE_MS) this.announce(connectionId);
  }

  /** Drops what is known of connections that are gone. */
  follow(connections: readonly ConnectionView[]): void {
    const saved = new Set(connections.map(({ id }) => id));
    for (const { connectionId } of this.pulls.all) if (!saved.has(connectionId)) this.pulls.cancelAll(connectionId);
    for (const { id, status } of connections) if (status.state !== 'connected') this.forget(id);
  }

  dispose(): void {
    this.held.dispose();
  }

  private async remoteHealth({ id, status, name }: ConnectionView): Promise<OllamaHealth> {
    const session = this.options.session(id);
    if (!session) return offHealth(`${name} is not connected.`);
    const { tunnel } = status;
    const url = tunnel.state === 'open' ? urlOf(tunnel.localPort) : null;
    const { host, port } = this.options.place(id);
    const key = `${id} ${url ?? ''} ${host}:${port}`;
    return await this.healths.get(
      key,
      async () => await checkHealth(async () => await session.forward(host, port), url, { clock: this.options.clock }),
    );
  }

  private async readModels(connectionId: string): Promise<ModelList> {
    const { sample, clock, run } = this.options;
    const api = this.prompt(connectionId);
    const empty = { connectionId, version: null, installed: [], loaded: [] };
    try {
      const [version, tags, running] = await Promise.all([api.version(), api.tags(), api.running()]);
      const loaded = running.map((model): LoadedModel => loadedModel(model, clock));
      await this.facts.learn(tags, async name => await api.show(name));
      const room = { pool: poolOf(sample(connectionId)), loaded };
      const installed = tags.map((tag): InstalledModel => installedModel(tag, this.facts.of(tag.digest), room));
      const list: ModelList = { ...empty, state: 'up', version, installed, loaded };
      this.told.set(connectionId, { list, at: clock.now() });
      return list;
    } catch (error) {
      if (SparkError.is(error, 'ollamaFailed'))
        return { ...empty, state: 'unreachable', error: SparkError.toInfo(error) };
      if (!SparkError.is(error, 'forwardRefused')) throw error;
      if (isProhibited(error)) return { ...empty, state: 'unreachable', error: SparkError.toInfo(error) };
      const { name, host, port } = this.options.place(connectionId);
      const about = { machine: name, where: `${host}:${port}` };
      const session = this.liveSession(connectionId);
      return { ...empty, ...(await explainAbsence(session, about, { run, clock, signal: NEVER })) };
    }
  }

  private find(list: ModelList, model: string): InstalledModel {
    const wanted = withTag(model);
    const found = list.installed.find(({ name }) => name === wanted);
    if (found) return found;
    if (list.error) throw new SparkError(list.error);
    throw new SparkError({
      code: 'modelNotFound',
      message: `Ollama has no model "${model}".`,
      hint: 'Pull it first, or choose one that is installed.',
    });
  }

  /** For what is answered at once: fails at once, too, where there is no link. */
  private prompt(connectionId: string): OllamaApi {
    const session = this.liveSession(connectionId);
    const { host, port } = this.options.place(connectionId);
    return new OllamaApi(async () => await session.forward(host, port), this.options.clock);
  }

  /** For what takes its time: waits for a link that is coming back. */
  private patient(connectionId: string): OllamaApi {
    const { host, port } = this.options.place(connectionId);
    return new OllamaApi(async () => await this.options.forward(connectionId, host, port), this.options.clock);
  }

  private liveSession(connectionId: string): SshSession {
    const { name } = this.options.place(connectionId);
    const session = this.options.session(connectionId);
    if (!session)
      throw new SparkError({ code: 'notConnected', message: `${name} is not connected.`, hint: 'Connect first.' });
    return session;
  }

  private announce(connectionId: string): void {
    this.forget(connectionId);
    this.changed.fire(connectionId);
  }

  private forget(connectionId: string): void {
    this.lists.forget(connectionId);
    this.told.delete(connectionId);
  }
}

function urlOf(port: number): string {
  return `http://localhost:${port}`;
}

/** The SSH server opens no connections for us: RFC 4254, 5.1, SSH_OPEN_ADMINISTRATIVELY_PROHIBITED. */
function isProhibited(error: SparkError): boolean {
  return (error.cause as { reason?: unknown } | undefined)?.reason === 1;
}

/** A name without a tag means `:latest`. */
function withTag(model: string): string {
  return /:[^/]*$/.test(model) ? model : `${model}:latest`;
}
