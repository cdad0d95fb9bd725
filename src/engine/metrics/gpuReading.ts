import { THROTTLE_REASONS, type ThrottleReason } from '../../shared/metrics.js';

/** What nvidia-smi says of one GPU. `null` is everything that is not a number: N/A, Not Supported, a sentence. */
export interface GpuReading {
  /** Position in the list, from 0. */
  readonly index: number;
  /** Null also where it was not asked for. */
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
  /** MHz. */
  readonly smClockMhz: number | null;
  /** MHz. */
  readonly memClockMhz: number | null;
  /** Percent. */
  readonly fanPercent: number | null;
  readonly performanceState: string | null;
  readonly throttle: ThrottleReason[] | null;
  /** The driver has lost contact with it; a restart of the machine is needed. */
  readonly lost: boolean;
}

/** A GPU draws less than this by far; NVML's own "unknown" numbers are beyond it. */
const MAX_WATTS = 20_000;
/** 16 TiB. */
const MAX_MEBIBYTES = 16 * 1024 * 1024;
const MAX_MEGAHERTZ = 100_000;
const MAX_NAME_LENGTH = 120;

/** What a number may be, by its unit. */
const RANGES = {
  '%': [0, 100],
  // fans can be faster than their nominal speed
  'fan%': [0, 250],
  MiB: [0, MAX_MEBIBYTES],
  C: [-60, 250],
  W: [0, MAX_WATTS],
  MHz: [0, MAX_MEGAHERTZ],
  count: [0, Number.MAX_SAFE_INTEGER],
} as const;
export type Unit = keyof typeof RANGES;

/** The number of a text like `37` or ` 10.3 `; null when it is anything else or out of the unit's range. */
export function quantity(text: string | null | undefined, unit: Unit): number | null {
  const match = /^\s*(-?\d{1,16}(?:\.\d{1,6})?)\s*$/.exec(text ?? '');
  if (!match) return null;
  const number = Number(match[1]);
  const [min, max] = RANGES[unit];
  return number >= min && number <= max ? number : null;
}

/** `P0` to `P15`. */
export function performanceState(text: string | null | undefined): string | null {
  return /^\s*(P(?:1[0-5]|\d))\s*$/.exec(text ?? '')?.[1] ?? null;
}

/** The reasons of NVML's bit mask in hexadecimal, `0x0000000000000004`; bits that are not known are left out. */
export function throttleReasons(mask: string | null | undefined): ThrottleReason[] | null {
  const match = /^\s*(0x[0-9a-f]{1,16})\s*$/i.exec(mask ?? '');
  if (!match?.[1]) return null;
  const bits = BigInt(match[1]);
  return THROTTLE_REASONS.filter((_reason, bit) => (bits >> BigInt(bit)) & 1n);
}

/** Whether a text in the place of a reading says that the driver has lost contact with the GPU. */
export function saysLost(text: string | null | undefined): boolean {
  return /^\s*\[?(?:GPU is lost|GPU requires reset)/i.test(text ?? '');
}

/** Null for "N/A" and empty texts; without control and direction characters, which have no place in a name. */
export function plainText(value: string | null | undefined): string | null {
  const plain = (value ?? '').replace(/[\p{Cc}\p{Cf}]/gu, '').trim();
  return plain === '' || /^\[?N\/A\]?$/.test(plain) ? null : plain.slice(0, MAX_NAME_LENGTH);
}
