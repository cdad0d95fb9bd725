import { ChevronLeft, ChevronRight, Download, Undo2, ZoomIn, ZoomOut } from 'lucide-preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { SparkError } from '../../src/shared/errors.js';
import { type HistoryMetric, type Series } from '../../src/shared/history.js';
import { type Sample } from '../../src/shared/metrics.js';
import { minute } from '../state/clock.js';
import { usePanel } from '../state/context.js';
import { NOT_REPORTED } from '../text/readings.js';
import { fullDate } from '../text/time.js';
import { IconButton } from '../ui/button.js';
import { Chart } from './chart.js';
import { type JobRun, JobRuns, runsWithin } from './jobRuns.js';
import { liveSeries, withGaps } from './series.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const RANGES = [
  { label: '2 min', ms: 2 * MINUTE },
  { label: '1 h', ms: HOUR },
  { label: '24 h', ms: 24 * HOUR },
  { label: '7 d', ms: 7 * 24 * HOUR },
  { label: '90 d', ms: 90 * 24 * HOUR },
] as const;
const LIVE = RANGES[0].ms;
const POINTS = 600;
/** Nothing is kept of shorter times. */
const CLOSEST = MINUTE;

interface Shown {
  readonly metric: HistoryMetric;
  readonly title: string;
  readonly unit: string;
  readonly colour: string;
  /** What the stored value is divided by. */
  readonly by: number;
}
const CHARTS: readonly Shown[] = [
  { metric: 'utilization', title: 'GPU utilisation', unit: '%', colour: '#22c55e', by: 1 },
  { metric: 'memoryUsedMb', title: 'Memory', unit: 'GB', colour: '#3b82f6', by: 1024 },
  { metric: 'temperatureC', title: 'Temperature', unit: '°C', colour: '#ef4444', by: 1 },
  { metric: 'powerW', title: 'Power', unit: 'W', colour: '#d4a800', by: 1 },
];

interface Window {
  readonly from: number;
  readonly to: number;
}

interface HistoryChartsProps {
  connectionId: string;
  gpuIndex: number;
  samples: readonly Sample[];
}

