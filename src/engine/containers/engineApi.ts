import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import * as v from 'valibot';
import { SparkError } from '../../shared/errors.js';
import type { Clock } from '../base/clock.js';
import { printable } from '../base/remoteText.js';
import { USUAL_FOLDERS } from '../base/usualFolders.js';
import type { Run } from '../ssh/run.js';
import type { SshSession } from '../ssh/types.js';
import { type EnginePlaces, type EngineWay, findPlaces, waysOf } from './engineWays.js';
import { DockerFailure, type Ending, reasonOf, stateOf } from './failures.js';
import { dockerScript } from './scripts.js';

const MAX_BYTES = 8 * 1024 * 1024;
const MAX_STDERR = 4096;
/** Stopping waits for the program in the container: ten seconds, unless the container says otherwise. */
const TIMEOUT_MS = 60_000;
/** Docker's program has ended before its last word is through. */
const ENDING_MS = 3000;

const SOCKETS_AT_ONCE = 8;
const PROGRAMS_AT_ONCE = 2;

/** A request to the Docker Engine API. No version in its path: the engine answers by its own. */
export interface EngineRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Begins with `/`; what varies in it is encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface EngineApiOptions {
  readonly run: Run;
  readonly clock: Clock;
}

/** A connection to the engine, for one request. */
interface Line {
  readonly stream: Duplex;
  /** How the program that made it ended, once it has. */
  readonly ending?: Promise<Ending>;
  dispose(): void;
}

const complaint = v.object({ message: v.string() });

/**
 * Talks to the Docker Engine API of a machine over its SSH session: through the socket where sshd lets it, else through
 * `docker system dial-stdio`. Podman answers the same requests.
 */
export class EngineApi {
  private readonly places = new WeakMap<SshSession, Promise<EnginePlaces>>();
  /** Sessions whose server lets nobody through to the socket, as far as is known. */
  private readonly withoutSocket = new WeakSet<SshSession>();

  constructor(private readonly options: EngineApiOptions) {}

