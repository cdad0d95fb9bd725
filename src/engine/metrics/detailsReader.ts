import type { GpuDetails, MachineDetails } from '../../shared/details.js';
import type { Clock } from '../base/clock.js';
import type { Disposable } from '../base/disposable.js';
import type { Frame } from './frames.js';
import { parseHugePages } from './meminfo.js';
import type { NvidiaSmiReport } from './nvidiaSmi.js';
import { withOwners } from './processTable.js';
import type { Question } from './remoteScript.js';
import { parseDisks, parseTemperatures } from './slowFacts.js';
import { type ListedProcess, processesOf } from './smiProcesses.js';

/** After this a question of the details counts as not answered. */
const SILENCE_MS = 15_000;
/** More owners than this are not asked for at once. */
const MAX_OWNERS = 64;

/** The questions of one reading, in their order. Each starts at most one process beside nvidia-smi. */
const STEPS = ['xml', 'processes', 'slow'] as const;
type Step = (typeof STEPS)[number];

export interface DetailsReaderOptions {
  readonly connectionId: string;
  readonly clock: Clock;
  readonly ask: (question: Question) => void;
  /** Reads the output of `nvidia-smi -q -x`, which is of use elsewhere too; null where it is no document. */
  parse(text: string): NvidiaSmiReport | null;
  readonly onDetails: (details: MachineDetails) => void;
}

/**
 * Reads what changes slowly, question by question: one a call of {@link step}, so that no sample starts two processes,
 * or all at once when somebody waits for them. What is not answered is left out; it is asked again in the next reading.
 */
export class DetailsReader implements Disposable {
  private waiting: Step[] = [];
  private asked: { readonly step: Step; readonly watchdog: Disposable } | undefined;
  private hurried = false;
  private gpus: readonly GpuDetails[] = [];
  private listed: readonly ListedProcess[] | null = null;
  private owners = '';
  private disks: MachineDetails['disks'] = null;
  private temperatures: MachineDetails['temperatures'] = [];
  private hugePages: MachineDetails['hugePages'] = null;

  constructor(private readonly options: DetailsReaderOptions) {}

  /** A reading is under way. */
  get isReading(): boolean {
    return this.asked !== undefined || this.waiting.length > 0;
  }

  /**
   * Begins a reading, unless one is under way.
   * @param how `hurry`: each question is asked as soon as the one before is answered; `document`: nvidia-smi is asked too
   */
  begin(how: { hurry: boolean; document: boolean }): void {
    this.hurried ||= how.hurry;
    if (!this.isReading) this.waiting = STEPS.filter(step => how.document || step !== 'xml');
    this.step();
  }

  /** Asks the next question, if it is time for one. */
  step(): void {
    if (this.asked) return;
    const step = this.waiting.shift();
    if (step === undefined) return;
    const { clock, ask } = this.options;
    if (step === 'processes') {
      const pids = [...new Set((this.listed ?? []).map(({ pid }) => pid))].slice(0, MAX_OWNERS);
      this.owners = '';
      if (pids.length === 0) {
        this.step(); // nobody to ask for
        return;
      }
      this.expect(step, clock);
      ask({ ask: 'processes', pids });
      return;
    }
    this.expect(step, clock);
    ask({ ask: step });
  }

  /** Takes a frame if it is an answer; false when it is not for this. */
  take(frame: Frame): boolean {
    switch (frame.kind) {
      case 'block':
        if (frame.name === 'xml') this.takeDocument(frame.text, frame.cut);
        else if (frame.name === 'processes') this.owners = frame.text;
        else this.disks = parseDisks(frame.text);
        this.answered(frame.name === 'disks' ? 'slow' : frame.name);
        return true;
      case 'temperatures':
        this.temperatures = parseTemperatures(frame.text);
        return true;
      case 'hugePages':
        this.hugePages = parseHugePages(frame.text.replaceAll(';', '\n'));
        return true;
      // there is no nvidia-smi, or the one before still runs
      case 'missing':
      case 'hanging':
        if (this.asked?.step !== 'xml') return false;
        this.forgetGpus();
        this.answered('xml');
        return true;
      default:
        return false;
    }
  }

  dispose(): void {
    this.asked?.watchdog.dispose();
    this.asked = undefined;
    this.waiting = [];
  }

  private expect(step: Step, clock: Clock): void {
    const watchdog = clock.after(SILENCE_MS, () => {
      if (step === 'xml') this.forgetGpus();
      if (step === 'slow') this.disks = null;
      this.answered(step);
    });
    this.asked = { step, watchdog };
  }

  private answered(step: Step): void {
    if (this.asked?.step !== step) return;
    this.asked.watchdog.dispose();
    this.asked = undefined;
    if (this.waiting.length === 0) {
      this.hurried = false;
      this.publish();
    } else if (this.hurried) this.step();
  }

  private takeDocument(text: string, cut: boolean): void {
    const report = this.options.parse(text);
    this.gpus = report?.gpus.map(({ details }) => details) ?? [];
    this.listed = report && !cut ? processesOf(text) : null;
  }

  private forgetGpus(): void {
    this.gpus = [];
    this.listed = null;
  }

  private publish(): void {
    const { connectionId, clock, onDetails } = this.options;
    const { gpus, listed, owners, disks, temperatures, hugePages } = this;
    onDetails({
      connectionId,
      at: clock.now(),
      gpus: [...gpus],
      processes: listed && withOwners(listed, owners),
      ...{ disks, temperatures, hugePages },
    });
  }
}
