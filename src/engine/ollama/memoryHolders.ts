import { randomBytes } from 'node:crypto';
import type { LoadedModel, MemoryHolder } from '../../shared/ollama.js';
import type { Clock } from '../base/clock.js';
import { printable } from '../base/remoteText.js';
import { readSections } from '../base/sections.js';
import { USUAL_FOLDERS } from '../base/usualFolders.js';
import type { Run } from '../ssh/run.js';
import type { SshSession } from '../ssh/types.js';
import { holdersScript } from './holdersScript.js';

const TIMEOUT_MS = 15_000;
const MAX_BYTES = 256 * 1024;
const MIB = 1024 * 1024;
const KIB = 1024;
/** Less than this is not what keeps a model out. */
const WORTH_NAMING_BYTES = 200 * MIB;
/** What Ollama starts for each model that is loaded: those are named as models already. */
const RUNNERS = /(?:^|\/)(?:ollama|llama-server|ollama_llama_server)\b/;

/** What the machine says about who holds its memory. */
export interface Held {
  readonly holders: readonly MemoryHolder[];
  /** Of the kernel, where it was told. */
  readonly totalBytes: number | null;
  readonly availableBytes: number | null;
}

/** Asks a machine who holds its memory, with one program. Rejects when the session is over, and with `cancelled`. */
export async function lookForHolders(
  session: SshSession,
  loaded: readonly LoadedModel[],
  { run, clock, signal }: { readonly run: Run; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Held> {
  const marker = randomBytes(16).toString('hex');
  const argv = ['sh', '-c', holdersScript, 'dgx-spark-memory', marker, USUAL_FOLDERS];
  const { stdout } = await run(session, argv, { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, signal, clock });
  return readHolders(readSections(stdout, marker), loaded);
}

/** Makes of the script's answer a list, the biggest first. What nobody is known to hold is told as `other`. */
export function readHolders(sections: ReadonlyMap<string, string>, loaded: readonly LoadedModel[]): Held {
  const meminfo = sections.get('meminfo') ?? '';
  const kernel = (key: string): number | null => {
    const match = new RegExp(`^${key}:\\s*(\\d{1,15})\\s*kB`, 'm').exec(meminfo);
    return match ? Number(match[1]) * KIB : null;
  };
  const models = loaded.map(({ name, bytes }): MemoryHolder => ({ kind: 'model', name, bytes }));
  const programs = readPrograms(sections);
  const cache = sum([kernel('Buffers'), kernel('Cached'), kernel('SReclaimable')]) - (kernel('Shmem') ?? 0);
  const holders: MemoryHolder[] = [...models, ...programs, { kind: 'cache', name: 'Page cache', bytes: cache }];

  const [total, free] = [kernel('MemTotal'), kernel('MemFree')];
  const known = sum(holders.map(({ bytes }) => bytes));
  if (total !== null && free !== null)
    holders.push({ kind: 'other', name: 'Everything else', bytes: total - free - known });
  return {
    holders: holders.filter(({ bytes }) => bytes >= WORTH_NAMING_BYTES).sort((a, b) => b.bytes - a.bytes),
    totalBytes: total,
    availableBytes: kernel('MemAvailable'),
  };
}

/** Programs on the GPU by name, or the containers that they run in. One that computes and draws is listed twice, with the same figure. */
function readPrograms(sections: ReadonlyMap<string, string>): MemoryHolder[] {
  const containerOf = readContainers(sections);
  const seen = new Set<number>();
  const byName = new Map<string, MemoryHolder>();
  for (const line of (sections.get('apps') ?? '').split('\n')) {
    const [, digits = '', path = '', mebibytes = ''] = /^\s*(\d{1,9}),\s*(.*),\s*(\d{1,9})\s*$/.exec(line) ?? [];
    const pid = Number(digits);
    if (digits === '' || seen.has(pid) || RUNNERS.test(path)) continue;
    seen.add(pid);
    const container = containerOf.get(pid);
    const name = container ?? `${printable(path.split('/').at(-1) ?? path, 60)} (${pid})`;
    const before = byName.get(name)?.bytes ?? 0;
    byName.set(name, {
      kind: container === undefined ? 'process' : 'container',
      name,
      bytes: before + Number(mebibytes) * MIB,
    });
  }
  return [...byName.values()];
}

/** The name of the container that a process runs in, by its pid; the beginning of its id where Docker does not tell. */
function readContainers(sections: ReadonlyMap<string, string>): ReadonlyMap<number, string> {
  const names = new Map(
    [...(sections.get('containers') ?? '').matchAll(/^([0-9a-f]{64}) (\S+)$/gm)].map(([, id = '', name = '']) => [
      id,
      printable(name, 60),
    ]),
  );
  return new Map(
    [...(sections.get('cgroup') ?? '').matchAll(/^(\d{1,9}) .*?([0-9a-f]{64})/gm)].map(([, pid = '', id = '']) => [
      Number(pid),
      names.get(id) ?? `container ${id.slice(0, 12)}`,
    ]),
  );
}

function sum(values: readonly (number | null)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}
