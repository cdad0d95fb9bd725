import type { ErrorInfo } from '../../shared/errors.js';
import { exponentialBackoff } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import type { Frame } from './frames.js';
import type { GpuReading } from './gpuReading.js';
import { Lateness } from './lateness.js';
import { type NvidiaSmiReport, parseNvidiaSmi } from './nvidiaSmi.js';
import { cutShort, explainFailure, isKnownFailure, NO_DEVICES, NVIDIA_SMI_MISSING } from './nvidiaSmiFailure.js';
import type { Question } from './remoteScript.js';
import { FIELD_SETS, RowReader } from './smiRows.js';

/** nvidia-smi takes under a second, and some on many busy GPUs; after this, and the interval, it hangs. */
export const GPU_SILENCE_MS = 15_000;
/** Before nvidia-smi is tried again after it was silent. */
const RETRY_MS = { first: 30_000, longest: 300_000 };
/** Before it is tried again after it failed, which costs a process. */
const RETRY_FAILED_MS = 10_000;

const SILENT: ErrorInfo = {
  code: 'nvidiaSmiSilent',
  message: `nvidia-smi has not answered for ${GPU_SILENCE_MS / 1000} seconds.`,
  hint: 'The NVIDIA driver may be stuck: look for "NVRM" or "Xid" in the output of "sudo dmesg" on the machine, and restart it if that stays.',
};

type State =
  | { readonly kind: 'off' }
  /** nvidia-smi's own loop prints rounds. */
  | { readonly kind: 'looping'; readonly rows: RowReader; readonly lateness: Lateness; heardAt: number }
  /** It cannot loop as asked: its document is asked for again and again. */
  | { readonly kind: 'documents'; askedAt: number | undefined }
  /** It failed, hangs or is missing. */
  | { readonly kind: 'resting'; readonly until: number };

export interface GpuSourceOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly intervalMs: () => number;
  ask(question: Question): void;
  askSystem(): void;
  /** All GPUs at one moment. `error`: what is wrong with it all the same. */
  onRound(gpus: readonly GpuReading[], error?: ErrorInfo): void;
  /** Seconds since the start of the machine, when it read what comes in now. */
  uptime(): number | null;
}

/**
 * Gets the readings of the GPUs out of nvidia-smi: by its own loop, which starts no process a sample, else by its
 * document. Notices when it fails, hangs or is missing, and tries it again.
 */
export class GpuSource {
  private state: State = { kind: 'off' };
  private fieldSet = 0;
  /** How many loops have been asked for: the number of the last. */
  private loops = 0;
  private readonly retries = exponentialBackoff(RETRY_MS.first, RETRY_MS.longest);
  private trouble: ErrorInfo | undefined;
  /** What only the document tells; undefined until one has come. */
  private report: NvidiaSmiReport | undefined;
  /** The first round waits for the document, but not longer than until the second. */
  private held: readonly GpuReading[] | undefined;

  constructor(private readonly options: GpuSourceOptions) {}

  /** Why there are no readings now. */
  get problem(): ErrorInfo | undefined {
    return this.trouble;
  }

  get driverVersion(): string | null {
    return this.report?.driverVersion ?? null;
  }

  /** Its document is asked for here already. */
  get readsDocuments(): boolean {
    return this.state.kind === 'documents';
  }

  /** Starts on a new channel. */
  begin(): void {
    this.loop('loop');
  }

  /** The interval has changed. */
  restart(): void {
    if (this.state.kind === 'looping') this.loop('loop');
  }

  /** The channel is gone, and all that ran there. */
  reset(): void {
    this.state = { kind: 'off' };
    this.trouble = undefined;
    this.report = undefined;
    this.held = undefined;
  }

  tick(now: number): void {
    const { state } = this;
    switch (state.kind) {
      case 'off':
        return;
      case 'looping':
        // a clock that was set back would make it wait
        state.heardAt = Math.min(state.heardAt, now);
        if (now - state.heardAt >= GPU_SILENCE_MS + this.options.intervalMs()) this.loopSilent(state.rows.complaint);
        return;
      case 'documents':
        if (state.askedAt !== undefined && now - state.askedAt >= GPU_SILENCE_MS) this.rest(SILENT);
        else if (state.askedAt === undefined) this.askDocument(now);
        return;
      case 'resting':
        if (now >= state.until || state.until - now > RETRY_MS.longest) this.loop('again');
    }
  }

