import { type Job } from '../../src/shared/jobs.js';
import { type ConnectionStatus, type ConnectionView } from '../../src/shared/connection.js';
import { type OllamaHealth } from '../../src/shared/ollama.js';
import { type Project } from '../../src/shared/projects.js';
import { type MachineDetails } from '../../src/shared/details.js';
import { type Series, type SeriesQuery } from '../../src/shared/history.js';
import { type GpuSample, type Sample, type SystemSample } from '../../src/shared/metrics.js';

const HOUR = 3_600_000;

/** The statuses that tests need most. */
export const STATUS = {
  disconnected: { state: 'disconnected', since: 0, tunnel: { state: 'closed' } },
  connecting: {
    state: 'connecting',
    since: Date.now(),
    step: 'Verifying the host key',
    tunnel: { state: 'closed' },
  },
  connected: {
    state: 'connected',
    since: Date.now() - 851_000,
    tunnel: { state: 'open', localPort: 11435, remotePort: 11434 },
  },
  refused: {
    state: 'error',
    since: Date.now(),
    error: {
      code: 'connectionRefused',
      message: 'spark-1.local refused the connection on port 22.',
      hint: 'Check that the SSH server is running there and that the port is right.',
    },
    tunnel: { state: 'closed' },
  },
  reconnecting: {
    state: 'reconnecting',
    since: Date.now(),
    error: { code: 'connectionLost', message: 'The connection to spark-1.local was lost.' },
    nextAttemptAt: Date.now() + 8000,
    tunnel: { state: 'closed' },
  },
} as const satisfies Record<string, ConnectionStatus>;

/** A saved connection; `spark-1` unless told otherwise. */
export function connection(changes: Partial<ConnectionView> = {}): ConnectionView {
  return {
    id: 'spark-1',
    name: 'Workshop Spark',
    hostname: 'spark-1.local',
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
    isActive: false,
    wanted: false,
    lastConnectedAt: Date.now() - 2 * HOUR - 60_000,
    createdAt: 0,
    updatedAt: 0,
    status: STATUS.disconnected,
    ...changes,
  };
}

/** An Ollama that answers. */
export function ollama(changes: Partial<OllamaHealth> = {}): OllamaHealth {
  return { url: 'http://localhost:11435', state: 'up', version: '0.12.6', latencyMs: 4, loaded: [], ...changes };
}

/** A project on `spark-1`. */
export function project(changes: Partial<Project> = {}): Project {
  return {
    id: 'project-1',
    connectionId: 'spark-1',
    name: 'Llama fine-tuning',
    description: 'LoRA on the support tickets of last year.',
    projectType: 'Fine-tuning',
    remotePath: '~/projects/llama',
    status: 'active',
    configRevision: 1,
    lastActivityAt: Date.now() - 2 * HOUR - 60_000,
    createdAt: 0,
    updatedAt: 0,
    jobs: [],
    ...changes,
  };
}

/** A reading of a GB10; `unified` memory of 121.7 GB. */
export function gpu(changes: Partial<GpuSample> = {}): GpuSample {
  return {
    index: 0,
    uuid: 'GPU-0',
    name: 'NVIDIA GB10',
    utilization: 42,
    memory: { kind: 'unified', usedMb: 12_700, totalMb: 124_610 },
    temperatureC: 64,
    powerW: 31.4,
    powerLimitW: null,
    smClockMhz: 2411,
    memClockMhz: null,
    fanPercent: null,
    performanceState: 'P0',
    throttle: [],
    ...changes,
  };
}

/** A reading of one of eight H100. */
export function h100(index: number, utilization: number | null): GpuSample {
  return gpu({
    index,
    uuid: `GPU-${index}`,
    name: 'NVIDIA H100 80GB HBM3',
    utilization,
    memory: { kind: 'dedicated', usedMb: 8192 * (index + 1), totalMb: 81_559 },
    temperatureC: 40 + index * 6,
    powerW: 200 + index * 60,
    powerLimitW: 700,
  });
}

/** One sample. */
export function sample(at: number, gpus: readonly GpuSample[], changes: Partial<Sample> = {}): Sample {
  return {
    connectionId: 'spark-1',
    at,
    driverVersion: '580.95.05',
    gpus: [...gpus],
    memory: {
      ...{ totalMb: 124_610, usedMb: 12_700, availableMb: 111_910, freeMb: 80_000 },
      ...{ cacheMb: 31_000, swapTotalMb: 16_384, swapUsedMb: 0 },
    },
    system: system(),
    troubles: [],
    ...changes,
  };
}

