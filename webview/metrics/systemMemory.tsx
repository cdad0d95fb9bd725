import { HardDrive } from 'lucide-preact';
import { type SystemMemory as Memory } from '../../src/shared/metrics.js';
import { gigabytes } from '../text/readings.js';
import { levelOf, share } from './levels.js';
import { MetricCard } from './metricCard.js';

/** The machine's own memory, where it is not the GPU's too. */
export function SystemMemory({ memory }: { memory: Memory }) {
  return (
    <section class="gpu" aria-labelledby="system-memory">
      <h3 class="gpu__name" id="system-memory">
        System
      </h3>
      <div class="gpu__cards">
        <MetricCard
          label="SYSTEM MEMORY"
          icon={HardDrive}
          value={memory.usedMb === null ? null : gigabytes(memory.usedMb)}
          unit={`/ ${gigabytes(memory.totalMb)} GB`}
          level={levelOf('memory', share(memory.usedMb, memory.totalMb))}
        />
      </div>
    </section>
  );
}
