import type { MachineDetails } from '../../shared/details.js';
import type { SystemMemory } from '../../shared/metrics.js';

const KIB_PER_MIB = 1024;

/**
 * Reads `/proc/meminfo` (proc_meminfo(5); its "kB" are KiB). Used is what NVIDIA's guidance for unified memory counts:
 * MemTotal less MemAvailable, so that page cache that can be given back does not look used.
 * @returns null when there is no MemTotal; what the kernel does not report (MemAvailable before 3.14) is null
 */
export function parseMeminfo(text: string): SystemMemory | null {
  const total = kibibytes(text, 'MemTotal');
  if (total === null || total === 0) return null;
  const available = within(kibibytes(text, 'MemAvailable'), total);
  const cached = kibibytes(text, 'Cached');
  // shared memory is counted as cached, but it cannot be given back
  const cache =
    cached === null
      ? null
      : cached +
        (kibibytes(text, 'Buffers') ?? 0) +
        (kibibytes(text, 'SReclaimable') ?? 0) -
        (kibibytes(text, 'Shmem') ?? 0);
  const swapTotal = kibibytes(text, 'SwapTotal');
  const swapFree = within(kibibytes(text, 'SwapFree'), swapTotal);
  return {
    totalMb: Math.round(total / KIB_PER_MIB),
    usedMb: mebibytes(available === null ? null : total - available),
    availableMb: mebibytes(available),
    freeMb: mebibytes(within(kibibytes(text, 'MemFree'), total)),
    cacheMb: mebibytes(within(cache === null ? null : Math.max(0, cache), total)),
    swapTotalMb: mebibytes(swapTotal),
    swapUsedMb: mebibytes(swapTotal === null || swapFree === null ? null : swapTotal - swapFree),
  };
}

/** The pool of huge pages of `/proc/meminfo`; null where it is not told. */
export function parseHugePages(text: string): MachineDetails['hugePages'] {
  const total = count(text, 'HugePages_Total');
  const free = count(text, 'HugePages_Free');
  const sizeKb = kibibytes(text, 'Hugepagesize');
  return total === null || free === null || sizeKb === null ? null : { total, free, sizeKb };
}

function kibibytes(text: string, key: string): number | null {
  return number(text, new RegExp(`^${key}:[ \\t]*(\\d{1,15})[ \\t]*kB[ \\t]*\\r?$`, 'm'));
}

function count(text: string, key: string): number | null {
  return number(text, new RegExp(`^${key}:[ \\t]*(\\d{1,15})[ \\t]*\\r?$`, 'm'));
}

function number(text: string, pattern: RegExp): number | null {
  const match = pattern.exec(text);
  return match ? Number(match[1]) : null;
}

/** Null for more than the whole: then one of the two is wrong. */
function within(value: number | null, whole: number | null): number | null {
  return value === null || (whole !== null && value > whole) ? null : value;
}

function mebibytes(kib: number | null): number | null {
  return kib === null ? null : Math.round(kib / KIB_PER_MIB);
}
