import { Cpu, Gauge, HardDrive, Thermometer, Zap } from 'lucide-preact';
import { type GpuSample, type Sample } from '../../src/shared/metrics.js';
import { gigabytes, percent, watts } from '../text/readings.js';
import { Icon } from '../ui/icon.js';
import { Tag } from '../ui/marks.js';
import { levelOf, share } from './levels.js';
import { MetricCard } from './metricCard.js';
import { Sparkline, coveredSpan } from './sparkline.js';

interface GpuRowProps {
  gpu: GpuSample;
  samples: readonly Sample[];
  compact: boolean;
  /** Whether its number stands before its name, to tell it from others of the kind. */
  numbered: boolean;
}

/** One GPU: its name, its four cards, and its last minutes. */
export function GpuRow({ gpu, samples, compact, numbered }: GpuRowProps) {
  const heading = `gpu-${gpu.index}`;
  return (
    <section class={compact ? 'gpu gpu--compact' : 'gpu'} aria-labelledby={heading}>
      <h3 class="gpu__name" id={heading}>
        <Icon of={Cpu} size={14} />
        {numbered && <span class="secondary numbers">GPU {gpu.index}</span>}
        <span>{gpu.name}</span>
      </h3>
      {compact && (
        <p class="gpu__caption" aria-hidden="true">
          GPU utilisation, last {coveredSpan(samples)}
        </p>
      )}
      <div class="gpu__cards">
        <MetricCard
          label="GAUGE"
          icon={Gauge}
          value={gpu.utilization === null ? null : percent(gpu.utilization)}
          unit="%"
          level={levelOf('utilization', gpu.utilization)}
        />
        <MemoryCard memory={gpu.memory} />
        <MetricCard
          label="TEMP"
          icon={Thermometer}
          value={gpu.temperatureC === null ? null : String(Math.round(gpu.temperatureC))}
          unit="°C"
          level={levelOf('temperature', gpu.temperatureC)}
        />
        <PowerCard watt={gpu.powerW} limit={gpu.powerLimitW} />
      </div>
      <Sparkline gpu={gpu} samples={samples} />
    </section>
  );
}

function MemoryCard({ memory }: { memory: GpuSample['memory'] }) {
  const { usedMb, totalMb, kind } = memory;
  const known = usedMb !== null && totalMb !== null;
  return (
    <MetricCard
      label="MEMORY"
      icon={HardDrive}
      value={known ? gigabytes(usedMb) : null}
      unit={known ? `/ ${gigabytes(totalMb)} GB` : 'GB'}
      level={levelOf('memory', share(usedMb, totalMb))}
      note={kind === 'unified' && <Tag title="One pool, shared by CPU and GPU">unified</Tag>}
      spoken={kind === 'unified' ? 'unified' : undefined}
    />
  );
}

function PowerCard({ watt, limit }: { watt: number | null; limit: number | null }) {
  const note = limit === null || watt === null ? undefined : `of ${Math.round(limit)} W`;
  return (
    <MetricCard
      label="POWER"
      icon={Zap}
      value={watt === null ? null : watts(watt)}
      unit="W"
      level={watt === null ? null : 'power'}
      note={note && <span class="secondary">{note}</span>}
      spoken={note}
    />
  );
}
