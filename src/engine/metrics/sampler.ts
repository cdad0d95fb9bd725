import { type ErrorInfo, SparkError } from '../../shared/errors.js';
import type { Sample, SystemMemory } from '../../shared/metrics.js';
import { exponentialBackoff } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import { type Disposable, DisposableStore } from '../base/disposable.js';
import type { Logger } from '../base/logger.js';
import type { SshSession } from '../ssh/types.js';
import { buildSample } from './buildSample.js';
import type { Frame, GpuAnswer } from './frames.js';
import { parseMeminfo } from './meminfo.js';
import { SamplerChannel } from './samplerChannel.js';
import { Ticker } from './ticker.js';

/** nvidia-smi takes under a second, and some on many busy GPUs; after this it hangs. */
export const SILENCE_MS = 15_000;
const DEFAULT_INTERVAL_MS = 2_000;
/** Before a channel that ended is opened again. */
const RESTART_MS = { first: 1_000, longest: 60_000 };
/** Before nvidia-smi is tried again after it was silent. */
const RETRY_MS = { first: 30_000, longest: 300_000 };

const SILENT: ErrorInfo = {
  code: 'nvidiaSmiSilent',
  message: `nvidia-smi has not answered for ${SILENCE_MS / 1000} seconds.`,
  hint: 'The NVIDIA driver may be stuck: look for "NVRM" or "Xid" in the output of "sudo dmesg" on the machine, and restart it if that stays.',
};

export interface SamplerOptions {
  readonly connectionId: string;
  readonly session: SshSession;
  readonly intervalMs?: number;
  readonly clock: Clock;
  readonly log: Logger;
  onSample(sample: Sample): void;
}

/**
 * Reads one machine at a steady pace as long as its session lives. While an answer is outstanding nothing more is
 * asked: a gap, never a repeated value. When nvidia-smi hangs, the samples go on with the system's memory and the error
 * `nvidiaSmiSilent`. A channel that ends is opened again.
 */
export class Sampler implements Disposable {
  private readonly held = new DisposableStore();
  private readonly ticker: Ticker;
  private readonly restarts = exponentialBackoff(RESTART_MS.first, RESTART_MS.longest);
  private readonly retries = exponentialBackoff(RETRY_MS.first, RETRY_MS.longest);
  private channel: SamplerChannel | undefined;
  private restart: Disposable | undefined;
  /** The watchdogs of what was asked and not answered. */
  private memoryAsked: Disposable | undefined;
  private gpuAsked: Disposable | undefined;
  private memory: SystemMemory | null = null;
  /** Memory was asked for by itself, not on the way to nvidia-smi. */
  private memoryAlone = false;
  /** The present channel has answered at all. */
  private answered = false;
  /** nvidia-smi was told to end. */
  private stopped = false;
  /** When nvidia-smi, which was silent, is tried again; undefined while it answers. */
  private silentUntil: number | undefined;

  constructor(private readonly options: SamplerOptions) {
    const { clock, session, intervalMs } = options;
    this.ticker = this.held.add(
      new Ticker(clock, intervalMs ?? DEFAULT_INTERVAL_MS, () => {
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

  setInterval(ms: number): void {
    this.ticker.setInterval(ms);
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
      this.ticker.start();
    } catch (error) {
      if (!this.held.isDisposed) this.failed(SparkError.toInfo(error));
    }
  }

  private tick(): void {
    if (this.memoryAsked) return;
    if (this.silentUntil === undefined) {
      if (!this.gpuAsked) this.askGpu();
    } else if (this.options.clock.now() < this.silentUntil) this.askMemory();
    else if (this.gpuAsked) this.gpuSilent();
    else this.askGpu();
  }

  private askGpu(): void {
    this.expectMemory(false);
    this.gpuAsked = this.options.clock.after(SILENCE_MS, () => {
      this.gpuSilent();
    });
    this.channel?.ask('gpu');
  }

  private askMemory(): void {
    this.expectMemory(true);
    this.channel?.ask('memory');
  }

  private expectMemory(alone: boolean): void {
    this.memoryAlone = alone;
    this.memoryAsked = this.options.clock.after(SILENCE_MS, () => {
      this.channelStuck();
    });
  }

  private receive(frame: Frame): void {
    if (frame.kind === 'memory') this.receiveMemory(frame.text);
    else this.receiveGpu(frame);
  }

  private receiveMemory(text: string): void {
    if (!this.memoryAsked) return;
    this.memoryAsked.dispose();
    this.memoryAsked = undefined;
    this.answered = true;
    this.restarts.reset();
    this.memory = parseMeminfo(text);
    if (this.memoryAlone && this.silentUntil !== undefined) this.emit({ kind: 'none', error: SILENT });
  }

  private receiveGpu(answer: GpuAnswer): void {
    if (!this.gpuAsked) return;
    this.gpuAsked.dispose();
    this.gpuAsked = undefined;
    const killed = this.stopped && answer.kind === 'output' && answer.status > 128;
    this.stopped = false;
    if (killed) return;
    if (this.silentUntil !== undefined) this.options.log.info('nvidia-smi answers again.');
    this.silentUntil = undefined;
    this.retries.reset();
    this.emit(answer);
  }

  /** It stays asked: nothing starts a second one until the first has answered or was ended. */
  private gpuSilent(): void {
    if (this.silentUntil === undefined) this.options.log.warn(SILENT.message);
    this.silentUntil = this.options.clock.now() + this.retries.next();
    this.stopped = true;
    this.channel?.ask('stop');
    if (!this.memoryAsked) this.askMemory();
  }

  /** Not even memory is answered: it is the channel, not the driver. */
  private channelStuck(): void {
    this.letGo();
    this.options.log.warn('The channel of the metrics does not answer; it is opened again.');
    this.openLater();
  }

  private ended(reason: string): void {
    this.letGo();
    this.options.log.warn(`The channel of the metrics has ended (${reason}); it is opened again.`);
    if (!this.answered)
      this.emit({
        kind: 'none',
        error: {
          code: 'remoteCommandFailed',
          message: 'The machine does not run the commands that read its metrics.',
          hint: 'Check that the user has a normal shell on it ("sh" must run).',
        },
      });
    this.openLater();
  }

  private failed(error: ErrorInfo): void {
    this.options.log.warn(`The channel of the metrics could not be opened: ${error.message}`);
    this.emit({ kind: 'none', error });
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
    this.memoryAsked?.dispose();
    this.gpuAsked?.dispose();
    this.memoryAsked = this.gpuAsked = undefined;
    this.memory = null;
    this.stopped = false;
  }

  private emit(answer: Parameters<typeof buildSample>[3]): void {
    const { connectionId, clock, log } = this.options;
    try {
      this.options.onSample(buildSample(connectionId, clock.now(), this.memory, answer));
    } catch (error) {
      log.error(`A sample could not be handled: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
