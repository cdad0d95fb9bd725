import type { GpuSample, Sample, SystemMemory, SystemSample } from '../../../src/shared/metrics.js';

/** The memory of a Spark with little to do, but for `changes`. */
export function systemMemory(changes: Partial<SystemMemory> = {}): SystemMemory {
  return {
    totalMb: 124_610,
    usedMb: 12_000,
    availableMb: 112_610,
    freeMb: 90_000,
    cacheMb: 22_000,
    swapTotalMb: 16_384,
    swapUsedMb: 0,
    ...changes,
  };
}

export function systemSample(changes: Partial<SystemSample> = {}): SystemSample {
  return {
    uptimeSeconds: 90_000,
    load: [1, 1, 1],
    cpu: { utilization: 5, cores: [5, 5] },
    pressure: { cpu: null, memory: { some10: 0, some60: 0, full10: 0 }, io: null },
    network: [],
    ...changes,
  };
}

/** A GB10 that is at work and in order. */
export function gb10(changes: Partial<GpuSample> = {}): GpuSample {
  return {
    index: 0,
    uuid: null,
    name: 'NVIDIA GB10',
    utilization: 96,
    memory: { kind: 'unified', usedMb: 12_000, totalMb: 124_610 },
    temperatureC: 68,
    powerW: 91,
    powerLimitW: null,
    smClockMhz: 2411,
    memClockMhz: null,
    fanPercent: null,
    performanceState: 'P0',
    throttle: [],
    ...changes,
  };
}

export function sampleAt(at: number, changes: Partial<Sample> = {}): Sample {
  return {
    connectionId: 'c1',
    at,
    driverVersion: '580.95.05',
    gpus: [gb10()],
    memory: systemMemory(),
    system: systemSample(),
    troubles: [],
    ...changes,
  };
}
