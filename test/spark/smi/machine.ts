import { A100, GB10, H100 } from './models.js';
import {
  type GpuModel,
  type GpuProcess,
  type GpuReading,
  type MigDevice,
  type Reading,
  type Shape,
} from './reading.js';

const MEM_TOTAL_KIB = 127_600_748;
const SYSTEM_KIB = 9_400_000;
const HGX_BUSES = ['18', '2A', '3A', '5D', '9A', 'AB', 'BA', 'DB'];

/**
 * What the machine reports `seconds` after it was started. The load rises and falls once a minute; processes start when it is
 * high enough and end when it is not. The same moment always gives the same reading.
 */
export function readingAt(shape: Shape, seconds: number, time: Date): Reading {
  const load = loadAt(seconds, 0);
  const gpus = gpusOf(shape, seconds);
  const onGpuKiB = shape === 'gb10' ? usedBy(gpus.flatMap(gpu => gpu.processes)) * 1024 : 0;
  return {
    shape,
    seconds,
    time,
    gpus,
    memory: {
      totalKiB: MEM_TOTAL_KIB,
      availableKiB: MEM_TOTAL_KIB - SYSTEM_KIB - Math.round(load * 3_000_000) - onGpuKiB,
    },
    load,
  };
}

function gpusOf(shape: Shape, seconds: number): GpuReading[] {
  switch (shape) {
    case 'gb10':
      return [gb10(seconds)];
    case 'h100x8':
      return HGX_BUSES.map((bus, index) => h100(bus, index, seconds));
    case 'mig':
      return [mig(seconds)];
    case 'noGpu':
    case 'noDriver':
      return [];
  }
}

/** From 0 to 1 and back in 60 s, with a small unrest that keeps two readings in a row from being equal. */
function loadAt(seconds: number, phase: number): number {
  const wave = 0.5 - 0.5 * Math.cos((2 * Math.PI * (seconds + phase)) / 60);
  const unrest = 0.03 * Math.sin(seconds * 2.7 + phase);
  return Math.min(1, Math.max(0, wave + unrest));
}

function gb10(seconds: number): GpuReading {
  const load = loadAt(seconds, 0);
  const processes: GpuProcess[] = [
    graphics(2817, '/usr/lib/xorg/Xorg', 43),
    graphics(3054, '/usr/bin/gnome-shell', 17),
  ];
  if (load > 0.15) processes.push(compute(48_211, '/usr/local/bin/ollama', 6_144 + Math.round(load * 14_000)));
  if (load > 0.5) processes.push(compute(51_904, 'python3', 20_480 + Math.round(load * 30_000)));
  if (load > 0.8) {
    // a program that draws and computes: the same pid and figure in two lines
    const name = '/opt/isaac-sim/kit/kit';
    processes.push(compute(52_377, name, 2_211), graphics(52_377, name, 2_211));
  }
  return {
    ...dynamics(GB10, load, { idle: 4.2, busy: 92 }),
    index: 0,
    busId: '0000000F:01:00.0',
    uuid: 'GPU-5a1c7e90-3b64-4d0e-9f27-61c08be2d4b1',
    serial: null,
    utilization: Math.round(load * 96),
    memoryUtilization: 0,
    memoryTemperatureC: null,
    memory: null,
    processes,
    migDevices: [],
  };
}

function h100(bus: string, index: number, seconds: number): GpuReading {
  const load = loadAt(seconds, index * 3);
  const processes = load > 0.1 ? [compute(70_100 + index, 'python3', 12_288 + Math.round(load * 60_000))] : [];
  return {
    ...dynamics(H100, load, { idle: 71, busy: 690 }),
    index,
    busId: `00000000:${bus}:00.0`,
    uuid: `GPU-7d2f41a6-0c8b-4e15-b3d9-2a95e07c1d0${index}`,
    serial: `16513230${String(40_000 + index)}`,
    utilization: Math.round(load * 100),
    memoryUtilization: Math.round(load * 62),
    memoryTemperatureC: Math.round(36 + load * 42),
    memory: { totalMiB: 81_559, reservedMiB: 551, usedMiB: 4 + usedBy(processes) },
    processes,
    migDevices: [],
  };
}

function mig(seconds: number): GpuReading {
  const load = loadAt(seconds, 0);
  const devices: MigDevice[] = [3, 4, 5, 6].map((gpuInstanceId, index) => ({
    index,
    gpuInstanceId,
    multiprocessors: 14,
    totalMiB: 19_968,
    usedMiB: 12 + Math.round(loadAt(seconds, index * 11) * 16_000),
  }));
  const busy = devices.filter(device => device.usedMiB > 1_000);
  return {
    ...dynamics(A100, load, { idle: 62, busy: 340 }),
    index: 0,
    busId: '00000000:01:00.0',
    uuid: 'GPU-c3f8d512-9e07-4b6a-8d41-70fb2e6a93c5',
    serial: '1650522009135',
    // a GPU that is cut into devices reports no utilisation of its own
    utilization: null,
    memoryUtilization: null,
    memoryTemperatureC: Math.round(40 + load * 30),
    memory: { totalMiB: 81_920, reservedMiB: 869, usedMiB: devices.reduce((sum, device) => sum + device.usedMiB, 0) },
    processes: busy.map(device => ({
      ...compute(81_300 + device.index, 'python3', device.usedMiB - 12),
      gpuInstanceId: device.gpuInstanceId,
    })),
    migDevices: devices,
  };
}

function dynamics(model: GpuModel, load: number, power: { idle: number; busy: number }) {
  return {
    model,
    temperatureC: Math.round(36 + load * 37),
    powerW: Math.round((power.idle + load * (power.busy - power.idle)) * 100) / 100,
    smClockMhz: load < 0.05 ? 208 : Math.round(Math.min(model.applicationClock, 900 + load * model.applicationClock)),
    performanceState: load < 0.05 ? 'P8' : 'P0',
    powerCapMicroseconds: 2_354_613,
  };
}

function compute(pid: number, name: string, usedMiB: number): GpuProcess {
  return { pid, type: 'C', name, usedMiB, gpuInstanceId: null };
}

function graphics(pid: number, name: string, usedMiB: number): GpuProcess {
  return { ...compute(pid, name, usedMiB), type: 'G' };
}

/** MiB held by all, each pid counted once. */
function usedBy(processes: readonly GpuProcess[]): number {
  const byPid = new Map(processes.map(process => [process.pid, process.usedMiB]));
  return [...byPid.values()].reduce((sum, used) => sum + used, 0);
}
