import type { Disk, MachineDetails } from '../../shared/details.js';

const MAX_DISKS = 64;
const MAX_SENSORS = 64;
const MAX_TEXT_LENGTH = 200;
const MILLI = 1000;

/**
 * Reads `df -Pk` (POSIX: device, KiB in all, used, available, capacity, mount point). A device that is mounted at several
 * places is listed once, at the shortest of them.
 * @returns null when it printed no table
 */
export function parseDisks(text: string): Disk[] | null {
  const lines = text.split('\n');
  if (!lines.some(line => /^Filesystem\s/.test(line))) return null;
  const byDevice = new Map<string, Disk>();
  for (const line of lines) {
    const match = /^(\/dev\/\S+)\s+(\d{1,15})\s+(\d{1,15})\s+(\d{1,15})\s+\S+\s+(\/.*)$/.exec(line);
    if (!match) continue;
    const [, device = '', total, used, available, mount = ''] = match;
    if (Number(total) === 0) continue;
    const disk: Disk = {
      device: plain(device),
      mount: plain(mount),
      totalMb: mebibytes(total),
      usedMb: mebibytes(used),
      availableMb: mebibytes(available),
    };
    const known = byDevice.get(device);
    if (!known || disk.mount.length < known.mount.length) byDevice.set(device, disk);
    if (byDevice.size >= MAX_DISKS) break;
  }
  return [...byDevice.values()].sort((a, b) => (a.mount < b.mount ? -1 : 1));
}

/** Reads `name millidegrees;name millidegrees;...`; sensors of one name are numbered. */
export function parseTemperatures(text: string): MachineDetails['temperatures'] {
  const readings = text
    .split(';')
    .slice(0, MAX_SENSORS)
    .flatMap(part => {
      const match = /^(.+) (-?\d{1,7})$/.exec(part.trim());
      const celsius = match ? Number(match[2]) / MILLI : NaN;
      return match && celsius > -60 && celsius < 250 ? [{ name: plain(match[1] ?? ''), celsius }] : [];
    });
  const seen = new Map<string, number>();
  return readings.map(({ name, celsius }) => {
    const number = (seen.get(name) ?? 0) + 1;
    seen.set(name, number);
    const several = readings.filter(other => other.name === name).length > 1;
    return { sensor: several ? `${name} ${number}` : name, celsius: Math.round(celsius * 10) / 10 };
  });
}

function mebibytes(kib: string | undefined): number {
  return Math.round(Number(kib) / 1024);
}

function plain(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .trim()
    .slice(0, MAX_TEXT_LENGTH);
}
