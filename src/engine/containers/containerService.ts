import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import type { ConnectionView } from '../../shared/connection.js';
import type {
  ContainerAction,
  ContainerList,
  ContainerRunData,
  ContainerUsage,
  Image,
} from '../../shared/containers.js';
import { SparkError } from '../../shared/errors.js';
import type { Clock } from '../base/clock.js';
import { type Disposable, DisposableStore } from '../base/disposable.js';
import { Emitter, type Event } from '../base/emitter.js';
import { readSections } from '../base/sections.js';
import { USUAL_FOLDERS } from '../base/usualFolders.js';
import type { Run } from '../ssh/run.js';
import type { SshSession } from '../ssh/types.js';
import { readContainers, readGpuUse, readImages, readStats } from './answers.js';
import type { Follower } from './docker.js';
import { EngineApi, type EngineRequest } from './engineApi.js';
import { DockerEvents } from './events.js';
import { DockerFailure } from './failures.js';
import { LogFrames } from './logFrames.js';
import { pullImage } from './pull.js';
import { runRequest } from './runRequest.js';
import { gpuScript } from './scripts.js';
import { sizeWords } from './words.js';

const GPU_TIMEOUT_MS = 25_000;
const GPU_BYTES = 1024 * 1024;
const MOST_MEASURED = 64;
const ACTIONS: Readonly<Record<Exclude<ContainerAction, 'remove'>, string>> = {
  start: 'start',
  stop: 'stop',
  restart: 'restart',
  pause: 'pause',
  unpause: 'unpause',
};

const created = v.object({ Id: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) });
const inspected = v.object({ Config: v.object({ Tty: v.optional(v.boolean(), false) }) });
const pruned = v.object({ ImagesDeleted: v.nullish(v.array(v.unknown())), SpaceReclaimed: v.optional(v.number(), 0) });

export interface ContainerServiceOptions {
  /** Name of a connection. Throws `notFound`. */
  readonly name: (connectionId: string) => string;
  readonly session: (connectionId: string) => SshSession | undefined;
  /** Told that a connection is being used. */
  readonly used: (connectionId: string) => void;
  readonly run: Run;
  readonly clock: Clock;
}

/** The containers and images of each connection, by the Docker Engine API of the machine. */
export class ContainerService implements Disposable {
  private readonly held = new DisposableStore();
  private readonly changed = this.held.add(new Emitter<string>());
  private readonly api: EngineApi;
  private readonly events: DockerEvents;

  /** Fires with a connection's id when its containers or images are others. */
  readonly onDidChange: Event<string> = this.changed.event;

  constructor(private readonly options: ContainerServiceOptions) {
    this.api = new EngineApi(options);
    this.events = this.held.add(
      new DockerEvents(this.api, options.clock, connectionId => {
        this.changed.fire(connectionId);
      }),
    );
  }

  /** The containers of a machine. Where Docker does not answer, why. Rejects when the machine is not connected. */
  async list(connectionId: string, signal?: AbortSignal): Promise<ContainerList> {
    const session = this.liveSession(connectionId);
    try {
      const answer = await this.api.ask(session, get('/containers/json', { all: '1' }), signal);
      this.events.watch(connectionId, session);
      return { connectionId, state: 'up', containers: readContainers(answer) };
    } catch (failure) {
      if (!(failure instanceof DockerFailure)) throw failure;
      const { state, remedy } = failure;
      const error = SparkError.toInfo(failure.toSparkError(this.options.name(connectionId), session.route.username));
      return { connectionId, state, containers: [], error, ...(remedy !== undefined && { remedy }) };
    }
  }

  async usage(connectionId: string, signal: AbortSignal): Promise<ContainerUsage[]> {
    const session = this.liveSession(connectionId);
    const running = readContainers(await this.ask(connectionId, get('/containers/json'), signal));
    const gpus = this.gpuUse(session, signal);
    // a failure of the others is the one to tell
    gpus.catch(() => undefined);
    const stats = new Map<string, ReturnType<typeof readStats>>();
    const left = running.slice(0, MOST_MEASURED);
    const measure = async () => {
      for (let next = left.shift(); next; next = left.shift()) {
        // one that has ended meanwhile has no figures
        const answer = await this.ask(
          connectionId,
          get(`/containers/${next.id}/stats`, { stream: 'false' }),
          signal,
        ).catch((error: unknown) => {
          if (!SparkError.is(error, 'dockerFailed')) throw error;
          return '';
        });
        stats.set(next.id, readStats(answer));
      }
    };
    // Docker takes a second or two for the figures of each
    await Promise.all(Array.from({ length: await this.api.atOnce(session) }, measure));
    const uses = await gpus;
    return [...stats].map(([id, own]) => ({ id, ...own, ...(uses.get(id) ?? { gpuBytes: null, gpuProcesses: 0 }) }));
  }

  async act(connectionId: string, container: string, action: ContainerAction, signal: AbortSignal): Promise<void> {
    const path = `/containers/${encodeURIComponent(container)}`;
    const request: EngineRequest =
      action === 'remove'
        ? { method: 'DELETE', path, query: { force: '1' } }
        : { method: 'POST', path: `${path}/${ACTIONS[action]}` };
    await this.ask(connectionId, request, signal);
    this.changed.fire(connectionId);
  }

