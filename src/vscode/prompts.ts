import type { Answer, Question } from '../shared/questions.js';

export const CANCELLED: Answer = { kind: 'cancelled' };

/** Shows one question; resolves with the user's answer. */
export type ShowQuestion = (question: Question, signal: AbortSignal) => Promise<Answer>;

/** Puts the engine's questions to the user, one at a time. */
export class Prompts {
  private queue: Promise<unknown> = Promise.resolve();
  private open = 0;

  /** @param dialogs brings what shows questions, which is loaded when the first one comes */
  constructor(private readonly dialogs: () => Promise<ShowQuestion>) {}

  /** Whether a question waits for the user. */
  get isAsking(): boolean {
    return this.open > 0;
  }

  /** Resolves with the user's answer; with `cancelled` when the user closes the question or `signal` fires. */
  async ask(question: Question, signal: AbortSignal): Promise<Answer> {
    this.open += 1;
    const turn = this.queue.then(async () => {
      const show = await this.dialogs();
      return signal.aborted ? CANCELLED : await show(question, signal);
    });
    this.queue = turn.catch(() => undefined);
    try {
      return await untilAborted(turn, signal);
    } finally {
      this.open -= 1;
    }
  }
}

/** The editor cannot close a modal dialog for us; once the question is void its answer is not waited for. */
export async function untilAborted(answer: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  if (signal.aborted) return CANCELLED;
  let stop: (() => void) | undefined;
  const aborted = new Promise<Answer>(resolve => {
    stop = () => {
      resolve(CANCELLED);
    };
    signal.addEventListener('abort', stop);
  });
  try {
    return await Promise.race([answer, aborted]);
  } finally {
    if (stop) signal.removeEventListener('abort', stop);
  }
}