/** What was, in four charts under one crosshair. Dragging zooms, the buttons and the arrow keys pan. */
export function HistoryCharts({ connectionId, gpuIndex, samples }: HistoryChartsProps) {
  const { actions, store } = usePanel();
  const [rangeMs, setRange] = useState<number>(LIVE);
  /** What is looked at, where it is not the end of the range. */
  const [zoomed, setZoomed] = useState<Window | null>(null);
  const [point, setPoint] = useState<number | null>(null);
  const [stored, setStored] = useState<{ series: Series; shown: Window } | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const live = rangeMs === LIVE && zoomed === null;
  const lastAt = samples.at(-1)?.at ?? Date.now();

  const { value: thisMinute } = minute;
  useEffect(() => {
    if (live) return undefined;
    let over = false;
    const end = Date.now();
    const shown = zoomed ?? { from: end - rangeMs, to: end };
    actions
      .series({ connectionId, gpuIndex, from: Math.floor(shown.from), to: Math.ceil(shown.to), points: POINTS })
      .then(
        series => {
          if (over) return;
          setStored({ series: withGaps(series), shown });
          setFailure(null);
        },
        (error: unknown) => {
          if (!over) setFailure(SparkError.toInfo(error).message);
        },
      );
    return () => {
      over = true;
    };
  }, [connectionId, gpuIndex, rangeMs, zoomed, live, zoomed ? 0 : thisMinute]);

  const now = useMemo(() => (live ? withGaps(liveSeries(samples, gpuIndex)) : null), [live, samples, gpuIndex]);
  const series = live ? now : (stored?.series ?? null);
  const shown = live ? { from: lastAt - LIVE, to: lastAt } : (stored?.shown ?? { from: lastAt - rangeMs, to: lastAt });

  const look = (from: number, to: number) => {
    const end = Date.now();
    const length = Math.max(CLOSEST, Math.min(to - from, 90 * 24 * HOUR));
    const last = Math.min(end, from + length);
    setZoomed({ from: last - length, to: last });
  };
  const length = shown.to - shown.from;
  const pan = (share: number) => {
    look(shown.from + length * share, shown.to + length * share);
  };
  const zoom = (factor: number) => {
    const middle = (shown.from + shown.to) / 2;
    look(middle - (length * factor) / 2, middle + (length * factor) / 2);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const act = {
      ArrowLeft: () => pan(-0.25),
      ArrowRight: () => pan(0.25),
      '+': () => zoom(0.5),
      '-': () => zoom(2),
      Escape: () => setZoomed(null),
    }[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  };
  const at = point === null ? undefined : series?.at[point];
  const { value: jobs } = store.jobs;
  const runs = useMemo(
    () => runsWithin(jobs, connectionId, shown.from, shown.to),
    [jobs, connectionId, shown.from, shown.to],
  );
  return (
    <section class="section" aria-labelledby="history">
      <div class="section__head">
        <h3 class="section__name" id="history">
          History
        </h3>
        <div class="history__ranges" role="group" aria-label="Range of the history">
          {RANGES.map(({ label, ms }) => (
            <button
              key={label}
              type="button"
              class="history__range"
              aria-pressed={rangeMs === ms && zoomed === null}
              onClick={() => {
                setRange(ms);
                setZoomed(null);
              }}
            >
              {label}
            </button>
          ))}
        </div>
        <div class="history__tools">
          <IconButton icon={ChevronLeft} label="Earlier" onClick={() => pan(-0.5)} />
          <IconButton icon={ChevronRight} label="Later" onClick={() => pan(0.5)} />
          <IconButton icon={ZoomIn} label="Zoom in" onClick={() => zoom(0.5)} />
          <IconButton icon={ZoomOut} label="Zoom out" onClick={() => zoom(2)} />
          {zoomed && <IconButton icon={Undo2} label="Whole range" onClick={() => setZoomed(null)} />}
          <IconButton
            icon={Download}
            label="Export this range as CSV"
            onClick={() => actions.exportMetrics(connectionId, Math.max(1, rangeMs / HOUR))}
          />
        </div>
      </div>
      <p class="history__point secondary numbers" aria-live="off">
        {at === undefined
          ? (failure ??
            (series?.at.length === 0
              ? 'Nothing was recorded in this range.'
              : `${fullDate(shown.from)} to ${fullDate(shown.to)}`))
          : fullDate(at)}
      </p>
      <div
        class="history__charts"
        tabIndex={0}
        role="group"
        aria-label="Charts; arrow keys pan, plus and minus zoom"
        onKeyDown={onKeyDown}
      >
        {CHARTS.map(chart => (
          <HistoryChart
            key={chart.metric}
            chart={chart}
            series={series}
            shown={shown}
            runs={runs}
            point={point}
            onZoom={look}
            onPoint={setPoint}
          />
        ))}
      </div>
      <JobRuns runs={runs} />
    </section>
  );
}

interface HistoryChartProps {
  chart: Shown;
  series: Series | null;
  shown: Window;
  runs: readonly JobRun[];
  point: number | null;
  onZoom: (from: number, to: number) => void;
  onPoint: (index: number | null) => void;
}

function HistoryChart({ chart, series, shown, runs, point, onZoom, onPoint }: HistoryChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<Chart | null>(null);
  const { metric, title, unit, colour, by } = chart;
  const band = series?.[metric];
  const total = metric === 'memoryUsedMb' && series?.memoryTotalMb ? series.memoryTotalMb / by : undefined;
  const top = metric === 'utilization' ? 100 : total;
  const act = useRef(onZoom);
  act.current = onZoom;
  useEffect(() => {
    if (!place.current) return undefined;
    const made = new Chart(place.current, {
      ...{ colour, unit, top, onPoint },
      onZoom: (from, to) => act.current(from, to),
    });
    plot.current = made;
    return () => made.dispose();
  }, [top]);
  useEffect(() => {
    if (!series || !band) return;
    const scaled = (line: readonly (number | null)[]) =>
      by === 1 ? line : line.map(value => (value === null ? null : value / by));
    plot.current?.show({
      at: series.at,
      band: { mean: [...scaled(band.mean)], min: [...scaled(band.min)], max: [...scaled(band.max)] },
      ...{ ...shown, marks: runs },
    });
  }, [series, shown.from, shown.to, runs, top]);
  const word = (value: number | null | undefined) =>
    value === null || value === undefined ? NOT_REPORTED : (value / by).toFixed(by === 1 ? 0 : 1);
  const seen = (band?.mean ?? []).filter(value => value !== null);
  const index = point ?? (band ? band.mean.length - 1 : 0);
  const low = seen.length > 0 ? Math.min(...(band?.min ?? []).filter(value => value !== null)) : null;
  const high = seen.length > 0 ? Math.max(...(band?.max ?? []).filter(value => value !== null)) : null;
  return (
    <figure class="chart">
      <figcaption class="chart__title numbers">
        <span>
          {title} ({unit})
        </span>
        <span>
          <b>{word(band?.mean[index])}</b>{' '}
          <span class="secondary">
            {word(band?.min[index])} to {word(band?.max[index])}
          </span>
        </span>
      </figcaption>
      <div
        ref={place}
        class="chart__plot"
        role="img"
        aria-label={`${title}: lowest ${word(low)}, highest ${word(high)} ${unit}.`}
      />
    </figure>
  );
}
