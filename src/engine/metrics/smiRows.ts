import { type GpuReading, performanceState, plainText, quantity, saysLost, throttleReasons } from './gpuReading.js';

/** More than any machine has; a longer list is not nvidia-smi's. */
export const MAX_GPUS = 128;
/** Enough of what nvidia-smi says instead of readings to understand it. */
const MAX_COMPLAINT_LENGTH = 2000;

const MEASURED = [
  'utilization.gpu',
  'memory.used',
  'memory.total',
  'temperature.gpu',
  'power.draw',
  'power.limit',
  'clocks.sm',
  'clocks.mem',
  'fan.speed',
  'pstate',
] as const;

/**
 * The fields that are asked for, the newest names first: a driver that does not know one of them refuses them all. The
 * index comes first, because the remote script begins a reading with it, and the name last, because it is free text.
 */
export const FIELD_SETS: readonly string[] = [
  ['index', ...MEASURED, 'count', 'clocks_event_reasons.active', 'name'].join(','),
  // up to driver 530
  ['index', ...MEASURED, 'count', 'clocks_throttle_reasons.active', 'name'].join(','),
  ['index', ...MEASURED, 'count', 'name'].join(','),
];

/** A line that `nvidia-smi --query-gpu` prints for one GPU, without headings and units; null for any other line. */
export function parseRow(line: string, fields: string): { gpu: GpuReading; count: number } | null {
  const values = line.split(', ');
  const wanted = fields.split(',').length;
  if (values.length < wanted) return null;
  const [indexText, utilization, used, total, temperature, power, limit, sm, mem, fan, state, countText] = values;
  const index = quantity(indexText, 'count');
  const count = quantity(countText, 'count');
  if (index === null || count === null || !Number.isInteger(index) || count > MAX_GPUS || index >= count) return null;
  return {
    count,
    gpu: {
      index,
      uuid: null,
      name: plainText(values.slice(wanted - 1).join(', ')) ?? `GPU ${index}`,
      utilization: quantity(utilization, '%'),
      memoryUsedMb: quantity(used, 'MiB'),
      memoryTotalMb: quantity(total, 'MiB'),
      temperatureC: quantity(temperature, 'C'),
      powerW: quantity(power, 'W'),
      powerLimitW: quantity(limit, 'W'),
      smClockMhz: quantity(sm, 'MHz'),
      memClockMhz: quantity(mem, 'MHz'),
      fanPercent: quantity(fan, 'fan%'),
      performanceState: performanceState(state),
      throttle: wanted > MEASURED.length + 3 ? throttleReasons(values[MEASURED.length + 2]) : null,
      lost: [utilization, temperature, total].some(saysLost),
    },
  };
}

/** Puts the lines of nvidia-smi's loop together to one reading of all GPUs a round. */
export class RowReader {
  private round: GpuReading[] = [];
  private complaints = '';

  constructor(readonly fields: string) {}

  /** What nvidia-smi said that is no reading. */
  get complaint(): string {
    return this.complaints;
  }

  /** Takes a line; the last of a round gives the round. */
  take(line: string): readonly GpuReading[] | undefined {
    const row = parseRow(line, this.fields);
    if (!row) {
      if (this.complaints.length < MAX_COMPLAINT_LENGTH && line.trim() !== '')
        this.complaints += `${line.slice(0, MAX_COMPLAINT_LENGTH)}\n`;
      return undefined;
    }
    const { gpu, count } = row;
    // a round that was cut short begins anew
    if (gpu.index === 0 || this.round.some(known => known.index >= gpu.index)) this.round = [];
    this.round.push(gpu);
    if (this.round.length < count) return undefined;
    const round = this.round;
    this.round = [];
    this.complaints = '';
    return round;
  }
}
