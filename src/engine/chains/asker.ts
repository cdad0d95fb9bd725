import { SparkError } from '../../shared/errors.js';
import { exponentialBackoff } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import type { Gate, Open } from './gate.js';
import { LinkLost, Refused } from './ollama/errors.js';
import type { Pace } from './pace.js';
import type { Slots } from './slots.js';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
/** A request that breaks its way each time, while others get through, is what is wrong. */
const MOST_BREAKS = 10;
/** Errors of Ollama itself may pass (a model that was being unloaded); a busy one takes longer. */
const MOST_ERRORS = 2;
const MOST_BUSY = 100;

/** Puts requests to Ollama: so many at a time, again after a lost link, later where Ollama has too much to do. */
export class Asker {
  constructor(
    private readonly gate: Gate,
    private readonly slots: Slots,
    private readonly clock: Clock,
    private readonly signal: AbortSignal,
    /** Undefined where it was said how many are to be asked for at a time. */
    private readonly pace?: Pace,
  ) {}

  /** To be told of each answer, so that as many are asked for at a time as makes sense. */
  heard({ queued }: { readonly queued: number | null }): void {
    this.pace?.heard(queued);
  }

  /**
   * Resolves with what `work` answers. Rejects with {@link Refused}, and with a SparkError when the whole run cannot go on.
   * @param work asked anew from the start each time
   */
  async ask<T>(work: (ollama: Open) => Promise<T>): Promise<T> {
    return await this.slots.run(async () => await this.persist(work));
  }

  private async persist<T>(work: (ollama: Open) => Promise<T>): Promise<T> {
    const backoff = exponentialBackoff(FIRST_WAIT_MS, LONGEST_WAIT_MS);
    let breaks = 0;
    let errors = 0;
    let busy = 0;
    for (;;) {
      this.signal.throwIfAborted();
      const ollama = await this.gate.open();
      try {
        return await work(ollama);
      } catch (error) {
        if (this.signal.aborted) throw error;
        if (error instanceof LinkLost) {
          breaks += 1;
          if (breaks >= MOST_BREAKS) throw new Refused(0, `The request broke off ${breaks} times: ${error.message}.`);
          this.gate.lost(error);
          continue;
        }
        if (!(error instanceof Refused)) throw error;
        if (error.status === 404) throw modelMissing(error, ollama.url);
        if (error.isBusy && busy < MOST_BUSY) busy += 1;
        else if (error.status >= 500 && !error.isBusy && errors < MOST_ERRORS) errors += 1;
        else throw error;
      }
      await this.pause(backoff.next());
    }
  }

  private async pause(ms: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const abort = () => {
        timer.dispose();
        reject(this.signal.reason as Error);
      };
      const timer = this.clock.after(ms, () => {
        this.signal.removeEventListener('abort', abort);
        resolve();
      });
      this.signal.addEventListener('abort', abort, { once: true });
    });
  }
}

function modelMissing(error: Refused, url: string): SparkError {
  return new SparkError({
    code: 'modelMissing',
    message: `Ollama at ${url} says: ${error.message}.`,
    hint: 'Pull the model there, or switch to where it is, and continue the run.',
  });
}
