import { type JobPoint } from '../../src/shared/jobs.js';

/** What a curve can show, besides the loss with its evaluations. */
export type CurveFigure = 'loss' | 'evalLoss' | 'learningRate' | 'gradNorm' | 'tokensPerSecond';
export type Axis = 'step' | 'time';

/** One line of a chart; x is a step, or the milliseconds since the job was started. */
export interface CurveLine {
  readonly label: string;
  readonly colour: string;
  readonly isDashed: boolean;
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** `y` before it was smoothed; undefined where it is not. */
  readonly raw: readonly number[] | undefined;
}

interface LineOptions {
  readonly figure: CurveFigure;
  readonly axis: Axis;
  readonly startedAt: number | null;
  /** 0: none, towards 1: more. */
  readonly smoothing: number;
  readonly isLogarithmic: boolean;
}

/** The values of one figure over steps or time. A logarithmic scale has no place for what is not above zero. */
export function valuesOf(
  points: readonly JobPoint[],
  { figure, axis, startedAt, smoothing, isLogarithmic }: LineOptions,
): Pick<CurveLine, 'x' | 'y' | 'raw'> {
  const hasSteps = points.some(({ step }) => step !== null);
  const placed = new Map<number, number>();
  points.forEach((point, index) => {
    const y = point[figure];
    if (y === null || (isLogarithmic && y <= 0)) return;
    const x = axis === 'time' ? sinceStart(point, startedAt) : hasSteps ? point.step : index + 1;
    // a training that was resumed tells some steps again: the last time counts
    if (x !== null) placed.set(x, y);
  });
  const sorted = [...placed].sort(([one], [other]) => one - other);
  const x = sorted.map(([at]) => at);
  const raw = sorted.map(([, y]) => y);
  return smoothing === 0 ? { x, y: raw, raw: undefined } : { x, y: smooth(raw, smoothing), raw };
}

function sinceStart({ at }: JobPoint, startedAt: number | null): number | null {
  return at === null || startedAt === null ? null : Math.max(0, at - startedAt);
}

/** Exponential mean, corrected for its beginning, as TensorBoard draws it. */
export function smooth(values: readonly number[], weight: number): number[] {
  let mean = 0;
  return values.map((value, index) => {
    mean = mean * weight + value * (1 - weight);
    return mean / (1 - weight ** (index + 1));
  });
}

/** `1:02:03` of milliseconds; `3 d 4 h` from a day on. */
export function elapsed(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  if (hours >= 24) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  return hours > 0
    ? `${hours}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`
    : `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
}
