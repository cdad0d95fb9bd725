import type { JobUsage } from '../../shared/jobs.js';
import type { GpuSample, Sample } from '../../shared/metrics.js';
import { hasReading } from './buildSample.js';

/** A clock that differs by less is taken to be right: a second is what the machine tells. */
const SAME_CLOCK_MS = 3_000;
const KIB_PER_MIB = 1024;

/** What was recorded on a machine while nobody was connected. */
export interface Recorded {
  readonly usage: readonly JobUsage[];
  /** Milliseconds to be added to its times to get those of this computer. */
  readonly offsetMs: number;
}

/**
 * Makes samples for the history of what the launcher of a job has recorded. It names no GPU and tells of a unified pool only what
 * is available, so both are taken from a sample of now.
 */
export function pastSamples({ usage, offsetMs }: Recorded, now: Sample): Sample[] {
  const offset = Math.abs(offsetMs) < SAME_CLOCK_MS ? 0 : offsetMs;
  return usage.flatMap(({ at, memAvailableKiB, gpus }) => {
    const availableMb = memAvailableKiB === null ? null : memAvailableKiB / KIB_PER_MIB;
    const past = now.gpus.flatMap((gpu): GpuSample[] => {
      const then = gpus[gpu.index];
      if (!then) return [];
      const { utilization, temperature: temperatureC, power: powerW, memoryUsedMiB } = then;
      return [
        { ...gpu, utilization, temperatureC, powerW, memory: pastMemory(gpu.memory, memoryUsedMiB, availableMb) },
      ];
    });
    const known = past.filter(hasReading);
    if (known.length === 0) return [];
    return [{ ...now, at: at + offset, gpus: known, memory: null, system: null, troubles: [], error: undefined }];
  });
}

function pastMemory(now: GpuSample['memory'], usedMb: number | null, availableMb: number | null): GpuSample['memory'] {
  if (now.kind !== 'unified') return { ...now, usedMb: now.kind === 'unknown' ? null : usedMb };
  if (now.totalMb === null || availableMb === null) return { ...now, usedMb: null };
  return { ...now, usedMb: Math.max(0, now.totalMb - availableMb) };
}
