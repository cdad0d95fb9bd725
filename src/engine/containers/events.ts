import type { Clock } from '../base/clock.js';
import type { Disposable } from '../base/disposable.js';
import type { SshSession } from '../ssh/types.js';
import type { EngineApi } from './engineApi.js';

/** A start is several events: who listens is told once. */
const TELL_AFTER_MS = 250;
/** What changes a list. Health checks, `exec` and attaching are not among them. */
const EVENTS = [
  ...['create', 'start', 'restart', 'stop', 'die', 'destroy', 'rename', 'pause', 'unpause', 'health_status'],
  ...['pull', 'tag', 'untag', 'delete', 'import', 'load'],
];

/** Listens to Docker on each machine that somebody looked at, over one channel, as long as its session lives. */
export class DockerEvents implements Disposable {
  private readonly watched = new Map<string, { readonly session: SshSession; readonly abort: AbortController }>();
  private readonly waiting = new Map<string, Disposable>();

  /** @param onChange told the connection whose containers or images are others */
  constructor(
    private readonly api: EngineApi,
    private readonly clock: Clock,
    private readonly onChange: (connectionId: string) => void,
  ) {}

  watch(connectionId: string, session: SshSession): void {
    const before = this.watched.get(connectionId);
    if (before?.session === session) return;
    before?.abort.abort();
    const abort = new AbortController();
    this.watched.set(connectionId, { session, abort });
    const ended = () => {
      // asked for again by the next one who looks
      if (this.watched.get(connectionId)?.session === session) this.watched.delete(connectionId);
    };
    const query = { filters: JSON.stringify({ event: EVENTS }) };
    const onChunk = () => {
      this.soon(connectionId);
    };
    const { signal } = abort;
    this.api.follow(session, { method: 'GET', path: '/events', query }, { signal, onChunk }).then(ended, ended);
  }

  forget(connectionId: string): void {
    this.watched.get(connectionId)?.abort.abort();
    this.watched.delete(connectionId);
    this.waiting.get(connectionId)?.dispose();
    this.waiting.delete(connectionId);
  }

  dispose(): void {
    for (const connectionId of [...this.watched.keys(), ...this.waiting.keys()]) this.forget(connectionId);
  }

  private soon(connectionId: string): void {
    if (this.waiting.has(connectionId)) return;
    this.waiting.set(
      connectionId,
      this.clock.after(TELL_AFTER_MS, () => {
        this.waiting.delete(connectionId);
        this.onChange(connectionId);
      }),
    );
  }
}
