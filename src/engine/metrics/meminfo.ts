import type { SystemMemory } from '../../shared/metrics.js';

const KIB_PER_MIB = 1024;

/**
 * Reads `/proc/meminfo` (proc_meminfo(5); its "kB" are KiB). Used is what NVIDIA's guidance for unified memory counts:
 * MemTotal less MemAvailable, so that page cache that can be given back does not look used.
 * @returns null when there is no MemTotal; `usedMb` is null when the kernel (before 3.14) reports no MemAvailable
 */
export function parseMeminfo(text: string): SystemMemory | null {
  const total = kibibytes(text, 'MemTotal');
  if (total === null || total === 0) return null;
  const available = kibibytes(text, 'MemAvailable');
  return {
    totalMb: Math.round(total / KIB_PER_MIB),
    usedMb: available === null || available > total ? null : Math.round((total - available) / KIB_PER_MIB),
  };
}

function kibibytes(text: string, key: string): number | null {
  const match = new RegExp(`^${key}:[ \\t]*(\\d{1,15})[ \\t]*kB[ \\t]*\\r?$`, 'm').exec(text);
  return match ? Number(match[1]) : null;
}
