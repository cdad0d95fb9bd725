import { useEffect, useState } from 'preact/hooks';
import { type Job, type JobPoint, type JobUsage } from '../../src/shared/jobs.js';
import { usePanel } from '../state/context.js';

/** What the machine has recorded of some jobs, by their id. */
export interface Recorded {
  readonly points: readonly JobPoint[];
  readonly usage: readonly JobUsage[];
}
const NOTHING: Recorded = { points: [], usage: [] };

/** The curves of jobs, read again when the last figures of one are others. What was read stays when the link is lost. */
export function usePoints(jobs: readonly Job[], withUsage: boolean): ReadonlyMap<string, Recorded> {
  const { jobs: actions, store } = usePanel();
  const [all, setAll] = useState<ReadonlyMap<string, Recorded>>(new Map());
  const connected = store.connections.value.filter(({ status }) => status.state === 'connected').map(({ id }) => id);
  const readable = jobs.filter(({ connectionId, run }) => run > 0 && connected.includes(connectionId));
  const state = JSON.stringify([withUsage, readable.map(({ id, run, metrics }) => [id, run, metrics])]);
  useEffect(() => {
    let isCurrent = true;
    for (const { id } of readable) {
      const reading = Promise.all([actions.points(id), withUsage ? actions.usage(id) : Promise.resolve(undefined)]);
      reading.then(
        ([points, usage]) => {
          if (!isCurrent) return;
          setAll(before => new Map(before).set(id, { points, usage: usage ?? before.get(id)?.usage ?? [] }));
        },
        () => undefined, // the link went away; it is read again when that is back
      );
    }
    return () => {
      isCurrent = false;
    };
  }, [state]);
  return all;
}

export function recordedOf(all: ReadonlyMap<string, Recorded>, jobId: string): Recorded {
  return all.get(jobId) ?? NOTHING;
}
