import { type Fault, FAULT_NAMES, type FaultKind } from './fault.js';
import type { Outcome, RequestKind } from './ledger.js';

/** What came of a run. */
export interface Report {
  readonly seed: number | undefined;
  readonly ms: number;
  readonly faults: ReadonlyMap<FaultKind, number>;
  readonly recoveries: readonly { readonly ms: number; readonly after: readonly Fault[] }[];
  readonly notRecovered: number;
  readonly begun: Record<RequestKind, number>;
  readonly counts: Record<Outcome, number>;
  readonly oddities: readonly string[];
  readonly durations: readonly number[];
  readonly losses: number;
  readonly dropped: readonly string[];
  readonly unexpected: readonly string[];
  readonly standstills: readonly string[];
  readonly questions: readonly string[];
  readonly notices: readonly string[];
  readonly memoryKb: readonly [start: number, end: number];
}

/** What must not have happened, in words; empty when all is well. */
export function violations(report: Report): string[] {
  const { counts } = report;
  const musts: [what: string, count: number][] = [
    ['refused', counts.refused],
    ['hung', counts.hung],
    ['answered wrongly', counts.wrong],
    ['cut off without a reset', counts.cutOff],
    ['reset without a loss of the link', counts.failedWithoutLoss],
    ['dropped before their channel was open', report.dropped.length],
    ['given up after 20 s without a link', counts.gaveUp],
    ['times not back', report.notRecovered],
    ['times the engine stopped trying', report.standstills.length],
    ['errors nobody caught', report.unexpected.length],
    ['questions to the user', report.questions.length],
    ['notices to the user', report.notices.length],
  ];
  return musts.filter(([, count]) => count > 0).map(([what, count]) => `${what}: ${count}`);
}

/** The report as text. */
export function printed(report: Report): string {
  const { faults, counts, begun, recoveries, memoryKb } = report;
  const total = [...faults.values()].reduce((sum, count) => sum + count, 0);
  const lines: (readonly [string, string | number] | string)[] = [
    `seed ${report.seed ?? 'none'}, ${(report.ms / 60_000).toFixed(1)} minutes`,
    '',
    ['faults', total],
    ...Object.entries(FAULT_NAMES).map(([kind, name]) => [`  ${name}`, faults.get(kind as FaultKind) ?? 0] as const),
    ['losses of the link that the engine noticed', report.losses],
    '',
    ['requests begun', begun.fresh + begun.kept + begun.stream],
    ['  on a connection of their own', begun.fresh],
    ['  on a connection that is kept', begun.kept],
    ['  with a streamed answer', begun.stream],
    ['completed', counts.completed],
    ['failed in flight when the link was lost', counts.failed],
    ['refused (must be 0)', counts.refused],
    ['hung (must be 0)', counts.hung],
    ['wrong answers (must be 0)', counts.wrong],
    ['cut off without a reset (must be 0)', counts.cutOff],
    ['reset without a loss of the link (must be 0)', counts.failedWithoutLoss],
    ['dropped before their channel was open (must be 0)', report.dropped.length],
    ['given up after 20 s without a link (must be 0)', counts.gaveUp],
    ['not back 60 s after a fault (must be 0)', report.notRecovered],
    ['the engine stopped trying (must be 0)', report.standstills.length],
    ['errors nobody caught (must be 0)', report.unexpected.length],
    ['questions and notices to the user (must be 0)', report.questions.length + report.notices.length],
    '',
    [`time to recover after a fault's end (${recoveries.length} times)`, spread(recoveries.map(({ ms }) => ms))],
    ...Object.entries(FAULT_NAMES).flatMap(([kind, name]) => {
      const alone = recoveries.filter(({ after }) => after.length === 1 && after[0]?.kind === kind);
      return alone.length === 0 ? [] : [[`  ${name}`, spread(alone.map(({ ms }) => ms))] as const];
    }),
    ['time of a completed request on a connection of its own', spread(report.durations)],
    ['memory of the engine at start and end', memoryKb.map(kb => `${(kb / 1024).toFixed(0)} MB`).join(', ')],
  ];
  const told = lines.map(line => (typeof line === 'string' ? line : `${line[0].padEnd(56)} ${line[1]}`));
  const details = [
    ...report.oddities,
    ...report.dropped.map(reason => `a request was dropped: ${reason}`),
    ...report.standstills.map(reason => `the engine stopped trying: ${reason}`),
    ...report.unexpected,
    ...report.questions.map(kind => `the user was asked: ${kind}`),
    ...report.notices.map(notice => `the user was told: ${notice}`),
  ];
  return [...told, ...details.slice(0, 50)].join('\n');
}

function spread(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  const seconds = (ms: number | undefined) => (ms === undefined ? '-' : `${(ms / 1000).toFixed(2)} s`);
  return `median ${seconds(at(0.5))}, 95 % ${seconds(at(0.95))}, worst ${seconds(sorted.at(-1))}`;
}
