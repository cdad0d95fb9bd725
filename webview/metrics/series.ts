import { HISTORY_METRICS, type Band, type HistoryMetric, type Series } from '../../src/shared/history.js';
import { type Sample } from '../../src/shared/metrics.js';
import { sampleInterval } from '../state/samples.js';

/** Points further apart than this many steps have something missing between them. */
const GAP_STEPS = 1.8;

/** Puts an empty point into every gap, so that no line is drawn over it. */
export function withGaps(series: Series): Series {
  const { at, stepMs } = series;
  const places: (number | null)[] = [];
  const times: number[] = [];
  at.forEach((time, index) => {
    const before = at[index - 1];
    if (before !== undefined && time - before > GAP_STEPS * stepMs) {
      places.push(null);
      times.push(before + stepMs);
    }
    places.push(index);
    times.push(time);
  });
  if (places.length === at.length) return series;
  const spread = (line: readonly (number | null)[]) =>
    places.map(place => (place === null ? null : (line[place] ?? null)));
  const band = ({ mean, min, max }: Band): Band => ({ mean: spread(mean), min: spread(min), max: spread(max) });
  const bands = Object.fromEntries(HISTORY_METRICS.map(metric => [metric, band(series[metric])])) as Record<
    HistoryMetric,
    Band
  >;
  return { ...series, at: times, ...bands };
}

/** The last samples as a series. */
export function liveSeries(samples: readonly Sample[], gpuIndex: number): Series {
  const gpus = samples.map(sample => sample.gpus.find(gpu => gpu.index === gpuIndex));
  const band = (mean: (number | null)[]): Band => ({ mean, min: mean, max: mean });
  const totals = gpus.map(gpu => gpu?.memory.totalMb ?? null).filter(total => total !== null);
  return {
    stepMs: sampleInterval(samples) * 1.4,
    at: samples.map(sample => sample.at),
    utilization: band(gpus.map(gpu => gpu?.utilization ?? null)),
    memoryUsedMb: band(gpus.map(gpu => gpu?.memory.usedMb ?? null)),
    temperatureC: band(gpus.map(gpu => gpu?.temperatureC ?? null)),
    powerW: band(gpus.map(gpu => gpu?.powerW ?? null)),
    memoryTotalMb: totals.length > 0 ? Math.max(...totals) : null,
  };
}
