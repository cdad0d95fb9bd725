import type { MachineDetails } from '../../shared/details.js';
import { type ErrorInfo, SparkError } from '../../shared/errors.js';
import type { Sample } from '../../shared/metrics.js';
import { exponentialBackoff } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import { type Disposable, DisposableStore } from '../base/disposable.js';
import type { Logger } from '../base/logger.js';
import type { SshSession } from '../ssh/types.js';
import { buildSample } from './buildSample.js';
import { DetailsReader } from './detailsReader.js';
import type { Frame } from './frames.js';
import { GpuSource } from './gpuSource.js';
import { SamplerChannel } from './samplerChannel.js';
import type { Question } from './remoteScript.js';
import { type LastCounters, SystemReader, type SystemReading } from './systemReader.js';
import { Ticker } from './ticker.js';

/** The machine itself answers at once; after this the channel is dead. */
export const SILENCE_MS = 15_000;
const DEFAULT_INTERVAL_MS = 2_000;
const DEFAULT_DETAILS_MS = 30_000;
/** Before a channel that ended is opened again. */
const RESTART_MS = { first: 1_000, longest: 60_000 };
/** At longer intervals the questions of one reading of details would be too far apart. */
const HURRY_FROM_MS = 5_000;

const NO_SHELL: ErrorInfo = {
  code: 'remoteCommandFailed',
  message: 'The machine does not run the commands that read its metrics.',
  hint: 'Check that the user has a normal shell on it ("sh" must run).',
};

export interface SamplerOptions {
  readonly connectionId: string;
  readonly session: SshSession;
  readonly intervalMs?: number;
  /** Between two readings of what changes slowly. */
  readonly detailsMs?: number;
  readonly clock: Clock;
  readonly log: Logger;
  onSample(sample: Sample): void;
  onDetails?(details: MachineDetails): void;
}

/**
 * Reads one machine at a steady pace as long as its session lives. What is late or missing leaves a gap, never a repeated
 * value. When nvidia-smi cannot be read, the samples go on with the machine's own readings and the reason as their
 * error. A channel that ends is opened again.
 */
export class Sampler implements Disposable {
  private readonly held = new DisposableStore();
  private readonly ticker: Ticker;
  private readonly restarts = exponentialBackoff(RESTART_MS.first, RESTART_MS.longest);
  private readonly details: DetailsReader;
  private readonly gpus: GpuSource;
  private channel: SamplerChannel | undefined;
  private restart: Disposable | undefined;
  /** Watches over a question to the machine itself. */
  private systemAsked: Disposable | undefined;
  private counters: LastCounters = {};
  private looped = new SystemReader(this.counters);
  private asked = new SystemReader(this.counters);
  /** What the machine said of itself along with the round of GPUs that is coming in. */
  private reading: SystemReading | null = null;
  /** GPUs that wait for what the machine says of itself. */
  private round: Pick<Parameters<typeof buildSample>[0], 'gpus' | 'error'> | undefined;
  /** When nvidia-smi's document was asked for that has not come yet. */
  private documentAskedAt: number | undefined;
  /** The present channel has answered at all. */
  private answered = false;
  private detailsAt = -Infinity;
  private detailsMs: number;
  private intervalMs: number;

  constructor(private readonly options: SamplerOptions) {
    const { clock, session, log, connectionId } = options;
    this.intervalMs = options.intervalMs ?? DEFAULT_INTERVAL_MS;
    this.detailsMs = options.detailsMs ?? DEFAULT_DETAILS_MS;
    const ask: SamplerChannel['ask'] = question => {
      this.ask(question);
    };
    this.gpus = new GpuSource({
      ...{ clock, log, ask },
      intervalMs: () => this.intervalMs,
      askSystem: () => {
        this.askSystem();
      },
      onRound: (gpus, error) => {
        // the machine's own reading may still be on its way
        if (this.systemAsked && !this.reading) this.round = { gpus, error };
        else this.emitRound(gpus, error);
      },
      uptime: () => this.looped.uptime,
    });
    this.details = new DetailsReader({
      ...{ clock, connectionId, ask },
      parse: text => this.gpus.takeDocument(text),
      onDetails: details => {
        this.options.onDetails?.(details);
      },
    });
    this.ticker = this.held.add(
      new Ticker(clock, this.intervalMs, () => {
        this.tick();
      }),
    );
    this.held.add(
      session.onDidEnd(() => {
        this.dispose();
      }),
    );
    void this.open();
  }

  /** Takes another pace at once. */
  setPace(intervalMs: number, detailsMs: number): void {
    this.detailsMs = detailsMs;
    if (intervalMs === this.intervalMs) return;
    this.intervalMs = intervalMs;
    this.ticker.setInterval(intervalMs);
    if (this.channel) this.gpus.restart();
  }

  /** Reads what changes slowly now, instead of when it is due. */
  refreshDetails(): void {
    if (!this.channel) return;
    this.detailsAt = this.options.clock.now();
    const { problem, readsDocuments } = this.gpus;
    this.details.begin({ hurry: true, document: !problem && !readsDocuments });
  }

  dispose(): void {
    this.held.dispose();
    this.restart?.dispose();
    this.letGo();
  }

