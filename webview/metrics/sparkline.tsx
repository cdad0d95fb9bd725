import { RECENT_SAMPLES, type GpuSample, type Sample } from '../../src/shared/metrics.js';
import { sampleInterval, slots } from '../state/samples.js';
import { NOT_REPORTED, percent } from '../text/readings.js';
import { span } from '../text/time.js';
import { levelOf } from './levels.js';

/** A bar of this height in percent stands for 0: a reading of nothing is not a reading that is missing. */
const SMALLEST = 2;

/** How much time the slots stand for, in words. */
export function coveredSpan(samples: readonly Sample[]): string {
  return span(sampleInterval(samples) * RECENT_SAMPLES);
}

/** GPU utilisation as one vertical bar a sample, the newest at the right; a missing sample leaves its slot empty. */
export function Sparkline({ gpu, samples }: { gpu: GpuSample; samples: readonly Sample[] }) {
  const line = slots(samples, sample => sample.gpus.find(one => one.index === gpu.index)?.utilization ?? null);
  const seen = line.filter(value => value !== null);
  const word = (value: number | undefined) => (value === undefined ? NOT_REPORTED : `${percent(value)} %`);
  const low = seen.length > 0 ? word(Math.min(...seen)) : NOT_REPORTED;
  const high = seen.length > 0 ? word(Math.max(...seen)) : NOT_REPORTED;
  const latest = word(gpu.utilization ?? undefined);
  const covered = coveredSpan(samples);
  return (
    <div class="spark">
      <h4 class="spark__title">GPU utilisation, last {covered}</h4>
      <svg
        class="spark__plot"
        role="img"
        aria-label={`GPU utilisation of ${gpu.name} over the last ${covered}: now ${latest}, lowest ${low}, highest ${high}.`}
      >
        <line class="spark__rule" x1="0" x2="100%" y1="20%" y2="20%" />
        <line class="spark__rule" x1="0" x2="100%" y1="50%" y2="50%" />
        {line.map((value, slot) => {
          const height = value === null ? 0 : Math.max(SMALLEST, Math.min(100, value));
          return (
            <rect
              key={slot}
              class="spark__bar"
              data-level={levelOf('utilization', value) ?? 'none'}
              x={`${(slot / RECENT_SAMPLES) * 100}%`}
              y={`${100 - height}%`}
              height={`${height}%`}
            />
          );
        })}
      </svg>
      <div class="spark__axis" aria-hidden="true">
        <span>{covered} ago</span>
        <span class="spark__stats numbers">
          <span>
            min <b>{low}</b>
          </span>
          <span>
            max <b>{high}</b>
          </span>
        </span>
        <span>now</span>
      </div>
    </div>
  );
}
