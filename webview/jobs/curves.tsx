import { Download, X } from 'lucide-preact';
import { useMemo, useState } from 'preact/hooks';
import { type Job } from '../../src/shared/jobs.js';
import { usePanel } from '../state/context.js';
import { Button, IconButton } from '../ui/button.js';
import { Dropdown } from '../ui/choice.js';
import { CurveChart } from './curveChart.js';
import { type Axis, type CurveFigure, type CurveLine, valuesOf } from './curveLines.js';
import { recordedOf, type Recorded, usePoints } from './usePoints.js';

const SMOOTHINGS = [
  { value: '0', label: 'As logged' },
  { value: '0.6', label: 'Smoothed' },
  { value: '0.9', label: 'Very smooth' },
] as const;
const SCALES = [
  { value: 'linear', label: 'Linear scale' },
  { value: 'log', label: 'Log scale' },
] as const;
const AXES = [
  { value: 'step', label: 'Over steps' },
  { value: 'time', label: 'Over time, with the GPU' },
] as const;
/** One colour a job; readable on light and dark. */
const COLOURS = ['#22a559', '#3b82f6', '#d97706', '#c026d3', '#0e9bb5', '#ef4444'] as const;
const FIGURES: readonly { readonly title: string; readonly figures: readonly CurveFigure[] }[] = [
  { title: 'Loss', figures: ['loss', 'evalLoss'] },
  { title: 'Learning rate', figures: ['learningRate'] },
  { title: 'Gradient norm', figures: ['gradNorm'] },
  { title: 'Tokens per second', figures: ['tokensPerSecond'] },
];

/** What the log of a job tells of its progress, beside other jobs where wanted, and what its GPU did meanwhile. */
export function Curves({ job }: { job: Job }) {
  const { store, jobs } = usePanel();
  const [axis, setAxis] = useState<Axis>('step');
  const [smoothing, setSmoothing] = useState<(typeof SMOOTHINGS)[number]['value']>('0');
  const [scale, setScale] = useState<(typeof SCALES)[number]['value']>('linear');
  const [compared, setCompared] = useState<readonly string[]>([]);
  const others = store.jobs.value.filter(({ id, run }) => id !== job.id && run > 0);
  const shown = [job, ...others.filter(({ id }) => compared.includes(id))];
  const recorded = usePoints(shown, axis === 'time');
  const isLogarithmic = scale === 'log';
  const charts = useMemo(
    () => chartsOf(shown, recorded, { axis, smoothing: Number(smoothing), isLogarithmic }),
    [shown.map(({ id }) => id).join(), recorded, axis, smoothing, isLogarithmic],
  );
  const usage = useMemo(() => (axis === 'time' ? usageOf(job, recordedOf(recorded, job.id)) : []), [recorded, axis]);
  if (recordedOf(recorded, job.id).points.length === 0) return null;
  const addable = others.filter(({ id }) => !compared.includes(id));
  return (
    <section class="curves" aria-label="Curves">
      <div class="curves__tools">
        <Dropdown id="curves-axis" label="Axis" value={axis} options={AXES} onChange={setAxis} />
        <Dropdown
          id="curves-smoothing"
          label="Smoothing"
          value={smoothing}
          options={SMOOTHINGS}
          onChange={setSmoothing}
        />
        <Dropdown id="curves-scale" label="Scale" value={scale} options={SCALES} onChange={setScale} />
        {addable.length > 0 && shown.length < COLOURS.length && (
          <Dropdown
            id="curves-compare"
            label="Compare with"
            value=""
            options={[
              { value: '', label: 'Compare with…' },
              ...addable.map(({ id, name }) => ({ value: id, label: name })),
            ]}
            onChange={id => setCompared([...compared, id])}
          />
        )}
        <Button icon={Download} onClick={() => jobs.exportPoints(shown.map(({ id }) => id))}>
          Export CSV
        </Button>
      </div>
      {shown.length > 1 && (
        <ul class="curves__compared" aria-label="Compared jobs">
          {shown.map(({ id, name }, index) => (
            <li key={id} class="curve__key">
              <span class="curve__swatch" style={{ borderColor: COLOURS[index] }} />
              <span class="curve__name">{name}</span>
              {id !== job.id && (
                <IconButton
                  icon={X}
                  label={`Compare with ${name} no more`}
                  onClick={() => setCompared(compared.filter(one => one !== id))}
                />
              )}
            </li>
          ))}
        </ul>
      )}
      <div class="curves__charts">
        {charts.map(({ title, lines }) => (
          <CurveChart key={title} title={title} lines={lines} axis={axis} isLogarithmic={isLogarithmic} />
        ))}
        {usage.map(({ title, unit, lines, top }) => (
          <CurveChart
            key={title}
            {...{ title, unit, lines, axis, isLogarithmic: false }}
            {...(top === undefined ? {} : { top })}
          />
        ))}
      </div>
      {axis === 'time' && usage.length === 0 && (
        <p class="secondary">How its GPU was used is recorded every half minute; there is nothing of this job yet.</p>
      )}
    </section>
  );
}