  private async open(): Promise<void> {
    this.answered = false;
    // a channel may end before the promise of its opening is heard
    const life = { over: false };
    try {
      const channel = await SamplerChannel.open(this.options.session, {
        onFrame: frame => {
          this.receive(frame);
        },
        onEnd: reason => {
          life.over = true;
          // a lost link ends its channels just before it says that it is lost; then there is nothing to open again
          queueMicrotask(() => {
            if (!this.held.isDisposed) this.ended(reason);
          });
        },
      });
      if (life.over) return;
      if (this.held.isDisposed) {
        channel.dispose();
        return;
      }
      this.channel = channel;
      this.gpus.begin();
      this.ticker.start();
    } catch (error) {
      if (!this.held.isDisposed) this.failed(SparkError.toInfo(error));
    }
  }

  private tick(): void {
    const now = this.options.clock.now();
    this.gpus.tick(now);
    const { problem, readsDocuments } = this.gpus;
    if (problem) this.askSystem();
    // also when the clock was set back
    const due = now - this.detailsAt >= this.detailsMs || now < this.detailsAt;
    if (due && !this.details.isReading) {
      // the first ones are waited for
      const hurry = this.detailsAt === -Infinity || this.intervalMs >= HURRY_FROM_MS;
      this.detailsAt = now;
      this.details.begin({ hurry, document: !problem && !readsDocuments });
    } else this.details.step();
  }

  /** A document that is on its way answers everybody who asks for one: two at a time would be mixed up. */
  private ask(question: Question): void {
    if (question.ask === 'xml') {
      const now = this.options.clock.now();
      const since = now - (this.documentAskedAt ?? -Infinity);
      if (since >= 0 && since < SILENCE_MS) return;
      this.documentAskedAt = now;
    }
    if (question.ask === 'stop') this.documentAskedAt = undefined;
    this.channel?.ask(question);
  }

  private askSystem(): void {
    if (this.systemAsked || !this.channel) return;
    this.systemAsked = this.options.clock.after(SILENCE_MS, () => {
      this.channelStuck();
    });
    this.channel.ask({ ask: 'system' });
  }

  private receive(frame: Frame): void {
    this.answered = true;
    this.restarts.reset();
    if (frame.kind === 'missing' || frame.kind === 'hanging' || (frame.kind === 'block' && frame.name === 'xml'))
      this.documentAskedAt = undefined;
    switch (frame.kind) {
      case 'uptime':
      case 'memory':
      case 'cpu':
      case 'pressure':
      case 'network':
        if (frame.looped) this.reading = this.looped.take(frame) ?? null;
        else this.receiveSystem(this.asked.take(frame));
        return;
      default:
        if (!this.details.take(frame)) this.gpus.take(frame);
    }
  }

  private receiveSystem(reading: SystemReading | undefined): void {
    if (!reading) return;
    this.systemAsked?.dispose();
    this.systemAsked = undefined;
    const { problem } = this.gpus;
    const { round } = this;
    this.round = undefined;
    if (problem) this.emit(reading, [], problem);
    else this.reading = reading;
    if (round && !problem) this.emitRound(round.gpus, round.error);
  }

  /** The machine itself is not answered for: it is the channel, not the driver. */
  private channelStuck(): void {
    this.letGo();
    this.options.log.warn('The channel of the metrics does not answer; it is opened again.');
    this.openLater();
  }

  private ended(reason: string): void {
    this.letGo();
    this.options.log.warn(`The channel of the metrics has ended (${reason}); it is opened again.`);
    if (!this.answered) this.emit(null, [], NO_SHELL);
    this.openLater();
  }

  private failed(error: ErrorInfo): void {
    this.options.log.warn(`The channel of the metrics could not be opened: ${error.message}`);
    this.emit(null, [], error);
    this.openLater();
  }

  private openLater(): void {
    this.restart?.dispose();
    this.restart = this.options.clock.after(this.restarts.next(), () => void this.open());
  }

  /** Ends the channel and forgets what it was asked and answered. */
  private letGo(): void {
    this.ticker.dispose();
    this.channel?.dispose();
    this.channel = undefined;
    this.systemAsked?.dispose();
    this.systemAsked = undefined;
    this.details.dispose();
    this.gpus.reset();
    this.detailsAt = -Infinity;
    this.counters = {};
    this.looped = new SystemReader(this.counters);
    this.asked = new SystemReader(this.counters);
    this.reading = null;
    this.round = undefined;
    this.documentAskedAt = undefined;
  }

  private emitRound(gpus: Parameters<typeof buildSample>[0]['gpus'], error?: ErrorInfo): void {
    this.emit(this.reading, gpus, error);
    this.reading = null;
  }

  private emit(system: SystemReading | null, gpus: Parameters<typeof buildSample>[0]['gpus'], error?: ErrorInfo): void {
    const { connectionId, clock, log } = this.options;
    const { driverVersion } = this.gpus;
    try {
      this.options.onSample(buildSample({ connectionId, at: clock.now(), system, gpus, driverVersion, error }));
    } catch (failure) {
      log.error(`A sample could not be handled: ${failure instanceof Error ? failure.message : String(failure)}`);
    }
  }
}
