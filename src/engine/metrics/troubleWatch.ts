import type { GpuSample, Sample, Trouble } from '../../shared/metrics.js';
import { TROUBLE_RULES, type TroubleRule } from './troubleRules.js';

/** A trouble that has shown itself stays until its signs are gone for so long: they come and go. */
const CLEAR_MS = 10_000;
/** Samples further apart than this say nothing about the time between them. */
const LONGEST_GAP_MS = 90_000;

/** Signs of one rule, about one GPU or the machine. */
interface Seen {
  /** The first of them. */
  readonly since: number;
  /** The last of them. */
  last: number;
  /** They have lasted long enough. */
  proven: boolean;
}

/** Looks for the signs of troubles in the samples of one machine, by {@link TROUBLE_RULES}. */
export class TroubleWatch {
  private readonly seen = new Map<string, Seen>();
  private lastAt: number | undefined;

  constructor(private readonly rules: readonly TroubleRule[] = TROUBLE_RULES) {}

  /** The troubles at the time of a sample; samples are given in their order. */
  look(sample: Sample): Trouble[] {
    const { lastAt } = this;
    this.lastAt = sample.at;
    if (lastAt !== undefined && (sample.at < lastAt || sample.at - lastAt > LONGEST_GAP_MS)) this.seen.clear();
    // nothing was read of the GPUs: what was known stays as it was
    const blind = sample.gpus.length === 0 && sample.error !== undefined;
    return this.rules.flatMap(rule => {
      if (rule.about === 'machine') return this.apply(rule, sample, null);
      return blind ? [] : sample.gpus.flatMap(gpu => this.apply(rule, sample, gpu));
    });
  }

  private apply(rule: TroubleRule, sample: Sample, gpu: GpuSample | null): Trouble[] {
    const key = `${rule.id} ${gpu?.index ?? 'machine'}`;
    const signs = { sample, gpu };
    const shows = rule.shows(signs);
    const known = this.seen.get(key);
    if (shows) {
      const seen = known ?? { since: sample.at, last: sample.at, proven: false };
      seen.last = sample.at;
      seen.proven ||= sample.at - seen.since >= rule.forMs;
      this.seen.set(key, seen);
    } else if (known && (!known.proven || sample.at - known.last >= CLEAR_MS)) this.seen.delete(key);
    const seen = this.seen.get(key);
    if (!seen?.proven) return [];
    const { id, severity, hint } = rule;
    return [{ id, severity, hint, gpuIndex: gpu?.index ?? null, since: seen.since, message: rule.message(signs) }];
  }
}
