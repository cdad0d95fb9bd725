import { RECENT_SAMPLES, type GpuSample, type Sample } from '../../src/shared/metrics.js';

/** The poll interval that is assumed until two samples tell the real one; milliseconds. */
const USUAL_INTERVAL = 2000;

/** Both lists in the order of their time, each moment once, the newest {@link RECENT_SAMPLES} of them. */
export function mergeSamples(known: readonly Sample[], more: readonly Sample[]): readonly Sample[] {
  const byTime = new Map([...known, ...more].map(sample => [sample.at, sample]));
  return [...byTime.values()].sort((a, b) => a.at - b.at).slice(-RECENT_SAMPLES);
}

/** The median distance between samples in milliseconds; the user can set it, and the page is not told. */
export function sampleInterval(samples: readonly Sample[]): number {
  const distances: number[] = [];
  let before: Sample | undefined;
  for (const sample of samples) {
    if (before) distances.push(sample.at - before.at);
    before = sample;
  }
  distances.sort((a, b) => a - b);
  return Math.max(250, distances[Math.floor(distances.length / 2)] ?? USUAL_INTERVAL);
}

/** True when samples are missing between the last known one and `next`: the page was hidden, or the link was down. */
export function isGap(known: readonly Sample[], next: Sample): boolean {
  const last = known.at(-1);
  return last === undefined || next.at - last.at > 2.5 * sampleInterval(known);
}

/**
 * One value for each of the {@link RECENT_SAMPLES} slots of a sparkline, the newest last; null where nothing was read.
 * Samples are placed by their distance to the one after them in whole intervals, so that jitter does not tear the line
 * and a real gap stays one.
 */
export function slots(samples: readonly Sample[], read: (sample: Sample) => number | null): readonly (number | null)[] {
  const interval = sampleInterval(samples);
  const line = new Array<number | null>(RECENT_SAMPLES).fill(null);
  let slot = RECENT_SAMPLES;
  let later: Sample | undefined;
  for (const sample of [...samples].reverse()) {
    slot -= later ? Math.max(1, Math.round((later.at - sample.at) / interval)) : 1;
    if (slot < 0) break;
    line[slot] = read(sample);
    later = sample;
  }
  return line;
}

/**
 * The GPUs to show now. When the newest sample has none because nvidia-smi failed, the ones known before stay with
 * nothing to say, so that one failed reading does not tear the page down.
 */
export function shownGpus(samples: readonly Sample[]): readonly GpuSample[] {
  const last = samples.at(-1);
  if (!last) return [];
  if (last.gpus.length > 0 || !last.error) return last.gpus;
  const known = [...samples].reverse().find(sample => sample.gpus.length > 0)?.gpus ?? [];
  return known.map(gpu => ({
    ...gpu,
    utilization: null,
    temperatureC: null,
    powerW: null,
    // a unified pool is read from the system, which goes on
    memory: { ...gpu.memory, usedMb: gpu.memory.kind === 'unified' ? (last.memory?.usedMb ?? null) : null },
  }));
}
