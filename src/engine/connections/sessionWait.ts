import { SparkError } from '../../shared/errors.js';
import type { Clock } from '../base/clock.js';
import { DisposableStore, toDisposable } from '../base/disposable.js';
import type { SshSession, UseOptions } from '../ssh/types.js';
import type { Link } from './link.js';

/** How long somebody who has clicked waits for a link that is coming back. */
const WAIT_MS = 20_000;

/**
 * The live session of a link, or the next one where it is being connected. Rejects with `notConnected` when nobody connects it, when that fails, and
 * when it takes too long; the reason for which it is not there is the hint.
 */
export async function waitForSession(
  link: Link,
  name: string,
  clock: Clock,
  { signal, waitMs = WAIT_MS }: UseOptions,
): Promise<SshSession> {
  if (signal?.aborted) throw cancelled();
  const live = link.liveSession;
  if (live) return live;
  const isComing = () => link.status.state === 'connecting' || link.status.state === 'reconnecting';
  if (!isComing()) throw notConnected(link, name);
  const held = new DisposableStore();
  try {
    return await new Promise((resolve, reject) => {
      held.add(link.onDidConnect(resolve));
      held.add(
        link.onDidChange(({ state }) => {
          if (state !== 'connected' && !isComing()) reject(notConnected(link, name));
        }),
      );
      if (Number.isFinite(waitMs)) held.add(clock.after(waitMs, () => reject(notConnected(link, name))));
      const onAbort = () => reject(cancelled());
      signal?.addEventListener('abort', onAbort);
      held.add(toDisposable(() => signal?.removeEventListener('abort', onAbort)));
    });
  } finally {
    held.dispose();
  }
}

function notConnected({ status }: Link, name: string): SparkError {
  const { state, error } = status;
  return new SparkError({
    code: 'notConnected',
    message: state === 'reconnecting' ? `The link to ${name} is down.` : `${name} is not connected.`,
    hint: state === 'reconnecting' ? (error?.message ?? 'It is tried again by itself.') : 'Connect first.',
  });
}

function cancelled(): SparkError {
  return new SparkError({ code: 'cancelled', message: 'It was cancelled.' });
}
