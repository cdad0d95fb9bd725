import { XMLParser } from 'fast-xml-parser';
import { documentOf, isBalanced } from './nvidiaSmiDocument.js';

/** What nvidia-smi says of one GPU. `null` is everything that is not a number: N/A, Not Supported, a sentence. */
export interface GpuReading {
  /** Position in the list, from 0. */
  readonly index: number;
  readonly uuid: string | null;
  readonly name: string;
  /** Percent. */
  readonly utilization: number | null;
  /** MiB, of the GPU's own memory. */
  readonly memoryUsedMb: number | null;
  /** MiB, of the GPU's own memory. */
  readonly memoryTotalMb: number | null;
  /** Degrees Celsius. */
  readonly temperatureC: number | null;
  /** Watts. */
  readonly powerW: number | null;
  /** Watts. */
  readonly powerLimitW: number | null;
  /** The driver has lost contact with it; a restart of the machine is needed. */
  readonly lost: boolean;
}

/** One document of `nvidia-smi -q -x`. */
export interface NvidiaSmiReport {
  readonly driverVersion: string | null;
  readonly gpus: readonly GpuReading[];
  /** False when its end is missing; `gpus` then holds those that were printed whole. */
  readonly complete: boolean;
}

/** More than any machine has; a longer list is not nvidia-smi's. */
const MAX_GPUS = 128;
const MAX_NAME_LENGTH = 120;

/**
 * The tags that are read, at whatever place they have in the schemas v10 to v13; a tag that is not here is dropped
 * with all that it holds. So the blocks that repeat these names for something else (`mig_devices`,
 * `module_power_readings`, `gpu_memory_power_readings`, `bar1_memory_usage`) are never seen.
 */
const READ = new Set([
  'nvidia_smi_log',
  'driver_version',
  'gpu',
  'product_name',
  'uuid',
  'fb_memory_usage',
  'total',
  'used',
  'utilization',
  'gpu_util',
  'temperature',
  'gpu_temp',
  'power_readings',
  'gpu_power_readings',
  'power_draw',
  'average_power_draw',
  'instant_power_draw',
  'power_limit',
  'current_power_limit',
]);

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  // values are texts with units; entities could only be a hostile machine's
  parseTagValue: false,
  processEntities: false,
  maxNestedTags: 32,
  jPath: false,
  isArray: name => name === 'gpu',
  updateTag: name => READ.has(name),
});

/**
 * Reads the output of `nvidia-smi -q -x` of drivers 384 to 595, also with other text before and after it.
 * @returns null when it holds no such document, or one that is not well-formed
 */
export function parseNvidiaSmi(output: string): NvidiaSmiReport | null {
  const document = documentOf(output);
  if (!document || !isBalanced(document.xml)) return null;
  let parsed: unknown;
  try {
    parsed = parser.parse(document.xml);
  } catch {
    return null;
  }
  const log = child(parsed, 'nvidia_smi_log');
  const gpus = child(log, 'gpu');
  return {
    driverVersion: plainText(text(log, 'driver_version')),
    gpus: Array.isArray(gpus) ? gpus.slice(0, MAX_GPUS).map(readGpu) : [],
    complete: document.complete,
  };
}

function readGpu(gpu: unknown, index: number): GpuReading {
  const memory = child(gpu, 'fb_memory_usage');
  const power = child(gpu, 'gpu_power_readings') ?? child(gpu, 'power_readings');
  const utilization = text(child(gpu, 'utilization'), 'gpu_util');
  const temperature = text(child(gpu, 'temperature'), 'gpu_temp');
  return {
    index,
    uuid: plainText(text(gpu, 'uuid')),
    name: plainText(text(gpu, 'product_name')) ?? `GPU ${index}`,
    utilization: quantity(utilization, '%', 0, 100),
    memoryUsedMb: mebibytes(text(memory, 'used')),
    memoryTotalMb: mebibytes(text(memory, 'total')),
    temperatureC: quantity(temperature, 'C', -60, 250),
    powerW:
      watts(text(power, 'power_draw')) ??
      watts(text(power, 'average_power_draw')) ??
      watts(text(power, 'instant_power_draw')),
    powerLimitW: watts(text(power, 'current_power_limit')) ?? watts(text(power, 'power_limit')),
    lost: [utilization, temperature, text(memory, 'total')].some(value => value !== null && LOST.test(value)),
  };
}

const LOST = /^(?:GPU is lost|GPU requires reset)/i;

/** A GPU draws less than this by far; NVML's own "unknown" numbers are beyond it. */
const MAX_WATTS = 20_000;
/** 16 TiB. */
const MAX_MEBIBYTES = 16 * 1024 * 1024;

function watts(value: string | null): number | null {
  return quantity(value, 'W', 0, MAX_WATTS);
}

function mebibytes(value: string | null): number | null {
  return quantity(value, 'MiB', 0, MAX_MEBIBYTES);
}

/** The number of `37 C` or ` 10.3 % `; null when the text is anything else or out of range. */
function quantity(value: string | null, unit: string, min: number, max: number): number | null {
  const match = value === null ? null : /^\s*(-?\d{1,12}(?:\.\d{1,6})?)\s*([A-Za-z%]+)\s*$/.exec(value);
  if (match?.[2] !== unit) return null;
  const number = Number(match[1]);
  return number >= min && number <= max ? number : null;
}

/** Null for "N/A" and empty texts; without control and direction characters, which have no place in a name. */
function plainText(value: string | null): string | null {
  const plain = (value ?? '').replace(/[\p{Cc}\p{Cf}]/gu, '').trim();
  return plain === '' || plain === 'N/A' ? null : plain.slice(0, MAX_NAME_LENGTH);
}

function child(node: unknown, name: string): unknown {
  return typeof node === 'object' && node !== null && Object.hasOwn(node, name)
    ? (node as Record<string, unknown>)[name]
    : undefined;
}

/** The text of a tag; null when there is none, or when it is there twice and nobody knows which one counts. */
function text(node: unknown, name: string): string | null {
  const value = child(node, name);
  return typeof value === 'string' ? value : null;
}
