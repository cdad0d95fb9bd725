import { type LucideIcon } from 'lucide-preact';
import { type ComponentChildren } from 'preact';
import { type LoadLevel } from '../../src/shared/metrics.js';
import { NOT_REPORTED } from '../text/readings.js';
import { Icon } from '../ui/icon.js';
import { LEVEL_WORDS, Level } from './levels.js';

interface MetricCardProps {
  label: string;
  icon: LucideIcon;
  /** The number, ready to be shown; null when the machine does not report it. */
  value: string | null;
  /** What follows the number, smaller. */
  unit: string;
  /** Colour of the border: the level of the load, gold for power, none for what is unknown. */
  level: LoadLevel | 'power' | null;
  /** A word more, at the foot of the card. */
  note?: ComponentChildren;
  /** The same word for the accessible name. */
  spoken?: string | undefined;
}

/** One reading. */
export function MetricCard({ label, icon, value, unit, level, note, spoken }: MetricCardProps) {
  const load = level === 'power' || level === null ? null : level;
  const name = [
    `${label}: ${value === null ? 'not reported' : `${value} ${unit}`}`,
    ...(load ? [LEVEL_WORDS[load]] : []),
    ...(spoken ? [spoken] : []),
  ].join(', ');
  return (
    <div class="metric" role="group" aria-label={name} data-level={level ?? 'none'}>
      <div class="metric__label">
        <Icon of={icon} size={14} />
        <span>{label}</span>
      </div>
      <div class="metric__value numbers">
        {value === null ? (
          <span class="metric__none">{NOT_REPORTED}</span>
        ) : (
          <>
            <span class="metric__number">{value}</span> <span class="metric__unit">{unit}</span>
          </>
        )}
      </div>
      <div class="metric__foot">
        {load && <Level level={load} />}
        {note}
      </div>
    </div>
  );
}
