import { loadLevel, type LoadLevel, type THRESHOLDS } from '../../src/shared/metrics.js';

/** The word of each load colour, so that the colour is never the only signal. */
export const LEVEL_WORDS: Readonly<Record<LoadLevel, string>> = { green: 'low', yellow: 'medium', red: 'high' };

const LEVELS: readonly LoadLevel[] = ['green', 'yellow', 'red'];

/** The load colour of a reading, none where there is no reading. */
export function levelOf(metric: keyof typeof THRESHOLDS, value: number | null): LoadLevel | null {
  return value === null ? null : loadLevel(metric, value);
}

/** A used amount in percent of the total; null where one of them is unknown. */
export function share(used: number | null, total: number | null): number | null {
  return used === null || total === null || total <= 0 ? null : (used / total) * 100;
}

/** A level as one, two or three bars and a word. */
export function Level({ level }: { level: LoadLevel }) {
  const reached = LEVELS.indexOf(level);
  return (
    <span class="level">
      <svg class="level__meter" width="14" height="12" aria-hidden="true">
        {LEVELS.map((each, step) => (
          <rect
            key={each}
            class={step <= reached ? 'level__on' : 'level__off'}
            x={step * 5}
            y={8 - step * 4}
            width="4"
            height={4 + step * 4}
          />
        ))}
      </svg>
      <span class="level__word">{LEVEL_WORDS[level]}</span>
    </span>
  );
}
