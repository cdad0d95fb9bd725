import { useState } from 'preact/hooks';
import { type JobPoint } from '../../src/shared/jobs.js';
import { figure } from '../text/jobs.js';
import { Button } from '../ui/button.js';
import { Dropdown } from '../ui/choice.js';

const WIDTH = 1000;
const HEIGHT = 240;
const SMOOTHINGS = [
  { value: '0', label: 'As logged' },
  { value: '0.6', label: 'Smoothed' },
  { value: '0.9', label: 'Very smooth' },
] as const;
type Smoothing = (typeof SMOOTHINGS)[number]['value'];

interface Dot {
  readonly x: number;
  readonly y: number;
}

/** Loss over the steps of a training, and the loss of its evaluations where there are any. */
export function LossChart({ points }: { points: readonly JobPoint[] }) {
  const [smoothing, setSmoothing] = useState<Smoothing>('0');
  const [isLog, setLog] = useState(false);
  const place = (point: JobPoint, index: number) => point.step ?? index + 1;
  const dots = (of: 'loss' | 'evalLoss'): Dot[] =>
    points.flatMap((point, index) => {
      const y = point[of];
      return y === null || (isLog && y <= 0) ? [] : [{ x: place(point, index), y: isLog ? Math.log10(y) : y }];
    });
  const [loss, evaluation] = [dots('loss'), dots('evalLoss')];
  const shown = smooth(loss, Number(smoothing));
  const all = [...loss, ...evaluation];
  if (all.length < 2) return null;
  const [left, right] = range(all.map(({ x }) => x));
  const [low, high] = range(all.map(({ y }) => y));
  const path = (line: readonly Dot[]) =>
    line
      .map(({ x, y }) => `${((x - left) / (right - left)) * WIDTH},${HEIGHT - ((y - low) / (high - low)) * HEIGHT}`)
      .join(' ');
  const value = (y: number) => figure(isLog ? 10 ** y : y);
  const [first, last] = [loss[0] ?? evaluation[0], loss.at(-1) ?? evaluation.at(-1)];
  return (
    <figure class="curve card">
      <figcaption class="curve__head">
        <span class="curve__title">
          Loss over {points.some(({ step }) => step !== null) ? 'steps' : 'logged points'}
          {evaluation.length > 0 && <span class="curve__key"> and of evaluations (dashed)</span>}
        </span>
        <span class="curve__choices">
          <Dropdown
            id="curve-smoothing"
            label="Smoothing"
            value={smoothing}
            options={SMOOTHINGS}
            onChange={setSmoothing}
          />
          <Button onClick={() => setLog(!isLog)}>{isLog ? 'Linear scale' : 'Log scale'}</Button>
        </span>
      </figcaption>
      <div class="curve__plot">
        <div class="curve__scale numbers" aria-hidden="true">
          <span>{value(high)}</span>
          <span>{value((high + low) / 2)}</span>
          <span>{value(low)}</span>
        </div>
        <svg
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={first && last ? `Loss from ${value(first.y)} to ${value(last.y)}.` : 'Loss'}
        >
          {[0, 0.5, 1].map(at => (
            <line key={at} class="curve__rule" x1="0" x2={WIDTH} y1={HEIGHT * at} y2={HEIGHT * at} />
          ))}
          {smoothing !== '0' && <polyline class="curve__line curve__line--raw" points={path(loss)} />}
          <polyline class="curve__line" points={path(shown)} />
          {evaluation.length > 0 && <polyline class="curve__line curve__line--eval" points={path(evaluation)} />}
        </svg>
      </div>
      <div class="curve__axis numbers" aria-hidden="true">
        <span>{figure(left)}</span>
        <span>{figure(right)}</span>
      </div>
    </figure>
  );
}

/** Exponential mean, corrected for its beginning, as TensorBoard draws it. */
function smooth(line: readonly Dot[], weight: number): readonly Dot[] {
  if (weight === 0) return line;
  let mean = 0;
  return line.map(({ x, y }, index) => {
    mean = mean * weight + y * (1 - weight);
    return { x, y: mean / (1 - weight ** (index + 1)) };
  });
}

/** Smallest and largest; apart from each other even where there is only one value. */
function range(values: readonly number[]): [number, number] {
  const low = values.reduce((one, other) => Math.min(one, other), Infinity);
  const high = values.reduce((one, other) => Math.max(one, other), -Infinity);
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}