  /** The text of the answer. Rejects with {@link DockerFailure}, `cancelled`, and what a lost link rejects with. */
  async ask(session: SshSession, request: EngineRequest, signal?: AbortSignal): Promise<string> {
    const chunks: Buffer[] = [];
    let length = 0;
    const limit = new AbortController();
    const timer = this.options.clock.after(TIMEOUT_MS, () => {
      limit.abort();
    });
    try {
      const both = signal ? AbortSignal.any([signal, limit.signal]) : limit.signal;
      await this.exchange(session, request, both, chunk => {
        length += chunk.length;
        if (length > MAX_BYTES) throw new DockerFailure('failed', 'it says more than can be true.');
        chunks.push(chunk);
      });
    } catch (error) {
      if (limit.signal.aborted && !signal?.aborted) throw new DockerFailure('failed', 'it did not answer in time.');
      throw error;
    } finally {
      timer.dispose();
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  /** Hands over the answer piece by piece until it ends or the signal comes. Rejects as {@link ask} does. */
  async follow(
    session: SshSession,
    request: EngineRequest,
    { signal, onChunk }: { readonly signal: AbortSignal; readonly onChunk: (chunk: Buffer) => void },
  ): Promise<void> {
    await this.exchange(session, request, signal, onChunk);
  }

  /** Whether Docker's own program is on the machine. */
  async hasProgram(session: SshSession): Promise<boolean> {
    return (await this.placesOn(session)).hasProgram;
  }

  /** How many requests may be under way at a time: a program takes one of the few sessions that sshd allows (`MaxSessions`). */
  async atOnce(session: SshSession): Promise<number> {
    const [first] = this.waysOn(session, await this.placesOn(session));
    return first?.kind === 'socket' ? SOCKETS_AT_ONCE : PROGRAMS_AT_ONCE;
  }

  private async exchange(
    session: SshSession,
    request: EngineRequest,
    signal: AbortSignal,
    onChunk: (chunk: Buffer) => void,
  ): Promise<void> {
    throwIfAborted(signal);
    const line = await this.open(session);
    let lost: unknown;
    line.stream.once('error', error => (lost = error));
    try {
      throwIfAborted(signal);
      const response = await answerOf(line, request, signal);
      // 304: it is as wished already; no engine that means well leads elsewhere
      const { statusCode: status = 0 } = response;
      if ((status >= 200 && status < 300) || status === 304) {
        await readAll(response, onChunk);
        return;
      }
      let said = '';
      await readAll(response, chunk => {
        if (said.length < MAX_STDERR) said += chunk.toString('utf8');
      });
      throw new DockerFailure('failed', complaintOf(said, status));
    } catch (error) {
      throwIfAborted(signal);
      // Node's HTTP says of a lost link only that the answer broke off
      for (const reason of [error, lost])
        if (reason instanceof DockerFailure || reason instanceof SparkError) throw reason;
      // somewhere else next time
      this.places.delete(session);
      throw (await this.failureOf(line)) ?? new DockerFailure('failed', 'its answer broke off.');
    } finally {
      line.dispose();
    }
  }

  /** What Docker's program had to complain about, where it did. */
  private async failureOf({ ending }: Line): Promise<DockerFailure | undefined> {
    if (!ending) return undefined;
    let timer: { dispose(): void } | undefined;
    const late = new Promise<undefined>(resolve => {
      timer = this.options.clock.after(ENDING_MS, () => {
        resolve(undefined);
      });
    });
    const ended = await Promise.race([ending, late]);
    timer?.dispose();
    return ended && new DockerFailure(stateOf(ended), reasonOf(ended));
  }

  private async open(session: SshSession): Promise<Line> {
    let refused: unknown;
    for (const way of this.waysOn(session, await this.placesOn(session))) {
      if (way.kind === 'program') return await dial(session);
      try {
        const stream = await session.forwardSocket(way.path);
        return { stream, dispose: () => stream.destroy() };
      } catch (error) {
        // closed by the server, or nothing listens: Docker's program can tell
        if (!SparkError.is(error, 'forwardRefused')) throw error;
        refused = error;
        this.withoutSocket.add(session);
      }
    }
    this.places.delete(session);
    throw new DockerFailure('failed', SparkError.toInfo(refused).message);
  }

  private waysOn(session: SshSession, places: EnginePlaces): readonly EngineWay[] {
    try {
      const ways = waysOf(places);
      const programs = ways.filter(({ kind }) => kind === 'program');
      return this.withoutSocket.has(session) && programs.length > 0 ? programs : ways;
    } catch (error) {
      // who looks again may find what was installed meanwhile
      this.places.delete(session);
      throw error;
    }
  }

  private async placesOn(session: SshSession): Promise<EnginePlaces> {
    const known = this.places.get(session);
    if (known) return await known;
    const { run, clock } = this.options;
    const found = findPlaces(session, run, clock);
    this.places.set(session, found);
    found.catch(() => this.places.delete(session));
    return await found;
  }
}

/** Lets Docker's own program connect its input and output with the engine. */
async function dial(session: SshSession): Promise<Line> {
  const argv = ['sh', '-c', dockerScript, 'dgx-spark-docker', USUAL_FOLDERS, 'system', 'dial-stdio'];
  const remote = await session.spawn(argv);
  let stderr = '';
  remote.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-MAX_STDERR);
  });
  const ending = remote.exited.then(({ code }) => ({ code, stderr }));
  return { stream: remote.stream, ending, dispose: () => remote.dispose() };
}

function answerOf(line: Line, request: EngineRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const { method, path, query, body } = request;
  const text = body === undefined ? undefined : JSON.stringify(body);
  const search = query ? `?${new URLSearchParams(query).toString()}` : '';
  return new Promise((resolve, reject) => {
    const call: ClientRequest = httpRequest({
      createConnection: () => line.stream,
      ...{ method, path: `${path}${search}`, setHost: false },
      headers: {
        Host: 'docker',
        ...(text !== undefined && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
      },
    });
    const giveUp = () => call.destroy(new Error('given up'));
    signal.addEventListener('abort', giveUp);
    call.once('close', () => signal.removeEventListener('abort', giveUp));
    call.on('error', reject);
    call.on('response', resolve);
    call.end(text);
  });
}

async function readAll(response: IncomingMessage, onChunk: (chunk: Buffer) => void): Promise<void> {
  for await (const chunk of response) onChunk(chunk as Buffer);
}

function complaintOf(text: string, status: number): string {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), complaint), text);
  const said = printable(parsed.success ? parsed.output.message : text, 300);
  return said === '' ? `it answered with HTTP ${status}.` : said;
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new SparkError({ code: 'cancelled', message: 'It was cancelled.' });
}