  /** As `docker inspect` prints it. */
  async inspect(connectionId: string, container: string, signal: AbortSignal): Promise<string> {
    const answer = await this.ask(connectionId, get(`/containers/${encodeURIComponent(container)}/json`), signal);
    return JSON.stringify([parsed(v.unknown(), answer)], null, 4);
  }

  /** Follows a log until the container ends or the signal comes. */
  async followLogs(connectionId: string, container: string, tail: number, follower: Follower): Promise<void> {
    const { signal, onText } = follower;
    const path = `/containers/${encodeURIComponent(container)}`;
    const { Config } = parsed(inspected, await this.ask(connectionId, get(`${path}/json`), signal));
    const frames = new LogFrames(Config.Tty);
    const query = { follow: '1', stdout: '1', stderr: '1', tail: String(tail) };
    const onChunk = (chunk: Buffer) => {
      const text = frames.take(chunk);
      if (text !== '') onText(text);
    };
    await this.explained(connectionId, session =>
      this.api.follow(session, get(`${path}/logs`, query), { signal, onChunk }),
    );
  }

  /** Makes and starts a container; resolves with its id. One that cannot be started is not left behind. */
  async run(connectionId: string, data: ContainerRunData, signal: AbortSignal): Promise<string> {
    const query = data.name === undefined ? {} : { name: data.name };
    const request: EngineRequest = { method: 'POST', path: '/containers/create', query, body: runRequest(data) };
    const { Id: id } = parsed(created, await this.ask(connectionId, request, signal));
    try {
      await this.ask(connectionId, { method: 'POST', path: `/containers/${id}/start` }, signal);
    } catch (error) {
      const remove: EngineRequest = { method: 'DELETE', path: `/containers/${id}`, query: { force: '1' } };
      await this.ask(connectionId, remove, new AbortController().signal).catch(() => undefined);
      throw error;
    }
    this.changed.fire(connectionId);
    return id;
  }

  async images(connectionId: string, signal: AbortSignal): Promise<Image[]> {
    return readImages(await this.ask(connectionId, get('/images/json'), signal), this.options.clock.now());
  }

  async pull(connectionId: string, image: string, follower: Follower): Promise<void> {
    await this.explained(connectionId, session => pullImage(this.api, session, image, follower));
    this.changed.fire(connectionId);
  }

  async removeImage(connectionId: string, image: string, signal: AbortSignal): Promise<void> {
    // a name may have slashes, which the engine takes as they are, but may not lead out of the images
    if (/(^|\/)\.{1,2}(\/|$)/.test(image))
      throw new SparkError({ code: 'invalidInput', message: 'That is not the name of an image.', field: 'image' });
    await this.ask(connectionId, { method: 'DELETE', path: `/images/${encodeURI(image)}` }, signal);
    this.changed.fire(connectionId);
  }

  /** Resolves with what is to be said of the space that is free again; empty where no image was left over. */
  async pruneImages(connectionId: string, signal: AbortSignal): Promise<string> {
    const query = { filters: JSON.stringify({ dangling: ['true'] }) };
    const answer = await this.ask(connectionId, { method: 'POST', path: '/images/prune', query }, signal);
    this.changed.fire(connectionId);
    const { ImagesDeleted, SpaceReclaimed } = parsed(pruned, answer);
    return ImagesDeleted && ImagesDeleted.length > 0 ? `${sizeWords(SpaceReclaimed)} are free again.` : '';
  }

  /** Lets go of connections that are gone. */
  follow(connections: readonly ConnectionView[]): void {
    for (const { id, status } of connections) if (status.state !== 'connected') this.events.forget(id);
  }

  dispose(): void {
    this.held.dispose();
  }

  private async ask(connectionId: string, request: EngineRequest, signal: AbortSignal): Promise<string> {
    return await this.explained(connectionId, session => this.api.ask(session, request, signal));
  }

  /** Does something over the session of a connection; what Docker has against it becomes a sentence. */
  private async explained<T>(connectionId: string, work: (session: SshSession) => Promise<T>): Promise<T> {
    const session = this.liveSession(connectionId);
    try {
      return await work(session);
    } catch (error) {
      if (!(error instanceof DockerFailure)) throw error;
      throw error.toSparkError(this.options.name(connectionId), session.route.username);
    }
  }

  private async gpuUse(session: SshSession, signal: AbortSignal) {
    const { run, clock } = this.options;
    const marker = randomBytes(16).toString('hex');
    const argv = ['sh', '-c', gpuScript, 'dgx-spark-containers', USUAL_FOLDERS, marker];
    const { stdout } = await run(session, argv, { timeoutMs: GPU_TIMEOUT_MS, maxBytes: GPU_BYTES, signal, clock });
    return readGpuUse(readSections(stdout, marker));
  }

  private liveSession(connectionId: string): SshSession {
    const name = this.options.name(connectionId);
    const session = this.options.session(connectionId);
    if (!session)
      throw new SparkError({ code: 'notConnected', message: `${name} is not connected.`, hint: 'Connect first.' });
    this.options.used(connectionId);
    return session;
  }
}

function get(path: string, query?: Readonly<Record<string, string>>): EngineRequest {
  return { method: 'GET', path, ...(query && { query }) };
}

function parsed<T extends v.GenericSchema>(schema: T, answer: string): v.InferOutput<T> {
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), answer);
  if (result.success) return result.output;
  throw new SparkError({ code: 'dockerFailed', message: 'Docker answered with something that it should not.' });
}
