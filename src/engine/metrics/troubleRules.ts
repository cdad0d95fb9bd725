import type { GpuSample, Sample, Trouble } from '../../shared/metrics.js';

/** What a rule looks at: the whole sample, and the GPU that it is asked about. */
export interface Signs {
  readonly sample: Sample;
  readonly gpu: GpuSample | null;
}

/** One trouble that is known, and how it is recognised. */
export interface TroubleRule {
  readonly id: Trouble['id'];
  readonly severity: Trouble['severity'];
  /** Whether it is asked about each GPU or about the machine. */
  readonly about: 'gpu' | 'machine';
  /** How long the signs must last. */
  readonly forMs: number;
  /** Where its numbers come from. */
  readonly source: string;
  /** True while the signs are there. What is not known is no sign. */
  shows(signs: Signs): boolean;
  message(signs: Signs): string;
  readonly hint: string;
}

const GIB_IN_MIB = 1024;
/** The GPU of a DGX Spark; numbers that were seen on one say nothing about other GPUs. */
const SPARK_GPU = /\bGB10\b/;
/** Percent from which a GPU counts as busy: the reports name 96 %. */
const BUSY = 90;

/** The reasons with which the driver itself says that it holds a GPU back. */
const HELD_BACK = ['swPowerCap', 'hwSlowdown', 'swThermal', 'hwThermal', 'hwPowerBrake'] as const;