/** `count` samples two seconds apart that end now, with a load that rises and falls. */
export function history(count: number, make: (utilization: number, step: number) => readonly GpuSample[]): Sample[] {
  const end = Date.now();
  return Array.from({ length: count }, (_, step) => {
    const load = Math.round(50 + 46 * Math.sin(step / 7) + 4 * Math.sin(step * 1.7));
    return sample(end - (count - 1 - step) * 2000, make(Math.max(0, Math.min(100, load)), step));
  });
}

/** The machine itself, with a little to do. */
export function system(changes: Partial<SystemSample> = {}): SystemSample {
  return {
    uptimeSeconds: 3 * 86_400 + 7445,
    load: [3.2, 2.1, 1.4],
    cpu: { utilization: 18, cores: Array.from({ length: 20 }, (_, core) => (core * 37) % 100) },
    pressure: {
      cpu: { some10: 1.2, some60: 0.8, full10: null },
      memory: { some10: 0, some60: 0, full10: 0 },
      io: { some10: 0.4, some60: 0.2, full10: 0.1 },
    },
    network: [{ name: 'enP7s7', receivedBytesPerSecond: 1_450_000, sentBytesPerSecond: 32_000 }],
    ...changes,
  };
}

/** What changes slowly: two programs, one disk. */
export function details(changes: Partial<MachineDetails> = {}): MachineDetails {
  return {
    connectionId: 'spark-1',
    at: Date.now(),
    gpus: [{ index: 0, ecc: null, mig: [] }],
    processes: [
      {
        ...{ gpuIndex: 0, pid: 4711, kind: 'C', memoryMb: 9000, gpuInstanceId: null, user: 'ada' },
        ...{ command: 'python train.py --config llama.yaml', startTicks: 123_456 },
      },
      {
        ...{ gpuIndex: 0, pid: 912, kind: 'C+G', memoryMb: 310, gpuInstanceId: null, user: 'gdm' },
        ...{ command: '/usr/bin/gnome-shell', startTicks: 1200 },
      },
    ],
    disks: [{ mount: '/', device: '/dev/nvme0n1p2', totalMb: 3_750_000, usedMb: 1_200_000, availableMb: 2_360_000 }],
    temperatures: [{ sensor: 'acpitz', celsius: 58.2 }],
    hugePages: null,
    ...changes,
  };
}

export function emptySeries(): Series {
  const band = () => ({ mean: [], min: [], max: [] });
  return {
    ...{ stepMs: 20_000, at: [], utilization: band(), memoryUsedMb: band(), temperatureC: band(), powerW: band() },
    memoryTotalMb: null,
  };
}

/** A history of waves, with a gap in its middle. */
export function wavySeries({ from, to, points }: SeriesQuery): Series {
  const count = Math.min(points, 180);
  const stepMs = Math.round((to - from) / count);
  const steps = Array.from({ length: count }, (_, step) => step).filter(step => step < 80 || step > 95);
  const band = (middle: number, swing: number) => {
    const mean = steps.map(step => middle + swing * Math.sin(step / 9) + (swing / 5) * Math.sin(step * 1.9));
    return { mean, min: mean.map(value => value - swing / 3), max: mean.map(value => value + swing / 3) };
  };
  return {
    stepMs,
    at: steps.map(step => from + step * stepMs),
    utilization: band(55, 30),
    memoryUsedMb: band(60_000, 20_000),
    temperatureC: band(62, 9),
    powerW: band(70, 30),
    memoryTotalMb: 124_610,
  };
}

/** A job that runs. */
export function job(changes: Partial<Job> = {}): Job {
  return {
    ...{ id: 'job-1', connectionId: 'spark-1', projectId: null, name: 'Llama fine-tune', modelName: 'llama-3.1-8b' },
    status: 'running',
    config: {
      ...{ command: 'python train.py', folder: '~/llama', env: {}, secrets: [], gpus: 'all' },
      ...{ runner: { kind: 'process' }, timeLimitMinutes: null, memoryGib: null, after: null, notify: [] },
    },
    metrics: {
      ...{ step: 120, steps: 300, epoch: 0.4, loss: 1.2345, learningRate: 0.00002, evalLoss: 1.31 },
      ...{ tokensPerSecond: null, secondsLeft: 1860 },
    },
    ...{ containerId: null, startedAt: Date.now() - 1_200_000, completedAt: null, createdAt: Date.now() - 1_300_000 },
    ...{ run: 1, queuedAt: null, exitCode: null, reason: null, told: false, sent: true },
    ...changes,
  };
}
