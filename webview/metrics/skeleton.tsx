import { Cpu, Gauge, HardDrive, Thermometer, Zap, type LucideIcon } from 'lucide-preact';
import { Icon } from '../ui/icon.js';

const CARDS: readonly [string, LucideIcon][] = [
  ['GAUGE', Gauge],
  ['MEMORY', HardDrive],
  ['TEMP', Thermometer],
  ['POWER', Zap],
];

/** The shape of one GPU before its first reading: the same sizes, so that nothing moves when the numbers come. */
export function GpuSkeleton() {
  return (
    <div class="metrics__gpus skeleton" aria-busy="true">
      <div class="gpu">
        <div class="gpu__name">
          <Icon of={Cpu} size={14} />
          <span class="skeleton__line" />
        </div>
        <div class="gpu__cards">
          {CARDS.map(([label, icon]) => (
            <div key={label} class="metric" data-level="none">
              <div class="metric__label">
                <Icon of={icon} size={14} />
                <span>{label}</span>
              </div>
              <div class="metric__value">
                <span class="skeleton__line" />
              </div>
              <div class="metric__foot" />
            </div>
          ))}
        </div>
        <div class="spark">
          <h4 class="spark__title">GPU utilisation, last 2 minutes</h4>
          <svg class="spark__plot" aria-hidden="true" />
          <div class="spark__axis" />
        </div>
      </div>
    </div>
  );
}
