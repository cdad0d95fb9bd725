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
