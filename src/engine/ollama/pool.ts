import type { MemoryCheck } from '../../shared/ollama.js';
import type { Sample } from '../../shared/metrics.js';

const MIB = 1024 * 1024;

/** The memory that models are loaded into. */
export type Pool = Pick<MemoryCheck, 'pool' | 'totalBytes' | 'availableBytes'>;

export const UNKNOWN_POOL: Pool = { pool: 'unknown', totalBytes: null, availableBytes: null };

/** What the last sample says of it. On a machine whose CPU and GPU share one pool that is what the kernel counts as available. */
export function poolOf(sample: Sample | null): Pool {
  if (sample === null) return UNKNOWN_POOL;
  const { gpus, memory } = sample;
  const own = gpus.filter(gpu => gpu.memory.kind === 'dedicated');
  if (own.length > 0) {
    const total = sum(own.map(gpu => gpu.memory.totalMb));
    const used = sum(own.map(gpu => gpu.memory.usedMb));
    return { pool: 'dedicated', totalBytes: inBytes(total), availableBytes: inBytes(difference(total, used)) };
  }
  if (memory === null || gpus.some(gpu => gpu.memory.kind === 'unknown')) return UNKNOWN_POOL;
  // without a GPU models run from the system's memory: that is one pool, too
  const pool = gpus.length > 0 || sample.error?.code === 'nvidiaSmiMissing' ? 'unified' : 'unknown';
  return {
    pool,
    totalBytes: inBytes(memory.totalMb),
    availableBytes: inBytes(difference(memory.totalMb, memory.usedMb)),
  };
}

function sum(values: readonly (number | null)[]): number | null {
  return values.reduce<number | null>((total, value) => (total === null || value === null ? null : total + value), 0);
}

function difference(total: number | null, used: number | null): number | null {
  return total === null || used === null ? null : Math.max(0, total - used);
}

function inBytes(mebibytes: number | null): number | null {
  return mebibytes === null ? null : mebibytes * MIB;
}
