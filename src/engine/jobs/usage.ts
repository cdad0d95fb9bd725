import type { JobPoint, JobUsage } from '../../shared/jobs.js';

/** So many GPUs are read of a line at most. */
const MOST_GPUS = 64;
const LINE = /^(\d{1,12}) (\d{0,15}) (\d{0,15}) (\S*)$/;

/**
 * Reads what the launcher has recorded: lines of `<seconds> <available KiB> <bytes of the log> <utilization,MiB,Celsius,Watts;...>`, where
 * nvidia-smi may say `[N/A]`. What is no such line, the last one that is half written among them, is left out.
 */
export function readUsage(text: string): JobUsage[] {
  return text.split('\n').flatMap(line => {
    const [, seconds, available, logBytes, gpus = ''] = LINE.exec(line) ?? [];
    if (seconds === undefined) return [];
    return [
      {
        ...{ at: Number(seconds) * 1000, memAvailableKiB: whole(available), logBytes: whole(logBytes) },
        gpus: gpus.split(';').filter(Boolean).slice(0, MOST_GPUS).map(readGpu),
      },
    ];
  });
}

function readGpu(text: string): JobUsage['gpus'][number] {
  const [utilization, memoryUsedMiB, temperature, power] = text.split(',').map(value => {
    const number = Number(value);
    return value === '' || !Number.isFinite(number) ? null : number;
  });
  return {
    ...{ utilization: utilization ?? null, memoryUsedMiB: memoryUsedMiB ?? null },
    ...{ temperature: temperature ?? null, power: power ?? null },
  };
}

function whole(digits: string | undefined): number | null {
  return digits === undefined || digits === '' ? null : Number(digits);
}

/**
 * Dates the points of a curve: between two moments at which the size of the log was recorded it is taken to have grown evenly.
 * @param offsets where the line of each point ends in the log, in bytes
 */
export function datePoints(
  points: readonly JobPoint[],
  offsets: readonly number[],
  usage: readonly JobUsage[],
  end: { readonly at: number; readonly bytes: number } | null,
): JobPoint[] {
  const known = usage.flatMap(({ at, logBytes }) => (logBytes === null ? [] : [{ at, bytes: logBytes }]));
  if (end) known.push(end);
  let next = 0;
  return points.map((point, index) => {
    // it says so itself
    if (point.at !== null) return point;
    const offset = offsets[index] ?? 0;
    while (next < known.length && (known[next]?.bytes ?? 0) < offset) next += 1;
    const [before, after] = [known[next - 1], known[next]];
    if (!before || !after) return { ...point, at: after?.at ?? null };
    const share = after.bytes === before.bytes ? 0 : (offset - before.bytes) / (after.bytes - before.bytes);
    return { ...point, at: Math.round(before.at + (after.at - before.at) * share) };
  });
}