interface Look {
  readonly axis: Axis;
  readonly smoothing: number;
  readonly isLogarithmic: boolean;
}

function chartsOf(jobs: readonly Job[], recorded: ReadonlyMap<string, Recorded>, look: Look) {
  return FIGURES.flatMap(({ title, figures }) => {
    const lines = jobs.flatMap((job, index) =>
      figures.flatMap((figure): CurveLine[] => {
        const { points } = recordedOf(recorded, job.id);
        const isEvaluation = figure === 'evalLoss';
        // evaluations are few: smoothing them would hide them
        const smoothing = isEvaluation ? 0 : look.smoothing;
        const values = valuesOf(points, { ...look, figure, startedAt: job.startedAt, smoothing });
        if (values.x.length === 0) return [];
        const name = jobs.length > 1 ? job.name : title;
        const label = isEvaluation ? `${jobs.length > 1 ? `${job.name}, ` : ''}evaluation` : name;
        return [{ label, colour: COLOURS[index] ?? COLOURS[0], isDashed: isEvaluation, ...values }];
      }),
    );
    return lines.length === 0 ? [] : [{ title, lines }];
  });
}

/** Utilisation and memory of the GPUs while a job ran, on the same axis as its curves. */
function usageOf(job: Job, { usage }: Recorded) {
  const { startedAt } = job;
  if (startedAt === null || usage.length === 0) return [];
  const count = Math.max(...usage.map(({ gpus }) => gpus.length));
  const linesOf = (read: (gpu: Recorded['usage'][number]['gpus'][number]) => number | null) =>
    Array.from({ length: count }, (_, index): CurveLine => {
      const told = usage.flatMap(({ at, gpus }) => {
        const gpu = gpus[index];
        const y = gpu === undefined ? null : read(gpu);
        return y === null || at < startedAt ? [] : [{ x: at - startedAt, y }];
      });
      return {
        ...{ label: count > 1 ? `GPU ${index}` : 'GPU', colour: COLOURS[index % COLOURS.length] ?? COLOURS[0] },
        ...{ isDashed: false, x: told.map(({ x }) => x), y: told.map(({ y }) => y), raw: undefined },
      };
    }).filter(({ x }) => x.length > 0);
  const available: CurveLine = {
    ...{ label: 'available', colour: COLOURS[1], isDashed: false, raw: undefined },
    x: usage.flatMap(({ at, memAvailableKiB }) => (memAvailableKiB === null ? [] : [at - startedAt])),
    y: usage.flatMap(({ memAvailableKiB }) => (memAvailableKiB === null ? [] : [memAvailableKiB / 1024 / 1024])),
  };
  return [
    { title: 'GPU utilisation', unit: '%', top: 100, lines: linesOf(({ utilization }) => utilization) },
    { title: 'GPU power', unit: 'W', top: undefined, lines: linesOf(({ power }) => power) },
    { title: 'Memory of the machine', unit: 'GB', top: undefined, lines: available.x.length > 0 ? [available] : [] },
  ].filter(({ lines }) => lines.length > 0);
}