  take(frame: Frame): void {
    const { state } = this;
    switch (frame.kind) {
      case 'row':
        if (state.kind === 'looping') this.takeRow(state, frame.text);
        return;
      case 'loopEnded':
        if (state.kind === 'looping' && frame.loop === this.loops) this.loopEnded(state.rows.complaint);
        return;
      case 'missing':
        if (state.kind === 'looping') this.fail(NVIDIA_SMI_MISSING, 0);
        return;
      case 'hanging':
        if (state.kind === 'looping') this.rest(SILENT);
        // the one before had its last line out, and was about to end: there is another round
        else if (state.kind === 'documents') state.askedAt = undefined;
        return;
      default:
    }
  }

  /** Takes the output of `nvidia-smi -q -x`, whoever asked for it; null when it is no document. */
  takeDocument(text: string): NvidiaSmiReport | null {
    const report = parseNvidiaSmi(text);
    if (report?.complete) {
      this.report = report;
      const { held } = this;
      this.held = undefined;
      if (held) this.options.onRound(this.withFacts(held));
    }
    if (this.state.kind === 'documents') this.takeAsRound(this.state, report, text);
    return report;
  }

  private loop(ask: 'loop' | 'again'): void {
    const fields = FIELD_SETS[this.fieldSet] ?? '';
    this.state = {
      kind: 'looping',
      rows: new RowReader(fields),
      lateness: new Lateness(),
      heardAt: this.options.clock.now(),
    };
    this.loops += 1;
    this.options.ask({ ask, number: this.loops, intervalMs: this.options.intervalMs(), fields });
  }

  private takeRow(state: Extract<State, { kind: 'looping' }>, text: string): void {
    const round = state.rows.take(text);
    if (!round) return;
    const now = this.options.clock.now();
    state.heardAt = now;
    if (state.lateness.isLate(this.options.uptime(), now)) return;
    this.works();
    if (!this.report && !this.held) {
      this.held = round;
      return;
    }
    this.held = undefined;
    this.options.onRound(this.withFacts(round));
  }

  private loopEnded(complaint: string): void {
    if (/is not a valid field/i.test(complaint) && this.fieldSet + 1 < FIELD_SETS.length) {
      this.fieldSet += 1;
      this.loop('loop');
      return;
    }
    if (isKnownFailure(complaint)) {
      this.fail(explainFailure(null, complaint), RETRY_FAILED_MS);
      return;
    }
    this.options.log.info('nvidia-smi does not loop as asked; its document is read instead.');
    this.state = { kind: 'documents', askedAt: undefined };
    this.askDocument(this.options.clock.now());
  }

  private loopSilent(complaint: string): void {
    this.options.ask({ ask: 'stop' });
    if (complaint === '') this.rest(SILENT);
    else this.loopEnded(complaint);
  }

  private askDocument(now: number): void {
    this.state = { kind: 'documents', askedAt: now };
    this.options.askSystem();
    this.options.ask({ ask: 'xml' });
  }

  private takeAsRound(
    state: Extract<State, { kind: 'documents' }>,
    report: NvidiaSmiReport | null,
    text: string,
  ): void {
    state.askedAt = undefined;
    if (!report) {
      this.fail(explainFailure(null, text), RETRY_FAILED_MS);
      return;
    }
    if (report.gpus.length === 0) {
      this.fail(explainFailure(NO_DEVICES, ''), RETRY_FAILED_MS);
      return;
    }
    this.works();
    this.options.onRound(report.gpus, report.complete ? undefined : cutShort(text));
  }

  private works(): void {
    if (this.trouble?.code === SILENT.code) this.options.log.info('nvidia-smi answers again.');
    this.trouble = undefined;
    this.retries.reset();
  }

  /** It does not answer: what was started is ended, and it is left alone for a while. */
  private rest(error: ErrorInfo): void {
    if (this.trouble?.code !== error.code) this.options.log.warn(error.message);
    this.options.ask({ ask: 'stop' });
    this.fail(error, this.retries.next());
  }

  private fail(error: ErrorInfo, retryMs: number): void {
    this.trouble = error;
    this.held = undefined;
    this.state = { kind: 'resting', until: this.options.clock.now() + retryMs };
    this.options.askSystem();
  }

  private withFacts(round: readonly GpuReading[]): readonly GpuReading[] {
    const known = this.report?.gpus;
    return round.map(gpu => {
      const documented = known?.[gpu.index];
      if (documented?.name !== gpu.name) return gpu;
      return { ...gpu, uuid: documented.uuid, throttle: gpu.throttle ?? documented.throttle };
    });
  }
}
