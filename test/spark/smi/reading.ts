/** What the simulated machine looks like. */
export const SHAPES = ['gb10', 'h100x8', 'mig', 'noGpu', 'noDriver'] as const;
export type Shape = (typeof SHAPES)[number];

/** Facts about a kind of GPU that do not change while it runs. `null` is what `nvidia-smi` prints as `N/A`. */
export interface GpuModel {
  readonly name: string;
  readonly brand: string;
  readonly architecture: string;
  readonly addressingMode: string;
  readonly displayAttached: boolean;
  readonly pciDeviceId: string;
  readonly pciSubsystemId: string | null;
  readonly vbios: string;
  readonly boardPart: string | null;
  readonly gpuPart: string | null;
  readonly inforom: readonly [image: string, oem: string, ecc: string] | null;
  /** PCIe generation and lanes; `null` on an integrated GPU. */
  readonly link: readonly [generation: number, lanes: number] | null;
  readonly migMode: 'Enabled' | 'Disabled' | null;
  readonly ecc: boolean;
  /** Watts. */
  readonly powerLimits: { readonly set: number; readonly min: number; readonly max: number } | null;
  /** MHz. */
  readonly maxSmClock: number;
  readonly applicationClock: number;
  readonly memClock: number | null;
  readonly bar1MiB: number | null;
  /** Ampere has no averaged power reading: only `instant_power_draw` is a number there. */
  readonly averagesPower: boolean;
}

/** A line of the process list. One pid can be there twice, as `C` and as `G`. */
export interface GpuProcess {
  readonly pid: number;
  readonly type: 'C' | 'G';
  readonly name: string;
  readonly usedMiB: number;
  readonly gpuInstanceId: number | null;
}

export interface MigDevice {
  readonly index: number;
  readonly gpuInstanceId: number;
  readonly multiprocessors: number;
  readonly totalMiB: number;
  readonly usedMiB: number;
}

/** What one GPU reports at one moment. `null` is what `nvidia-smi` prints as `N/A`. */
export interface GpuReading {
  readonly model: GpuModel;
  readonly index: number;
  /** `domain:bus:device.function`, the domain with eight digits. */
  readonly busId: string;
  readonly uuid: string;
  readonly serial: string | null;
  /** Percent. */
  readonly utilization: number | null;
  readonly memoryUtilization: number | null;
  readonly temperatureC: number;
  readonly memoryTemperatureC: number | null;
  readonly powerW: number;
  readonly smClockMhz: number;
  readonly performanceState: string;
  readonly memory: { readonly totalMiB: number; readonly reservedMiB: number; readonly usedMiB: number } | null;
  /** Microseconds spent held back for power. */
  readonly powerCapMicroseconds: number;
  readonly processes: readonly GpuProcess[];
  readonly migDevices: readonly MigDevice[];
}

/** What the whole machine reports at one moment. */
export interface Reading {
  readonly shape: Shape;
  /** Seconds since the machine was started; every moving value is a function of it. */
  readonly seconds: number;
  readonly time: Date;
  readonly gpus: readonly GpuReading[];
  /** Of `/proc/meminfo`, in KiB. */
  readonly memory: { readonly totalKiB: number; readonly availableKiB: number };
  /** 0 to 1: how hard the machine works. */
  readonly load: number;
}

export const DRIVER_VERSION = '580.173.02';
export const CUDA_VERSION = '13.0';
