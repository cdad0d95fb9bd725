import { randomBytes } from 'node:crypto';
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
import { printable } from '../base/remoteText.js';
import { readSections } from '../base/sections.js';
import { USUAL_FOLDERS } from '../base/usualFolders.js';
import type { Run } from '../ssh/run.js';
import type { SshSession } from '../ssh/types.js';
import { readContainers, readImages, readUsage } from './answers.js';
import { followDocker, runDocker } from './docker.js';
import { DockerEvents } from './events.js';
import { failure, remedyFor, stateOf } from './failures.js';
import { runArguments } from './runArguments.js';
import { usageScript } from './scripts.js';

const USAGE_TIMEOUT_MS = 25_000;
const USAGE_BYTES = 1024 * 1024;
const JSON_LINES = '--format={{json .}}';
const ACTIONS: Readonly<Record<ContainerAction, readonly string[]>> = {
  start: ['start'],
  stop: ['stop'],
  restart: ['restart'],
  pause: ['pause'],
  unpause: ['unpause'],
  remove: ['rm', '--force'],
};

export interface ContainerServiceOptions {
  /** Name of a connection. Throws `notFound`. */
  readonly name: (connectionId: string) => string;
  readonly session: (connectionId: string) => SshSession | undefined;
  /** Told that a connection is being used. */
  readonly used: (connectionId: string) => void;
  readonly run: Run;
  readonly clock: Clock;
}

/** Who reads what a program prints while it runs, and ends it. */
export interface Follower {
  readonly signal: AbortSignal;
  readonly onText: (text: string) => void;
}

/** The containers and images of each connection, by Docker's own program on the machine. */
export class ContainerService implements Disposable {
  private readonly held = new DisposableStore();
  private readonly changed = this.held.add(new Emitter<string>());
  private readonly events: DockerEvents;

  /** Fires with a connection's id when its containers or images are others. */
  readonly onDidChange: Event<string> = this.changed.event;

  constructor(private readonly options: ContainerServiceOptions) {
    this.events = this.held.add(
      new DockerEvents(options.clock, connectionId => {
        this.changed.fire(connectionId);
      }),
    );
  }

  /** The containers of a machine. Where Docker does not answer, why. Rejects when the machine is not connected. */
  async list(connectionId: string, signal?: AbortSignal): Promise<ContainerList> {
    const session = this.liveSession(connectionId);
    const argv = ['ps', '--all', '--no-trunc', JSON_LINES];
    const result = await runDocker(session, argv, this.with(signal));
    if (result.code === 0) {
      this.events.watch(connectionId, session);
      return { connectionId, state: 'up', containers: readContainers(result.stdout) };
    }
    const error = SparkError.toInfo(failure(result, this.options.name(connectionId), session.route.username));
    const remedy = remedyFor(result);
    return { connectionId, state: stateOf(result), containers: [], error, ...(remedy !== undefined && { remedy }) };
  }

  async usage(connectionId: string, signal: AbortSignal): Promise<ContainerUsage[]> {
    const { run, clock } = this.options;
    const marker = randomBytes(16).toString('hex');
    const argv = ['sh', '-c', usageScript, 'dgx-spark-containers', USUAL_FOLDERS, marker];
    const limits = { timeoutMs: USAGE_TIMEOUT_MS, maxBytes: USAGE_BYTES, signal, clock };
    const { stdout } = await run(this.liveSession(connectionId), argv, limits);
    return readUsage(readSections(stdout, marker));
  }

  async act(connectionId: string, container: string, action: ContainerAction, signal: AbortSignal): Promise<void> {
    await this.docker(connectionId, [...ACTIONS[action], container], signal);
    this.changed.fire(connectionId);
  }

  async inspect(connectionId: string, container: string, signal: AbortSignal): Promise<string> {
    return await this.docker(connectionId, ['container', 'inspect', container], signal);
  }

  /** Follows a log until the container ends or the signal comes. */
  async followLogs(connectionId: string, container: string, tail: number, follower: Follower): Promise<void> {
    await this.print(connectionId, ['logs', '--follow', `--tail=${tail}`, container], follower);
  }

  /** Makes and starts a container; resolves with its id. */
  async run(connectionId: string, data: ContainerRunData, signal: AbortSignal): Promise<string> {
    const stdout = await this.docker(connectionId, runArguments(data), signal);
    this.changed.fire(connectionId);
    return /[0-9a-f]{64}/.exec(stdout)?.[0] ?? '';
  }

  async images(connectionId: string, signal: AbortSignal): Promise<Image[]> {
    return readImages(await this.docker(connectionId, ['images', '--no-trunc', JSON_LINES], signal));
  }

  async pull(connectionId: string, image: string, follower: Follower): Promise<void> {
    await this.print(connectionId, ['pull', image], follower);
    this.changed.fire(connectionId);
  }

  async removeImage(connectionId: string, image: string, signal: AbortSignal): Promise<void> {
    await this.docker(connectionId, ['rmi', image], signal);
    this.changed.fire(connectionId);
  }

  /** Resolves with what Docker says of the space that is free again. */
  async pruneImages(connectionId: string, signal: AbortSignal): Promise<string> {
    const stdout = await this.docker(connectionId, ['image', 'prune', '--force'], signal);
    this.changed.fire(connectionId);
    return printable(stdout.trim().split('\n').at(-1) ?? '', 200);
  }

  /** Lets go of connections that are gone. */
  follow(connections: readonly ConnectionView[]): void {
    for (const { id, status } of connections) if (status.state !== 'connected') this.events.forget(id);
  }

  dispose(): void {
    this.held.dispose();
  }

  private async docker(connectionId: string, argv: readonly string[], signal: AbortSignal): Promise<string> {
    const session = this.liveSession(connectionId);
    const result = await runDocker(session, argv, this.with(signal));
    if (result.code !== 0) throw failure(result, this.options.name(connectionId), session.route.username);
    return result.stdout;
  }

  private async print(connectionId: string, argv: readonly string[], follower: Follower): Promise<void> {
    const session = this.liveSession(connectionId);
    const ending = await followDocker(session, argv, follower);
    if (ending.code !== 0) throw failure(ending, this.options.name(connectionId), session.route.username);
  }

  private with(signal?: AbortSignal) {
    const { run, clock } = this.options;
    return { run, clock, ...(signal && { signal }) };
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
