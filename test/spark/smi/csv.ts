import { CUDA_VERSION, DRIVER_VERSION, type GpuReading, type Reading } from './reading.js';

/** The value of a field of `--query-gpu`: a text, or a number (or none for `[N/A]`) with its unit and digits. */
type Value = string | readonly [value: number | null | undefined, unit: string, digits?: number];

/**
 * The values that `--query-gpu` can ask for, one a line: GPU, field, heading, value with unit, value without; tabs between them.
 * A line of the GPU `-` gives the heading alone, so that there are headings also when there is no row.
 */
export function gpuFields(reading: Reading): string {
  return lines(reading.gpus.map(gpu => fieldsOf(gpu, reading)));
}

/** The same for `--query-compute-apps`. */
export function processFields(reading: Reading): string {
  const rows = reading.gpus.flatMap(gpu =>
    gpu.processes
      .filter(process => process.type === 'C')
      .map(process => ({
        gpu_name: gpu.model.name,
        gpu_bus_id: gpu.busId,
        gpu_uuid: gpu.uuid,
        pid: String(process.pid),
        process_name: process.name,
        'used_gpu_memory,used_memory': [process.usedMiB, 'MiB'] as const,
      })),
  );
  const headings = ['gpu_name', 'gpu_bus_id', 'gpu_uuid', 'pid', 'process_name'];
  const none = headings.map(name => `-\t${name}\t${name}\t\t\n`).join('');
  return `${none}-\tused_memory\tused_gpu_memory [MiB]\t\t\n${lines(rows)}`;
}

function fieldsOf(gpu: GpuReading, reading: Reading): Record<string, Value> {
  const { model, memory } = gpu;
  const limit = model.powerLimits;
  return {
    timestamp: csvTime(reading.time),
    driver_version: DRIVER_VERSION,
    cuda_version: CUDA_VERSION,
    count: String(reading.gpus.length),
    'name,gpu_name': model.name,
    'serial,gpu_serial': gpu.serial ?? '[N/A]',
    'uuid,gpu_uuid': gpu.uuid,
    index: String(gpu.index),
    'pci.bus_id,gpu_bus_id': gpu.busId,
    persistence_mode: 'Enabled',
    compute_mode: 'Default',
    'mig.mode.current': model.migMode ?? '[N/A]',
    pstate: gpu.performanceState,
    'fan.speed': [null, '%'],
    'memory.total': [memory?.totalMiB, 'MiB'],
    'memory.reserved': [memory?.reservedMiB, 'MiB'],
    'memory.used': [memory?.usedMiB, 'MiB'],
    'memory.free': [memory && memory.totalMiB - memory.reservedMiB - memory.usedMiB, 'MiB'],
    'utilization.gpu': [gpu.utilization, '%'],
    'utilization.memory': [gpu.memoryUtilization, '%'],
    'temperature.gpu': String(gpu.temperatureC),
    'temperature.memory': gpu.memoryTemperatureC === null ? 'N/A' : String(gpu.memoryTemperatureC),
    'power.draw': [gpu.powerW, 'W', 2],
    'power.draw.average': [model.averagesPower ? gpu.powerW : null, 'W', 2],
    'power.draw.instant': [gpu.powerW, 'W', 2],
    'power.limit': [limit?.set, 'W', 2],
    'enforced.power.limit': [limit?.set, 'W', 2],
    'power.max_limit': [limit?.max, 'W', 2],
    'clocks.current.graphics,clocks.gr': [gpu.smClockMhz, 'MHz'],
    'clocks.current.sm,clocks.sm': [gpu.smClockMhz, 'MHz'],
    'clocks.current.memory,clocks.mem': [model.memClock, 'MHz'],
    'clocks.max.sm': [model.maxSmClock, 'MHz'],
  };
}

/** A key may hold several names of one field; the first is the one that the heading shows. */
function lines(rows: readonly Record<string, Value>[]): string {
  return rows
    .flatMap((row, index) =>
      Object.entries(row).flatMap(([key, value]) => {
        const names = key.split(',');
        const [heading, full, bare] = columns(names[0]!, value);
        return names.map(name => `${index}\t${name}\t${heading}\t${full}\t${bare}\n`);
      }),
    )
    .join('');
}

function columns(name: string, value: Value): [heading: string, full: string, bare: string] {
  if (typeof value === 'string') return [name, value, value];
  const [number, unit, digits = 0] = value;
  const heading = `${name} [${unit}]`;
  if (number === null || number === undefined) return [heading, '[N/A]', '[N/A]'];
  return [heading, `${number.toFixed(digits)} ${unit}`, number.toFixed(digits)];
}

/** `2026/04/30 16:09:19.123`, local time. */
function csvTime(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${time.getFullYear()}/${two(time.getMonth() + 1)}/${two(time.getDate())}`;
  return `${day} ${time.toTimeString().slice(0, 8)}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}
