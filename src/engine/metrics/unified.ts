import type { GpuMemory, SystemMemory } from '../../shared/metrics.js';

/** GPUs that have no memory of their own but share the CPU's: GB10 (DGX Spark) and the Jetson family. */
const INTEGRATED = /\b(?:GB10|Thor|Orin|Xavier|Tegra)\b/i;

/** How far a reported total may be from MemTotal and still be the same pool, as a part of it. */
const SAME_POOL = 0.1;

/**
 * Which memory a GPU works in. It is the unified pool only when its name says that it has none of its own *and* what
 * it reports agrees (nothing, 0, or about MemTotal): a discrete GPU that has stopped answering reports nothing either,
 * and must not be shown with the system's memory.
 * @param reported `fb_memory_usage` of nvidia-smi, MiB
 */
export function gpuMemory(
  name: string,
  reported: { readonly usedMb: number | null; readonly totalMb: number | null },
  system: SystemMemory | null,
): GpuMemory {
  const { usedMb, totalMb } = reported;
  if (INTEGRATED.test(name) && isNotItsOwn(totalMb, system))
    return { kind: 'unified', usedMb: system?.usedMb ?? null, totalMb: system?.totalMb ?? null };
  if (totalMb === null || totalMb === 0) return { kind: 'unknown', usedMb: null, totalMb: null };
  return { kind: 'dedicated', usedMb, totalMb };
}

function isNotItsOwn(totalMb: number | null, system: SystemMemory | null): boolean {
  if (totalMb === null || totalMb === 0) return true;
  return system !== null && Math.abs(totalMb - system.totalMb) <= system.totalMb * SAME_POOL;
}
