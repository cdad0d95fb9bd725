import type { ConnectionStatus, ConnectionView } from '../../../src/shared/connection.js';
import type { GpuSample, Sample } from '../../../src/shared/metrics.js';

/** 2026-01-01 12:00 UTC. */
export const NOON = Date.UTC(2026, 0, 1, 12);

/** A saved connection, disconnected unless `status` says otherwise. */
export function connectionView(
  changes: Partial<Omit<ConnectionView, 'status'>> = {},
  status: Partial<ConnectionStatus> = {},
): ConnectionView {
  return {
    id: 'c1',
    name: 'Spark 1',
    hostname: 'spark.local',
    username: 'nvidia',
    port: 22,
    sshKeyPath: '~/.ssh/id_ed25519',
    authMethod: 'key',
    sshConfigHost: null,
    proxyJump: null,
    addresses: [],
    keyStored: false,
    lastAddress: null,
    ollamaHost: null,
    ollamaPort: null,
    isActive: true,
    wanted: true,
    lastConnectedAt: null,
    createdAt: NOON,
    updatedAt: NOON,
    ...changes,
    status: { state: 'disconnected', since: NOON, tunnel: { state: 'closed' }, ...status },
  };
}

export function gpuSample(changes: Partial<GpuSample> = {}): GpuSample {
  return {
    index: 0,
    uuid: null,
    name: 'NVIDIA GB10',
    utilization: 42,
    memory: { kind: 'unified', usedMb: 12_595, totalMb: 122_570 },
    temperatureC: 51,
    powerW: 34.5,
    powerLimitW: null,
    smClockMhz: 2400,
    memClockMhz: null,
    fanPercent: null,
    performanceState: 'P0',
    throttle: [],
    ...changes,
  };
}

export function sampleOf(gpus: GpuSample[], changes: Partial<Sample> = {}): Sample {
  return {
    connectionId: 'c1',
    at: NOON,
    driverVersion: '580.95.05',
    gpus,
    memory: null,
    system: null,
    troubles: [],
    ...changes,
  };
}
