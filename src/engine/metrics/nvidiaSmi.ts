import { XMLParser } from 'fast-xml-parser';
import type { GpuDetails } from '../../shared/details.js';
import { THROTTLE_REASONS, type ThrottleReason } from '../../shared/metrics.js';
import { type GpuReading, performanceState, plainText, quantity, saysLost, type Unit } from './gpuReading.js';
import { documentOf, isBalanced } from './nvidiaSmiDocument.js';
import { MAX_GPUS } from './smiRows.js';

/** A GPU as the document has it: what is measured, and what only the document tells. */
export interface DocumentedGpu extends GpuReading {
  readonly details: GpuDetails;
}

/** One document of `nvidia-smi -q -x`. */
export interface NvidiaSmiReport {
  readonly driverVersion: string | null;
  readonly gpus: readonly DocumentedGpu[];
  /** False when its end is missing; `gpus` then holds those that were printed whole. */
  readonly complete: boolean;
}

/** A GPU is cut into 7 devices at most. */
const MAX_MIG_DEVICES = 16;

/** The tags of the reasons behind `clocks_event_reason_` (`clocks_throttle_reason_` up to driver 530), in NVML's order. */
const REASON_TAGS = [
  'gpu_idle',
  'applications_clocks_setting',
  'sw_power_cap',
  'hw_slowdown',
  'sync_boost',
  'sw_thermal_slowdown',
  'hw_thermal_slowdown',
  'hw_power_brake_slowdown',
  'display_clocks_setting',
] as const;
const REASON_BLOCKS = ['clocks_event_reason', 'clocks_throttle_reason'] as const;

/**
 * The tags that are read, at whatever place they have in the schemas v10 to v13; a tag that is not here is dropped
 * with all that it holds. So the blocks that repeat these names for something else (`module_power_readings`,
 * `gpu_memory_power_readings`, `bar1_memory_usage`, `applications_clocks`, `max_clocks`) are never seen.
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
  'clocks',
  'sm_clock',
  'mem_clock',
  'fan_speed',
  'performance_state',
  ...REASON_BLOCKS.flatMap(block => [`${block}s`, ...REASON_TAGS.map(tag => `${block}_${tag}`)]),
  'ecc_errors',
  'volatile',
  'aggregate',
  'single_bit',
  'double_bit',
  'sram_correctable',
  'sram_uncorrectable',
  'sram_uncorrectable_parity',
  'sram_uncorrectable_secded',
  'dram_correctable',
  'dram_uncorrectable',
  'mig_devices',
  'mig_device',
  'index',
  'gpu_instance_id',
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
  isArray: name => name === 'gpu' || name === 'mig_device',
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

function readGpu(gpu: unknown, index: number): DocumentedGpu {
  const memory = child(gpu, 'fb_memory_usage');
  const power = child(gpu, 'gpu_power_readings') ?? child(gpu, 'power_readings');
  const clocks = child(gpu, 'clocks');
  const utilization = text(child(gpu, 'utilization'), 'gpu_util');
  const temperature = text(child(gpu, 'temperature'), 'gpu_temp');
  return {
    index,
    uuid: plainText(text(gpu, 'uuid')),
    name: plainText(text(gpu, 'product_name')) ?? `GPU ${index}`,
    utilization: amount(utilization, '%'),
    memoryUsedMb: amount(text(memory, 'used'), 'MiB'),
    memoryTotalMb: amount(text(memory, 'total'), 'MiB'),
    temperatureC: amount(temperature, 'C'),
    powerW:
      amount(text(power, 'power_draw'), 'W') ??
      amount(text(power, 'average_power_draw'), 'W') ??
      amount(text(power, 'instant_power_draw'), 'W'),
    powerLimitW: amount(text(power, 'current_power_limit'), 'W') ?? amount(text(power, 'power_limit'), 'W'),
    smClockMhz: amount(text(clocks, 'sm_clock'), 'MHz'),
    memClockMhz: amount(text(clocks, 'mem_clock'), 'MHz'),
    fanPercent: amount(text(gpu, 'fan_speed'), 'fan%'),
    performanceState: performanceState(text(gpu, 'performance_state')),
    throttle: readThrottle(gpu),
    lost: [utilization, temperature, text(memory, 'total')].some(saysLost),
    details: { index, ecc: readEcc(child(gpu, 'ecc_errors')), mig: readMig(gpu) },
  };
}

function readThrottle(gpu: unknown): ThrottleReason[] | null {
  for (const block of REASON_BLOCKS) {
    const reasons = child(gpu, `${block}s`);
    const said = REASON_TAGS.map(tag => text(reasons, `${block}_${tag}`)?.trim());
    if (said.some(word => word === 'Active' || word === 'Not Active'))
      return THROTTLE_REASONS.filter((_reason, bit) => said[bit] === 'Active');
  }
  return null;
}

/** Schemas before v11 count by the number of wrong bits, later ones by where they were. */
function readEcc(errors: unknown): GpuDetails['ecc'] {
  const counts = (['volatile', 'aggregate'] as const).map(span => {
    const block = child(errors, span);
    return {
      corrected: sum([
        text(block, 'sram_correctable'),
        text(block, 'dram_correctable'),
        text(child(block, 'single_bit'), 'total'),
      ]),
      uncorrected: sum([
        text(block, 'sram_uncorrectable'),
        text(block, 'sram_uncorrectable_parity'),
        text(block, 'sram_uncorrectable_secded'),
        text(block, 'dram_uncorrectable'),
        text(child(block, 'double_bit'), 'total'),
      ]),
    };
  });
  const [recent, ever] = counts;
  if (counts.every(({ corrected, uncorrected }) => corrected === null && uncorrected === null)) return null;
  return {
    volatileCorrected: recent?.corrected ?? null,
    volatileUncorrected: recent?.uncorrected ?? null,
    aggregateCorrected: ever?.corrected ?? null,
    aggregateUncorrected: ever?.uncorrected ?? null,
  };
}

/** Of those that are numbers; null when none is. */
function sum(texts: readonly (string | null)[]): number | null {
  const numbers = texts.map(value => quantity(value, 'count')).filter(value => value !== null);
  return numbers.length === 0 ? null : numbers.reduce((total, value) => total + value, 0);
}

function readMig(gpu: unknown): GpuDetails['mig'] {
  const devices = child(child(gpu, 'mig_devices'), 'mig_device');
  if (!Array.isArray(devices)) return [];
  return devices.slice(0, MAX_MIG_DEVICES).map((device: unknown, position) => {
    const memory = child(device, 'fb_memory_usage');
    return {
      index: quantity(text(device, 'index'), 'count') ?? position,
      gpuInstanceId: quantity(text(device, 'gpu_instance_id'), 'count'),
      usedMb: amount(text(memory, 'used'), 'MiB'),
      totalMb: amount(text(memory, 'total'), 'MiB'),
    };
  });
}

/** The number of `37 C` or ` 10.3 % `; null when the text is anything else or out of range. */
function amount(value: string | null, unit: Unit): number | null {
  const [, number, written] = /^\s*(-?[\d.]{1,24})\s*([A-Za-z%]{1,4})\s*$/.exec(value ?? '') ?? [];
  return written === (unit === 'fan%' ? '%' : unit) ? quantity(number, unit) : null;
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
