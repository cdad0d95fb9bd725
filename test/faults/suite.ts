import { setTimeout as delay } from 'node:timers/promises';
import { INSTALLED } from '../spark/ollama/models.js';
import { OLLAMA_VERSION } from '../spark/ollama/server.js';
import { type Fault, type FaultKind, inject } from './fault.js';
import { Ledger } from './ledger.js';
import { LinkWatch } from './linkWatch.js';
import { Load } from './load.js';
import type { FaultGroup } from './plan.js';
import type { Report } from './report.js';
import { CHUNKS, type World } from './world.js';

/** How long the load runs before the first fault, so that the engine's memory is that of an engine at work. */
const WARM_UP_MS = 3_000;
/** A link that is not back so long after the end of a fault does not come back. */
const RECOVERY_LIMIT_MS = 60_000;

export interface SuiteOptions {
  readonly seed: number | undefined;
  /** Faults to come; as many of them are injected as there are, or until `isEnough`. */
  readonly groups: Iterable<FaultGroup>;
  readonly isEnough: (injected: number) => boolean;
  readonly say: (line: string) => void;
}

/** Injects faults under a steady load and tells what became of the requests. */
export async function runFaults(world: World, { seed, groups, isEnough, say }: SuiteOptions): Promise<Report> {
  const link = new LinkWatch(world.window, world.connectionId);
  const ledger = new Ledger(link);
  const load = new Load({
    ledger,
    port: world.localPort,
    version: OLLAMA_VERSION,
    chunks: CHUNKS,
    embeddingLength: INSTALLED.find(({ name }) => name.startsWith('nomic'))!.embeddingLength,
  });
  const begunAt = performance.now();
  const questionsBefore = world.window.questions.length;
  load.start();
  await delay(WARM_UP_MS);
  const memoryAtStart = world.engineMemory();
  const faults = new Map<FaultKind, number>();
  const recoveries: { ms: number; after: readonly Fault[] }[] = [];
  let injected = 0;
  let lost = 0;
  for (const group of groups) {
    if (isEnough(injected)) break;
    for (const { fault } of group.faults) faults.set(fault.kind, (faults.get(fault.kind) ?? 0) + 1);
    injected += group.faults.length;
    say(`${seconds(begunAt)} ${injected}: ${group.faults.map(({ fault }) => words(fault)).join(' and ')}`);
    await Promise.all(
      group.faults.map(async ({ afterMs, fault }) => {
        await delay(afterMs);
        await inject(fault, world);
      }),
    );
    if (group.mayRecover || isEnough(injected)) {
      const endedAt = performance.now();
      const answeredAt = await ledger.answered(endedAt, RECOVERY_LIMIT_MS);
      if (answeredAt === undefined) {
        lost += 1;
        say(`${seconds(begunAt)} not back ${RECOVERY_LIMIT_MS / 1000} s after the last fault`);
      } else recoveries.push({ ms: answeredAt - endedAt, after: group.faults.map(({ fault }) => fault) });
    }
    await delay(group.pauseMs);
  }
  await load.stop();
  link.stop();
  return {
    seed,
    ms: performance.now() - begunAt,
    faults,
    recoveries,
    notRecovered: lost,
    begun: ledger.begun,
    counts: ledger.counts,
    oddities: ledger.oddities,
    durations: ledger.durations,
    losses: link.losses,
    dropped: link.dropped,
    unexpected: link.unexpected,
    standstills: link.standstills,
    questions: world.window.questions.slice(questionsBefore).map(({ kind }) => kind),
    notices: world.window.notices,
    memoryKb: [memoryAtStart, world.engineMemory()],
  };
}

/** A fault in a few words, for the running log. */
function words(fault: Fault): string {
  const { kind, ...rest } = fault;
  return [kind, ...Object.values<string | number>(rest)].join(' ');
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1).padStart(7)} s`;
}
