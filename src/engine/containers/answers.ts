import * as v from 'valibot';
import type { Container, ContainerUsage, Image, PublishedPort } from '../../shared/containers.js';
import { printable } from '../base/remoteText.js';
import { agoWords, sizeWords } from './words.js';

const MIB = 1024 * 1024;
const ID = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const MOST_ROWS = 2000;
const MOST_PORTS = 256;

const count = v.pipe(v.number(), v.minValue(0));
const portNumber = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535));
const publishedPort = v.object({
  IP: v.optional(v.string(), ''),
  PrivatePort: portNumber,
  PublicPort: portNumber,
  Type: v.string(),
});
const containerAnswer = v.object({
  Id: ID,
  Names: v.nullish(v.array(v.string())),
  Image: v.string(),
  State: v.string(),
  Status: v.string(),
  Ports: v.nullish(v.array(v.unknown())),
});
const imageAnswer = v.object({
  Id: v.pipe(v.string(), v.regex(/^(sha256:)?[0-9a-f]{64}$/)),
  RepoTags: v.nullish(v.array(v.string())),
  Size: count,
  /** Seconds. */
  Created: count,
});
const cpu = v.object({
  cpu_usage: v.object({ total_usage: count }),
  system_cpu_usage: v.optional(count),
  online_cpus: v.optional(count),
});
const statsAnswer = v.object({
  cpu_stats: cpu,
  precpu_stats: cpu,
  memory_stats: v.optional(
    v.object({ usage: v.optional(count), stats: v.nullish(v.record(v.string(), v.unknown())) }),
    {},
  ),
});

/** What `GET /containers/json` answers; entries that are something else are left out. */
export function readContainers(answer: string): Container[] {
  return readEntries(answer, containerAnswer).map(({ Id: id, Names, Image: image, State, Status, Ports }) => ({
    id,
    // of several the one without a further slash is its own; the others are links
    name: printable((Names?.find(name => !name.slice(1).includes('/')) ?? Names?.[0] ?? '').replace(/^\//, ''), 255),
    image: printable(image, 255),
    state: printable(State, 20),
    status: printable(Status, 80),
    ports: readPorts(Ports ?? []),
  }));
}

/** Those that are published, each once: a port is listed for every address on which the machine listens. */
export function readPorts(answer: readonly unknown[]): PublishedPort[] {
  const found = new Map<string, PublishedPort>();
  for (const entry of answer.slice(0, 4 * MOST_PORTS)) {
    const port = v.safeParse(publishedPort, entry);
    if (!port.success || found.size >= MOST_PORTS) continue;
    const { IP, PrivatePort: containerPort, PublicPort: hostPort, Type } = port.output;
    const protocol = printable(Type, 5);
    const key = `${hostPort}/${protocol}`;
    if (!found.has(key)) found.set(key, { host: printable(IP, 60), hostPort, containerPort, protocol });
  }
  return [...found.values()];
}

/** What a running container uses, of what `GET /containers/<id>/stats` answers; nulls where it is something else. */
export function readStats(answer: string): Pick<ContainerUsage, 'cpuPercent' | 'memoryBytes'> {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), statsAnswer), answer);
  if (!parsed.success) return { cpuPercent: null, memoryBytes: null };
  const { cpu_stats: now, precpu_stats: before, memory_stats: memory } = parsed.output;
  // as the Engine API's reference says it: of all processors, in percent of one
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  const cpuPercent = passed > 0 && used >= 0 ? (used / passed) * (now.online_cpus ?? 1) * 100 : null;
  // files that can be given back are not counted: `inactive_file` in cgroups 2, `total_inactive_file` in 1
  const cached = Number(memory.stats?.['total_inactive_file'] ?? memory.stats?.['inactive_file'] ?? 0);
  const held = memory.usage === undefined ? null : memory.usage - (cached > 0 && cached < memory.usage ? cached : 0);
  return { cpuPercent, memoryBytes: held };
}

/** What {@link gpuScript} prints: the memory of the GPUs by container, null where the driver does not say, and its programs. */
export function readGpuUse(
  sections: ReadonlyMap<string, string>,
): ReadonlyMap<string, Pick<ContainerUsage, 'gpuBytes' | 'gpuProcesses'>> {
  const containerOf = new Map(
    [...(sections.get('cgroup') ?? '').matchAll(/^(\d{1,9}) .*?([0-9a-f]{64})/gm)].map(([, pid, id]) => [pid, id]),
  );
  // a program that computes and draws is listed twice, with the same figure
  const programs = new Map(
    [...(sections.get('apps') ?? '').matchAll(/^\s*(\d{1,9}),\s*(\d{1,9}|\[?[\w/ ]+\]?)\s*$/gm)].map(
      ([, pid, used]) => [pid, used],
    ),
  );
  const uses = new Map<string, { gpuBytes: number | null; gpuProcesses: number }>();
  for (const [pid, text] of programs) {
    const id = containerOf.get(pid);
    if (id === undefined) continue;
    const use = uses.get(id) ?? { gpuBytes: null, gpuProcesses: 0 };
    const mebibytes = Number(text);
    if (Number.isFinite(mebibytes)) use.gpuBytes = (use.gpuBytes ?? 0) + mebibytes * MIB;
    use.gpuProcesses += 1;
    uses.set(id, use);
  }
  return uses;
}

/** What `GET /images/json` answers: a row for each name. @param now milliseconds */
export function readImages(answer: string, now: number): Image[] {
  return readEntries(answer, imageAnswer).flatMap(({ Id: id, RepoTags, Size, Created }): Image[] => {
    const names = (RepoTags ?? []).filter(name => !name.startsWith('<none>'));
    const facts = { size: sizeWords(Size), created: agoWords(now / 1000 - Created) };
    const rows = names.map(name => ({ id, name: printable(name, 512).replace(/:<none>$/, ''), ...facts }));
    return rows.length > 0 ? rows : [{ id, name: null, ...facts }];
  });
}

/** The entries of a list in JSON that are what they should be. */
function readEntries<T extends v.GenericSchema>(answer: string, schema: T): v.InferOutput<T>[] {
  const list = v.safeParse(v.pipe(v.string(), v.parseJson(), v.array(v.unknown())), answer);
  if (!list.success) return [];
  return list.output
    .slice(0, MOST_ROWS)
    .map(entry => v.safeParse(schema, entry))
    .flatMap(result => (result.success ? [result.output] : []));
}
