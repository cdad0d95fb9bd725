import type { ErrorInfo } from '../../shared/errors.js';
import type { GpuSample, Sample, SystemMemory } from '../../shared/metrics.js';
import type { GpuReading } from './gpuReading.js';
import { lostGpus } from './nvidiaSmiFailure.js';
import type { SystemReading } from './systemReader.js';
import { gpuMemory } from './unified.js';

/** What a sample is made of. */
export interface SampleParts {
  readonly connectionId: string;
  /** When it arrived. */
  readonly at: number;
  readonly system: SystemReading | null;
  readonly gpus: readonly GpuReading[];
  readonly driverVersion: string | null;
  /** Why there are no readings. */
  readonly error?: ErrorInfo | undefined;
}

/** Makes a sample of what the machine answered. */
export function buildSample({ connectionId, at, system, gpus, driverVersion, error }: SampleParts): Sample {
  const memory = system?.memory ?? null;
  const lost = gpus.filter(gpu => gpu.lost).map(gpu => gpu.index);
  const problem = error ?? (lost.length > 0 ? lostGpus(lost) : undefined);
  return {
    connectionId,
    at,
    driverVersion,
    gpus: gpus.map(gpu => toGpuSample(gpu, memory)),
    memory,
    system: system?.system ?? null,
    troubles: [],
    ...(problem ? { error: problem } : {}),
  };
}

/** Whether anything was measured; rows without a measurement are not worth keeping. */
export function hasReading(gpu: GpuSample): boolean {
  return [gpu.utilization, gpu.memory.usedMb, gpu.temperatureC, gpu.powerW].some(value => value !== null);
}

function toGpuSample(gpu: GpuReading, system: SystemMemory | null): GpuSample {
  const { index, uuid, name, utilization, temperatureC, powerW, powerLimitW } = gpu;
  const { smClockMhz, memClockMhz, fanPercent, performanceState, throttle } = gpu;
  const reported = { usedMb: gpu.memoryUsedMb, totalMb: gpu.memoryTotalMb };
  return {
    ...{ index, uuid, name, utilization, temperatureC, powerW, powerLimitW },
    memory: gpuMemory(name, reported, system),
    ...{ smClockMhz, memClockMhz, fanPercent, performanceState, throttle },
  };
}
