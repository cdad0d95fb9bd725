import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { figure } from '../text/jobs.js';
import { type Axis, type CurveLine, elapsed } from './curveLines.js';
import { CurvePlot } from './curvePlot.js';

interface CurveChartProps {
  title: string;
  unit?: string;
  lines: readonly CurveLine[];
  axis: Axis;
  isLogarithmic: boolean;
  top?: number;
}

/** One figure of one or several jobs; the crosshair tells its values above. */
export function CurveChart({ title, unit, lines, axis, isLogarithmic, top }: CurveChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<CurvePlot | null>(null);
  const [at, setAt] = useState<number | null>(null);
  /** Another of these is another drawing; values are only shown anew. */
  const shape = JSON.stringify([
    ...[axis, isLogarithmic, top],
    lines.map(({ label, colour, isDashed, raw, x }) => [label, colour, isDashed, raw !== undefined, x.length < 2]),
  ]);
  useEffect(() => {
    if (!place.current) return undefined;
    const made = new CurvePlot(place.current, lines, { axis, isLogarithmic, top, onPoint: setAt });
    plot.current = made;
    return () => {
      plot.current = null;
      made.dispose();
    };
  }, [shape]);
  const drawn = useRef(lines);
  useEffect(() => {
    if (drawn.current !== lines) plot.current?.show(lines);
    drawn.current = lines;
  }, [lines]);
  const told = useMemo(() => lines.map(line => summary(line)).join('; '), [lines]);
  const where = at === null ? null : axis === 'time' ? elapsed(at) : `step ${figure(at)}`;
  return (
    <figure class="curve card">
      <figcaption class="curve__head">
        <span class="curve__title">
          {title}
          {unit !== undefined && <span class="secondary"> {unit}</span>}
        </span>
        <span class="secondary numbers">{where ?? '\u00a0'}</span>
      </figcaption>
      <ul class="curve__keys">
        {lines.map(line => (
          <li key={line.label} class="curve__key" data-dashed={line.isDashed}>
            <span class="curve__swatch" style={{ borderColor: line.colour }} />
            <span class="curve__name">{line.label}</span>
            <span class="numbers">{valueAt(line, at)}</span>
          </li>
        ))}
      </ul>
      <div ref={place} class="curve__plot" role="img" aria-label={`${title}. ${told}`} />
    </figure>
  );
}

function summary({ label, x, y }: CurveLine): string {
  const [low, high] = [Math.min(...y), Math.max(...y)];
  const last = y.at(-1);
  if (last === undefined) return `${label}: no values`;
  return `${label}: ${x.length} values, from ${figure(low)} to ${figure(high)}, last ${figure(last)}`;
}

/** The value at a place of the crosshair, else the last. */
function valueAt({ x, y }: CurveLine, at: number | null): string {
  const after = at === null ? -1 : x.findIndex(one => one > at);
  const index = (after === -1 ? x.length : after) - 1;
  const value = y[index];
  return value === undefined ? '' : figure(value);
}
