import { SparkError } from '../../shared/errors.js';
import type { Answer, Question } from '../../shared/questions.js';
import type { Window, Windows } from './windows.js';

/** Puts a question to the user. Rejects with `cancelled` when the user, or `signal`, says so. */
export type Ask = (question: Question, signal: AbortSignal) => Promise<Answer>;

/**
 * Asks in the window that started the action, else in the focused one. When that window goes away the question moves
 * to another; when none is left it is cancelled.
 */
export function askThrough(windows: Windows, origin: Window | undefined): Ask {
  return async (question, signal) => {
    const gone = new Set<Window>();
    for (;;) {
      const window = choose(windows, origin, gone);
      if (!window) throw new SparkError({ code: 'cancelled', message: 'No window is open to answer a question.' });
      try {
        const answer = await window.peer.request('question/ask', question, signal);
        if (answer.kind === 'cancelled') throw new SparkError({ code: 'cancelled', message: 'Cancelled.' });
        return answer;
      } catch (error) {
        if (!SparkError.is(error, 'engineUnavailable') || signal.aborted) throw error;
        gone.add(window);
      }
    }
  };
}

function choose(windows: Windows, origin: Window | undefined, gone: ReadonlySet<Window>): Window | undefined {
  const usable = (window: Window | undefined) => window && !gone.has(window) && !window.peer.closed.aborted;
  if (origin && usable(origin)) return origin;
  const preferred = windows.preferred;
  if (usable(preferred)) return preferred;
  return windows.all.find(usable);
}
