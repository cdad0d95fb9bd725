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
});
export type GpuSample = v.InferOutput<typeof gpuSampleSchema>;

export const systemMemorySchema = v.object({
  /** MiB; MemTotal. */
  totalMb: v.number(),
  /** MiB; MemTotal - MemAvailable. */
  usedMb: reading,
});
export type SystemMemory = v.InferOutput<typeof systemMemorySchema>;

export const sampleSchema = v.object({
  connectionId: connectionIdSchema,
  /** When the sample arrived here, by this computer's clock. */
  at: epochMsSchema,
  driverVersion: v.nullable(v.string()),
  gpus: v.array(gpuSampleSchema),
  memory: v.nullable(systemMemorySchema),
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
