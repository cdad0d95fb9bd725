/** How a reading that the machine does not report is shown. */
export const NOT_REPORTED = 'n/a';

/**
 * MiB as GB with one digit: MiB / 1024, that is GiB, under the unit that NVIDIA's tools and data sheets print on
 * memory sizes ("80GB" for 81920 MiB), which is the one that users know.
 */
export function gigabytes(mebibytes: number): string {
  return (mebibytes / 1024).toFixed(1);
}

/** Whole percent, within 0 to 100. */
export function percent(value: number): string {
  return String(Math.round(Math.min(100, Math.max(0, value))));
}

/** Watts: one digit below 100, where a desktop machine idles, whole above. */
export function watts(value: number): string {
  return value < 99.95 ? value.toFixed(1) : String(Math.round(value));
}

/** Whole or `n/a`, with its unit. */
export function withUnit(value: number | null, unit: string, digits = 0): string {
  return value === null ? NOT_REPORTED : `${value.toFixed(digits)} ${unit}`;
}

/** MiB as "900 MB" or "12.4 GB"; the units are 1024 apart, as NVIDIA's tools print them. */
export function memorySize(mebibytes: number | null): string {
  if (mebibytes === null) return NOT_REPORTED;
  if (mebibytes >= 1024 * 1024) return `${(mebibytes / 1024 / 1024).toFixed(2)} TB`;
  return mebibytes < 1024 ? `${Math.round(mebibytes)} MB` : `${gigabytes(mebibytes)} GB`;
}

/** Bytes a second in the unit that fits. */
export function rate(bytesPerSecond: number | null): string {
  if (bytesPerSecond === null) return NOT_REPORTED;
  if (bytesPerSecond < 1000) return `${Math.round(bytesPerSecond)} B/s`;
  if (bytesPerSecond < 1e6) return `${(bytesPerSecond / 1e3).toFixed(1)} kB/s`;
  return bytesPerSecond < 1e9
    ? `${(bytesPerSecond / 1e6).toFixed(1)} MB/s`
    : `${(bytesPerSecond / 1e9).toFixed(2)} GB/s`;
}
