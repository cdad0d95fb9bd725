import * as v from 'valibot';
import { connectionIdSchema, epochMsSchema } from './connection.js';
import type { SystemMemory } from './metrics.js';

const reading = v.nullable(v.number());

export const gpuDetailsSchema = v.object({
  /** Position in nvidia-smi's list, from 0. */
  index: v.number(),
  /** ECC errors since the driver was loaded, and over the GPU's life; null where it counts none. */
  ecc: v.nullable(
    v.object({
      volatileCorrected: reading,
      volatileUncorrected: reading,
      aggregateCorrected: reading,
      aggregateUncorrected: reading,
    }),
  ),
  /** The devices that the GPU is cut into; empty without MIG. */
  mig: v.array(
    v.object({
      index: v.number(),
      gpuInstanceId: reading,
      /** MiB. */
      usedMb: reading,
      /** MiB. */
      totalMb: reading,
    }),
  ),
});
export type GpuDetails = v.InferOutput<typeof gpuDetailsSchema>;

export const gpuProcessSchema = v.object({
  gpuIndex: v.number(),
  pid: v.number(),
  /** It computes (C), it draws (G), or both: nvidia-smi then lists it twice. */
  kind: v.picklist(['C', 'G', 'C+G']),
  /** MiB of the GPU's memory, on a GB10 of the pool. */
  memoryMb: reading,
  /** The MIG device that it runs on. */
  gpuInstanceId: reading,
  /** Null where the process table of the machine does not say. */
  user: v.nullable(v.string()),
  /** With its arguments where the machine tells them, else its name. */
  command: v.string(),
  /** Clock ticks from the start of the machine to its own: with the pid it names the process for good. */
  startTicks: reading,
});
export type GpuProcess = v.InferOutput<typeof gpuProcessSchema>;

export const diskSchema = v.object({
  /** Where it is mounted. */
  mount: v.string(),
  device: v.string(),
  /** MiB. */
  totalMb: v.number(),
  /** MiB. */
  usedMb: v.number(),
  /** MiB that a user can still write; less than total - used, since some is root's. */
  availableMb: v.number(),
});
export type Disk = v.InferOutput<typeof diskSchema>;

export const machineDetailsSchema = v.object({
  connectionId: connectionIdSchema,
  /** When this was read, by this computer's clock. */
  at: epochMsSchema,
  gpus: v.array(gpuDetailsSchema),
  /** Null when nvidia-smi does not tell. */
  processes: v.nullable(v.array(gpuProcessSchema)),
  /** Null where `df` does not tell. */
  disks: v.nullable(v.array(diskSchema)),
  /** Sensors of the machine, degrees Celsius. */
  temperatures: v.array(v.object({ sensor: v.string(), celsius: v.number() })),
  hugePages: v.nullable(v.object({ total: v.number(), free: v.number(), sizeKb: v.number() })),
});
/** What changes slowly and is read seldom. */
export type MachineDetails = v.InferOutput<typeof machineDetailsSchema>;

/**
 * MiB that a CUDA program could get on a machine with unified memory, as NVIDIA's guidance counts it: MemAvailable and
 * free swap, or only the free huge pages where some are set aside.
 */
export function allocatableMb(memory: SystemMemory, hugePages: MachineDetails['hugePages']): number | null {
  if (hugePages && hugePages.total > 0) return Math.round((hugePages.free * hugePages.sizeKb) / 1024);
  const { availableMb, swapTotalMb, swapUsedMb } = memory;
  if (availableMb === null) return null;
  return availableMb + (swapTotalMb !== null && swapUsedMb !== null ? swapTotalMb - swapUsedMb : 0);
}

/** MiB that programs hold on the GPUs, each process once; null when that is not known of one of them. */
export function heldByProcesses(processes: readonly GpuProcess[]): number | null {
  let total = 0;
  for (const { memoryMb } of processes) {
    if (memoryMb === null) return null;
    total += memoryMb;
  }
  return total;
}
