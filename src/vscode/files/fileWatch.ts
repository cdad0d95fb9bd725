import type { FileStat } from '../../shared/files.js';
import type { EngineClient } from '../engineClient.js';
import { Emitter, type Disposable } from '../emitter.js';
import type { Place } from './sparkUri.js';

/** How often what is open is looked at. */
const INTERVAL_MS = 3000;
/** What one request may name. */
const MOST_AT_ONCE = 500;

export interface Change extends Place {
  readonly kind: 'created' | 'changed' | 'deleted';
}

interface Watched extends Place {
  count: number;
  /** Undefined until it was looked at, null for nothing there. */
  seen: FileStat | null | undefined;
}

/** Tells when something that is open has changed on a Spark: servers do not tell, so it is looked at now and then. */
export class FileWatch implements Disposable {
  private readonly changed = new Emitter<readonly Change[]>();
  private readonly watched = new Map<string, Watched>();
  private timer: NodeJS.Timeout | undefined;
  private isLooking = false;

  readonly onDidChange = this.changed.event;

  /** @param isWanted whether anybody looks; a window in the background is brought up to date when it comes forward */
  constructor(
    private readonly client: Pick<EngineClient, 'request' | 'connection'>,
    private readonly isWanted: () => boolean,
    private readonly intervalMs = INTERVAL_MS,
  ) {}

  watch(place: Place): Disposable {
    const key = `${place.connectionId}:${place.path}`;
    const known = this.watched.get(key) ?? { ...place, count: 0, seen: undefined };
    known.count += 1;
    this.watched.set(key, known);
    this.schedule();
    let isOver = false;
    return {
      dispose: () => {
        if (isOver) return;
        isOver = true;
        known.count -= 1;
        if (known.count === 0) this.watched.delete(key);
      },
    };
  }

  /** Looks now. Resolves when it has looked. */
  async look(): Promise<void> {
    if (this.isLooking) return;
    this.isLooking = true;
    try {
      const byConnection = new Map<string, Watched[]>();
      for (const one of this.watched.values())
        byConnection.set(one.connectionId, [...(byConnection.get(one.connectionId) ?? []), one]);
      await Promise.all([...byConnection].map(async ([id, all]) => await this.lookAt(id, all.slice(0, MOST_AT_ONCE))));
    } finally {
      this.isLooking = false;
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.watched.clear();
    this.changed.dispose();
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const looked = this.isWanted() ? this.look() : Promise.resolve();
      void looked.finally(() => {
        if (this.watched.size > 0) this.schedule();
      });
    }, this.intervalMs);
  }

  private async lookAt(connectionId: string, all: readonly Watched[]): Promise<void> {
    if (this.client.connection(connectionId)?.status.state !== 'connected') return;
    const paths = all.map(({ path }) => path);
    const stats = await this.client.request('files/statAll', { connectionId, paths }).catch(() => undefined);
    if (!stats) return;
    const changes: Change[] = [];
    for (const [index, one] of all.entries()) {
      const [before, now] = [one.seen, stats[index] ?? null];
      one.seen = now;
      if (before === undefined) continue;
      const { path } = one;
      if (before === null) {
        if (now) changes.push({ connectionId, path, kind: 'created' });
      } else if (!now) changes.push({ connectionId, path, kind: 'deleted' });
      else if (before.mtime !== now.mtime || before.size !== now.size)
        changes.push({ connectionId, path, kind: 'changed' });
    }
    if (changes.length > 0) this.changed.fire(changes);
  }
}
