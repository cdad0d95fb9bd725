import type { Fault, FaultKind } from './fault.js';
import type { Random } from './random.js';

/** Faults that come together or one right after the other. */
export interface FaultGroup {
  readonly faults: readonly { readonly afterMs: number; readonly fault: Fault }[];
  /** Whether the link may recover before the next group. */
  readonly mayRecover: boolean;
  readonly pauseMs: number;
}

/** With the weight of each. */
const KINDS: readonly (readonly [FaultKind, number])[] = [
  ['reset', 5],
  ['silence', 6],
  ['halfOpen', 4],
  ['blocked', 4],
  ['sessionsKilled', 3],
  ['restarted', 4],
  ['stopped', 2],
  ['slow', 2],
];
const BAG = KINDS.flatMap(([kind, weight]) => Array.from({ length: weight }, () => kind));

/** Faults without end: mostly one at a time, some that overlap, some that hit a link that is just coming back. */
export function* randomFaults(random: Random): Generator<FaultGroup, never> {
  for (;;) {
    const together = random.chance(0.75) ? 1 : random.between(2, 3);
    const kinds: FaultKind[] = [];
    while (kinds.length < together) {
      const kind = random.pick(BAG);
      // the server can be down only once at a time
      if (kind !== 'restarted' || !kinds.includes('restarted')) kinds.push(kind);
    }
    const faults = kinds.map((kind, index) => ({
      afterMs: index === 0 ? 0 : random.between(0, 2500),
      fault: randomFault(kind, random),
    }));
    const mayRecover = random.chance(0.75);
    yield { faults, mayRecover, pauseMs: random.between(0, mayRecover ? 1000 : 700) };
  }
}

function randomFault(kind: FaultKind, random: Random): Fault {
  switch (kind) {
    case 'reset':
    case 'sessionsKilled':
      return { kind };
    case 'silence':
      return { kind, ms: random.between(300, 7000), ends: random.pick(['resume', 'reset', 'dead', 'garbled']) };
    case 'halfOpen':
      return { kind, direction: random.pick(['up', 'down']) };
    case 'blocked':
      return { kind, ms: random.between(300, 5000) };
    case 'restarted':
      return { kind, ms: random.between(0, 4000) };
    case 'stopped':
      return { kind, ms: random.between(4500, 6500) };
    case 'slow':
      return { kind, ms: random.between(2000, 5000), latencyMs: 150 };
  }
}
