import { SparkError } from '../../shared/errors.js';
import { exponentialBackoff } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import { type ChainSurroundings, resolveEndpoint, type Way } from './endpoints.js';
import { OllamaClient } from './ollama/client.js';
import { type LinkLost } from './ollama/errors.js';

const FIRST_LOOK_MS = 500;
const LONGEST_LOOK_MS = 15_000;
/** A tunnel holds requests for 20 s while its link comes back. */
const LONGEST_LOOK_FOR_MS = 30_000;
/** An Ollama that no lost link explains and that is away for so long is not expected back. */
const GIVE_UP_MS = 10 * 60_000;

/** An Ollama that can be asked. */
export interface Open {
  readonly url: string;
  readonly way: Way | undefined;
  readonly client: OllamaClient;
}

export interface GateOptions {
  /** `auto`, `local`, `dgx` or an address. */
  readonly endpoint: string;
  readonly around: ChainSurroundings;
  readonly clock: Clock;
  /** Ends all waiting. */
  readonly signal: AbortSignal;
  /** Told why requests have to wait, and with undefined that they may go on. */
  readonly onWait: (reason: string | undefined) => void;
}

/**
 * Where the requests of one run go through. Says at each request where its Ollama is; when the way is broken, all
 * requests wait here until it answers again.
 */
export class Gate {
  private waiting: Promise<void> | undefined;
  /** The connection that requests went over last. */
  private used: string | undefined;

  constructor(
    private readonly options: GateOptions,
    used?: string,
  ) {
    this.used = used;
  }

  /** Resolves with the Ollama to ask. Rejects with `ollamaUnreachable` when it is given up. */
  async open(): Promise<Open> {
    for (;;) {
      await this.waiting;
      const found = this.find();
      if (found) return found;
      this.startWaiting('');
    }
  }

  /** To be called when a request failed on its way. Whoever calls {@link open} after that waits. */
  lost(error: LinkLost): void {
    this.startWaiting(error.message);
  }

  private find(): Open | undefined {
    const { endpoint, around } = this.options;
    const found = resolveEndpoint(endpoint, around, this.used);
    if (found.kind === 'down') return undefined;
    this.used = found.way?.id;
    return { url: found.url, way: found.way, client: new OllamaClient(found.url) };
  }

  private startWaiting(reason: string): void {
    this.waiting ??= this.untilOpen(reason).finally(() => {
      this.waiting = undefined;
    });
    // those who wait hear of it
    this.waiting.catch(() => undefined);
  }

  private async untilOpen(firstReason: string): Promise<void> {
    const { endpoint, around, clock, onWait } = this.options;
    const backoff = exponentialBackoff(FIRST_LOOK_MS, LONGEST_LOOK_MS);
    let problem = firstReason;
    let awayFrom: number | undefined;
    for (;;) {
      const found = resolveEndpoint(endpoint, around, this.used);
      if (found.kind === 'down') {
        onWait(found.reason);
        awayFrom = undefined;
      } else {
        problem = (await this.complaintOf(found.url)) ?? '';
        if (problem === '') break;
        awayFrom ??= clock.now();
        onWait(`Ollama at ${found.url} does not answer: ${problem}.`);
        if (clock.now() - awayFrom > GIVE_UP_MS)
          throw new SparkError({
            code: 'ollamaUnreachable',
            message: `Ollama at ${found.url} has not answered for ten minutes: ${problem}.`,
            hint: 'Continue the run when it is there again.',
          });
      }
      await this.somethingHappens(backoff.next());
    }
    onWait(undefined);
  }

  /** What keeps an Ollama from answering; undefined when it does. */
  private async complaintOf(url: string): Promise<string | undefined> {
    const late = AbortSignal.timeout(LONGEST_LOOK_FOR_MS);
    try {
      await new OllamaClient(url).version(AbortSignal.any([this.options.signal, late]));
      return undefined;
    } catch (error) {
      if (this.options.signal.aborted) throw error;
      if (late.aborted) return 'no answer came in time';
      return error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
    }
  }

  /** A change of the connections, or some time. */
  private async somethingHappens(ms: number): Promise<void> {
    const { clock, around, signal } = this.options;
    await new Promise<void>((resolve, reject) => {
      const end = () => {
        timer.dispose();
        changes.dispose();
        signal.removeEventListener('abort', abort);
      };
      const abort = () => {
        end();
        reject(signal.reason as Error);
      };
      const go = () => {
        end();
        resolve();
      };
      const timer = clock.after(ms, go);
      const changes = around.onDidChange(go);
      signal.addEventListener('abort', abort);
      if (signal.aborted) abort();
    });
  }
}
