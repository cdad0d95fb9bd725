import type { AlertKind } from '../../shared/alerts.js';
import type { MachineDetails } from '../../shared/details.js';
import type { Sample } from '../../shared/metrics.js';
import type { EngineSettings } from '../../shared/settings.js';

/** Something that an alert can be about, as it is now. */
export interface Watched {
  /** Unlike that of everything else on the machine. */
  readonly key: string;
  readonly kind: AlertKind;
  readonly value: number;
  /** The alert begins when the value stays at or above this. */
  readonly limit: number;
  /** It ends when the value is below this; the distance keeps it from flickering. */
  readonly clear: number;
  readonly message: string;
}

/** Of a threshold, how far below it the value must fall. */
const HYSTERESIS = 0.05;

/** What the readings of a machine say about the thresholds that the user has set; a threshold of 0 is none. */
export function watchedIn(sample: Sample, settings: EngineSettings): Watched[] {
  const found: Watched[] = [];
  const add = (
    kind: AlertKind,
    key: string,
    value: number | null,
    limit: number,
    message: (shown: number) => string,
  ) => {
    if (limit > 0 && value !== null)
      found.push({ kind, key, value, limit, clear: limit * (1 - HYSTERESIS), message: message(Math.round(value)) });
  };
  for (const gpu of sample.gpus) {
    const name = sample.gpus.length > 1 ? `GPU ${gpu.index}` : 'The GPU';
    const { usedMb, totalMb, kind } = gpu.memory;
    add(
      'temperature',
      `temperature ${gpu.index}`,
      gpu.temperatureC,
      settings.alertTemperatureC,
      c => `${name} is at ${c} °C.`,
    );
    add(
      'utilization',
      `utilization ${gpu.index}`,
      gpu.utilization,
      settings.alertUtilizationPercent,
      p => `${name} is ${p} % busy.`,
    );
    add('power', `power ${gpu.index}`, gpu.powerW, settings.alertPowerW, w => `${name} draws ${w} W.`);
    if (kind === 'dedicated' && usedMb !== null && totalMb !== null && totalMb > 0)
      add(
        'memory',
        `memory ${gpu.index}`,
        (usedMb / totalMb) * 100,
        settings.alertMemoryPercent,
        p => `The memory of ${name} is ${p} % full.`,
      );
  }
  const { memory } = sample;
  if (memory && memory.usedMb !== null && memory.totalMb > 0)
    add(
      'memory',
      'memory',
      (memory.usedMb / memory.totalMb) * 100,
      settings.alertMemoryPercent,
      p => `The memory of the machine is ${p} % full.`,
    );
  return found;
}

/** The same for what changes slowly. */
export function watchedInDetails({ disks }: MachineDetails, { alertDiskPercent }: EngineSettings): Watched[] {
  if (alertDiskPercent <= 0) return [];
  return (disks ?? []).flatMap(({ mount, totalMb, availableMb }) => {
    if (totalMb <= 0) return [];
    const value = (1 - availableMb / totalMb) * 100;
    const message = `The disk ${mount} is ${Math.round(value)} % full.`;
    return [
      {
        key: `disk ${mount}`,
        kind: 'disk' as const,
        value,
        limit: alertDiskPercent,
        clear: alertDiskPercent - 1,
        message,
      },
    ];
  });
}
