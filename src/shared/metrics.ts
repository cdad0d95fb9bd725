import * as v from 'valibot';
import { connectionIdSchema, epochMsSchema, errorInfoSchema } from './connection.js';

/** A reading that the machine may not report; `null` is shown as "n/a" and stored as NULL, never as 0. */
const reading = v.nullable(v.number());

export const gpuMemorySchema = v.object({
  /**
   * `dedicated`: the GPU's own memory. `unified`: one pool shared with the CPU (GB10, Thor), read from `/proc/meminfo`.
   * `unknown`: the GPU reports none and it is not known to share the system's.
   */
  kind: v.picklist(['dedicated', 'unified', 'unknown']),
  /** MiB. */
  usedMb: reading,
  /** MiB. */
  totalMb: reading,
});
export type GpuMemory = v.InferOutput<typeof gpuMemorySchema>;

/**
 * Why a GPU does not run at its highest clocks, in the order of NVML's bits (`nvmlClocksEventReasons`, nvml.h). The
 * first two and the last are not held back by anything: nothing to do, or what somebody set.
 */
export const THROTTLE_REASONS = [
  'gpuIdle',
  'applicationsClocks',
  'swPowerCap',
  'hwSlowdown',
  'syncBoost',
  'swThermal',
  'hwThermal',
  'hwPowerBrake',
  'displayClocks',
] as const;
export type ThrottleReason = (typeof THROTTLE_REASONS)[number];

export const gpuSampleSchema = v.object({
  /** Position in nvidia-smi's list, from 0. */
  index: v.number(),
  /** As reported; may be masked and so not unique. */
  uuid: v.nullable(v.string()),
  name: v.string(),
  /** Percent of the time in which a kernel was running, 0 to 100. */
  utilization: reading,
  memory: gpuMemorySchema,
  /** Degrees Celsius. */
  temperatureC: reading,
  /** Watts. */
  powerW: reading,
  /** Watts. */
  powerLimitW: reading,
  /** MHz. */
  smClockMhz: reading,
  /** MHz. */
  memClockMhz: reading,
  /** Percent of the highest speed. */
  fanPercent: reading,
  /** `P0` (fastest) to `P15`. */
  performanceState: v.nullable(v.string()),
  /** Those that are active; null when the driver does not say. */
  throttle: v.nullable(v.array(v.picklist(THROTTLE_REASONS))),
});
export type GpuSample = v.InferOutput<typeof gpuSampleSchema>;

export const systemMemorySchema = v.object({
  /** MiB; MemTotal. */
  totalMb: v.number(),
  /** MiB; MemTotal - MemAvailable. */
  usedMb: reading,
  /** MiB; MemAvailable: what programs can still get, page cache that can be given back included. */
  availableMb: reading,
  /** MiB; MemFree. */
  freeMb: reading,
  /** MiB; Buffers + Cached + SReclaimable - Shmem: the page cache. */
  cacheMb: reading,
  /** MiB. */
  swapTotalMb: reading,
  /** MiB. */
  swapUsedMb: reading,
});
export type SystemMemory = v.InferOutput<typeof systemMemorySchema>;

/** Pressure stall information (`/proc/pressure`): percent of the time in which programs waited for a resource. */
export const pressureSchema = v.object({
  /** At least one program waited, over the last 10 seconds and the last minute. */
  some10: reading,
  some60: reading,
  /** All programs waited, over the last 10 seconds; the kernel has none for the whole CPU. */
  full10: reading,
});
export type Pressure = v.InferOutput<typeof pressureSchema>;

export const systemSampleSchema = v.object({
  /** Since the start of the machine. */
  uptimeSeconds: reading,
  /** Runnable programs, over 1, 5 and 15 minutes. */
  load: v.nullable(v.tuple([v.number(), v.number(), v.number()])),
  cpu: v.nullable(
    v.object({
      /** Percent of all cores since the sample before; null in the first. */
      utilization: reading,
      /** The same of each. */
      cores: v.array(reading),
    }),
  ),
  /** Null where the kernel has no PSI. */
  pressure: v.object({
    cpu: v.nullable(pressureSchema),
    memory: v.nullable(pressureSchema),
    io: v.nullable(pressureSchema),
  }),
  /** Bytes a second since the sample before, of each interface but loopback and those of containers. */
  network: v.nullable(
    v.array(v.object({ name: v.string(), receivedBytesPerSecond: reading, sentBytesPerSecond: reading })),
  ),
});
/** What the machine does, apart from its GPUs and its memory. */
export type SystemSample = v.InferOutput<typeof systemSampleSchema>;

/** Troubles that owners of a Spark know; how each is recognised is in the engine's table of rules. */
export const TROUBLE_IDS = [
  'stuckLowPower',
  'slowUnderLoad',
  'thermalThrottling',
  'powerBrake',
  'memoryWedge',
  'cacheEatsPool',
] as const;
export const troubleSchema = v.object({
  id: v.picklist(TROUBLE_IDS),
  /** Null when it is about the whole machine. */
  gpuIndex: v.nullable(v.number()),
  /** When its signs were first seen, by this computer's clock. */
  since: epochMsSchema,
  severity: v.picklist(['info', 'warning', 'error']),
  /** What is the matter, in one sentence. */
  message: v.string(),
  /** What can be done, in one or two. */
  hint: v.string(),
});
/** Something that is wrong with the machine now. */
export type Trouble = v.InferOutput<typeof troubleSchema>;

export const sampleSchema = v.object({
  connectionId: connectionIdSchema,
  /** When the sample arrived here, by this computer's clock. */
  at: epochMsSchema,
  driverVersion: v.nullable(v.string()),
  gpus: v.array(gpuSampleSchema),
  memory: v.nullable(systemMemorySchema),
  system: v.nullable(systemSampleSchema),
  troubles: v.array(troubleSchema),
  /** Why `gpus` is empty or the readings are missing, when nvidia-smi could not be read. */
  error: v.optional(errorInfoSchema),
});
/** One reading of one machine. */
export type Sample = v.InferOutput<typeof sampleSchema>;

/** How many samples the sparkline holds and the engine keeps: 2 minutes at one every 2 s. */
export const RECENT_SAMPLES = 60;

/** One row of `dgx_metrics`. */
export const metricRowSchema = v.object({
  connectionId: connectionIdSchema,
  gpuIndex: v.number(),
  at: epochMsSchema,
  utilization: reading,
  memoryUsedMb: reading,
  memoryTotalMb: reading,
  temperatureC: reading,
  powerW: reading,
});
export type MetricRow = v.InferOutput<typeof metricRowSchema>;

/** Load colours of the product's specification; the same table for every metric that has one. */
export type LoadLevel = 'green' | 'yellow' | 'red';

/** Green below `yellowFrom`, red above `redAbove`, yellow between, both ends included. */
export const THRESHOLDS = {
  /** Percent. */
  utilization: { yellowFrom: 50, redAbove: 80 },
  /** Degrees Celsius. */
  temperature: { yellowFrom: 60, redAbove: 80 },
  /** Percent of the total. */
  memory: { yellowFrom: 50, redAbove: 80 },
} as const;

/** The load colour of a value in the unit of its row in {@link THRESHOLDS}. */
export function loadLevel(metric: keyof typeof THRESHOLDS, value: number): LoadLevel {
  const { yellowFrom, redAbove } = THRESHOLDS[metric];
  if (value > redAbove) return 'red';
  return value >= yellowFrom ? 'yellow' : 'green';
}
