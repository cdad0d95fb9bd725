import type { ErrorInfo } from '../../shared/errors.js';
import type { GpuSample, Sample, SystemMemory } from '../../shared/metrics.js';
import type { GpuAnswer } from './frames.js';
import { type GpuReading, parseNvidiaSmi } from './nvidiaSmi.js';
import { cutShort, explainFailure, lostGpus, NVIDIA_SMI_MISSING } from './nvidiaSmiFailure.js';
import { gpuMemory } from './unified.js';

/** Makes a sample of what the machine answered; what is wrong with the answer becomes its `error`. */
export function buildSample(
  connectionId: string,
  at: number,
  memory: SystemMemory | null,
  answer: GpuAnswer | { readonly kind: 'none'; readonly error: ErrorInfo },
): Sample {
  const empty = { connectionId, at, driverVersion: null, gpus: [], memory };
  if (answer.kind === 'none') return { ...empty, error: answer.error };
  if (answer.kind === 'missing') return { ...empty, error: NVIDIA_SMI_MISSING };
  const report = parseNvidiaSmi(answer.text);
  if (!report) return { ...empty, error: explainFailure(answer.status, answer.text) };
  const { driverVersion } = report;
  const gpus = report.gpus.map(reading => toGpuSample(reading, memory));
  const error = problemOf(report, answer);
  return { ...empty, driverVersion, gpus, ...(error ? { error } : {}) };
}

/** Whether anything was measured; rows without a measurement are not worth keeping. */
export function hasReading(gpu: GpuSample): boolean {
  return [gpu.utilization, gpu.memory.usedMb, gpu.temperatureC, gpu.powerW].some(value => value !== null);
}

function problemOf(
  report: { readonly gpus: readonly GpuReading[]; readonly complete: boolean },
  answer: { readonly status: number; readonly text: string; readonly cut: boolean },
): ErrorInfo | undefined {
  if (!report.complete || answer.cut) return cutShort(answer.status, answer.text);
  const lost = report.gpus.filter(gpu => gpu.lost).map(gpu => gpu.index);
  if (lost.length > 0) return lostGpus(lost);
  if (answer.status !== 0) return explainFailure(answer.status, answer.text);
  return report.gpus.length === 0 ? explainFailure(NO_DEVICES, '') : undefined;
}

/** nvidia-smi's exit status when it finds no GPU. */
const NO_DEVICES = 6;

function toGpuSample(reading: GpuReading, system: SystemMemory | null): GpuSample {
  const { index, uuid, name, utilization, temperatureC, powerW, powerLimitW } = reading;
  const reported = { usedMb: reading.memoryUsedMb, totalMb: reading.memoryTotalMb };
  return {
    index,
    uuid,
    name,
    utilization,
    memory: gpuMemory(name, reported, system),
    temperatureC,
    powerW,
    powerLimitW,
  };
}