export const TROUBLE_RULES: readonly TroubleRule[] = [
  {
    id: 'stuckLowPower',
    severity: 'error',
    about: 'gpu',
    forMs: 30_000,
    source:
      'GPU busy at 15-30 W and 500-850 MHz with no throttle reason: ai-muninn.com/en/blog/dgx-spark-30w-power-safety-mode; Blackwellboy/model-serving-minefield#55',
    shows: ({ gpu }) =>
      isBusySpark(gpu) && below(gpu.smClockMhz, 900) && atMost(gpu.powerW, 30) && saysNothingHoldsItBack(gpu),
    message: ({ gpu }) =>
      `${nameOf(gpu)} is stuck in a low-power state: busy at ${rounded(gpu?.powerW)} W and ${rounded(gpu?.smClockMhz)} MHz, and the driver names no reason.`,
    hint: 'Shut the machine down, pull its power plug for a minute and start it again; a restart alone does not clear it.',
  },
  {
    id: 'slowUnderLoad',
    severity: 'warning',
    about: 'gpu',
    forMs: 60_000,
    source:
      'Below 1400 MHz under sustained load counts as throttled; about 2400 MHz is healthy: parallelArchitect/sparkview',
    shows: ({ gpu }) =>
      isBusySpark(gpu) &&
      below(gpu.smClockMhz, 1400) &&
      saysNothingHoldsItBack(gpu) &&
      !(below(gpu.smClockMhz, 900) && atMost(gpu.powerW, 30)),
    message: ({ gpu }) =>
      `${nameOf(gpu)} runs at ${rounded(gpu?.smClockMhz)} MHz under load; about 2400 MHz is usual, and the driver names no reason.`,
    hint: 'Check the power adapter (240 W) and its cable, and whether somebody has limited the clocks ("nvidia-smi -rgc" lifts that).',
  },
  {
    id: 'thermalThrottling',
    severity: 'warning',
    about: 'gpu',
    forMs: 10_000,
    source:
      "SW/HW Thermal Slowdown are the driver's own words (nvml.h, nvmlClocksEventReasons); seen on a GB10 in ollama/ollama#13552, 91-98 °C in NVIDIA/open-gpu-kernel-modules#1358",
    shows: ({ gpu }) => holdsBack(gpu, ['swThermal', 'hwThermal']),
    message: ({ gpu }) =>
      `${nameOf(gpu)} is too hot${typeof gpu?.temperatureC === 'number' ? ` (${rounded(gpu.temperatureC)} °C)` : ''} and slows itself down.`,
    hint: 'Give it cooler air and free its vents; "sudo nvidia-smi -lgc 0,2000" limits its clocks until the next restart.',
  },
  {
    id: 'powerBrake',
    severity: 'warning',
    about: 'gpu',
    forMs: 10_000,
    source: 'HW Power Brake Slowdown: the power supply asks the GPU to slow down (nvml.h, nvmlClocksEventReasons)',
    shows: ({ gpu }) =>
      holdsBack(gpu, ['hwPowerBrake']) ||
      (holdsBack(gpu, ['hwSlowdown']) && !holdsBack(gpu, ['hwThermal', 'swThermal'])),
    message: ({ gpu }) => `${nameOf(gpu)} is slowed down by its power supply.`,
    hint: 'Check the power adapter and its cable; on a Spark use the one that came with it.',
  },
  {
    id: 'memoryWedge',
    severity: 'error',
    about: 'machine',
    forMs: 6_000,
    source:
      'Memory pressure freezes the host without an OOM kill; MemAvailable under 8 GiB and rising PSI come before: NVIDIA/open-gpu-kernel-modules#1358; MiaAI-Lab/GLM-5.3-Flash-EXL3-2x-DGX-Sparks#193',
    shows: ({ sample: { memory, system } }) => {
      const pressure = system?.pressure.memory;
      if (memory?.availableMb === undefined || memory.availableMb === null) return false;
      if (pressure?.some10 === undefined || pressure.some10 === null) return false;
      // 8 GiB are a third of a small machine: there 7 %, which is what they are of a Spark's
      const floor = Math.min(8 * GIB_IN_MIB, memory.totalMb * 0.07);
      const rises = pressure.some60 !== null && pressure.some10 > pressure.some60 && pressure.some10 >= 1;
      return memory.availableMb < floor && (rises || pressure.some10 >= 10);
    },
    message: ({ sample: { memory } }) =>
      `The memory is nearly used up (${gibibytes(memory?.availableMb)} GB left) and programs already wait for it: the machine may freeze.`,
    hint: 'End what needs the memory now; a frozen Spark may come back after half an hour, or only after it was switched off.',
  },
  {
    id: 'cacheEatsPool',
    severity: 'info',
    about: 'machine',
    forMs: 60_000,
    source:
      'CUDA counts page cache as used, so programs refuse to start: vllm-project/vllm#35313, and 40 places in NVIDIA/dgx-spark-playbooks',
    shows: ({ sample: { memory, gpus } }) => {
      if (memory?.cacheMb === undefined || memory.cacheMb === null || memory.freeMb === null) return false;
      const unified = gpus.some(gpu => gpu.memory.kind === 'unified');
      return unified && memory.cacheMb > memory.totalMb * 0.3 && memory.freeMb < memory.totalMb * 0.1;
    },
    message: ({ sample: { memory } }) =>
      `The page cache holds ${gibibytes(memory?.cacheMb)} GB of the memory that CPU and GPU share; some programs take it for used and do not start.`,
    hint: 'To give it back: sudo sh -c "sync; echo 3 > /proc/sys/vm/drop_caches"',
  },
];

function isBusySpark(gpu: GpuSample | null): gpu is GpuSample {
  return gpu !== null && SPARK_GPU.test(gpu.name) && gpu.utilization !== null && gpu.utilization >= BUSY;
}

/** False also when the driver does not say. */
function saysNothingHoldsItBack(gpu: GpuSample): boolean {
  return gpu.throttle !== null && !gpu.throttle.some(reason => HELD_BACK.some(held => held === reason));
}

function holdsBack(gpu: GpuSample | null, reasons: readonly (typeof HELD_BACK)[number][]): boolean {
  return reasons.some(reason => gpu?.throttle?.includes(reason) === true);
}

function below(value: number | null, limit: number): boolean {
  return value !== null && value < limit;
}

function atMost(value: number | null, limit: number): boolean {
  return value !== null && value <= limit;
}

function nameOf(gpu: GpuSample | null): string {
  return gpu === null ? 'The GPU' : `GPU ${gpu.index}`;
}

function rounded(value: number | null | undefined): string {
  return typeof value === 'number' ? String(Math.round(value)) : '?';
}

function gibibytes(megabytes: number | null | undefined): string {
  return typeof megabytes === 'number' ? (megabytes / GIB_IN_MIB).toFixed(1) : '?';
}
