import * as v from 'valibot';
import type { Container, ContainerUsage, Image, PublishedPort } from '../../shared/containers.js';
import { printable } from '../base/remoteText.js';

const MIB = 1024 * 1024;
const ID = /^[0-9a-f]{64}$/;
const MOST_ROWS = 2000;

const containerLine = v.object({
  ID: v.pipe(v.string(), v.regex(ID)),
  Names: v.string(),
  Image: v.string(),
  State: v.string(),
  Status: v.string(),
  Ports: v.string(),
});
const statsLine = v.object({ ID: v.string(), CPUPerc: v.string(), MemUsage: v.string() });
const imageLine = v.object({
  ID: v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/)),
  Repository: v.string(),
  Tag: v.string(),
  Size: v.string(),
  CreatedSince: v.string(),
});

/** What `docker ps --all --no-trunc --format '{{json .}}'` prints; lines that are something else are left out. */
export function readContainers(output: string): Container[] {
  return readLines(output, containerLine).map(({ ID: id, Names, Image: image, State, Status, Ports }) => ({
    id,
    // of several the first is its own; the others are links
    name: printable(Names.split(',')[0] ?? '', 255),
    image: printable(image, 255),
    state: printable(State, 20),
    status: printable(Status, 80),
    ports: readPorts(Ports),
  }));
}

/** "0.0.0.0:8888->8888/tcp, [::]:8888->8888/tcp, 6006/tcp, 0.0.0.0:7000-7002->7000-7002/tcp": those that are published, each once. */
export function readPorts(text: string): PublishedPort[] {
  const found = new Map<string, PublishedPort>();
  for (const [, host = '', from = '', to = from, inside = '', protocol = ''] of text.matchAll(
    /(\S+):(\d{1,5})(?:-(\d{1,5}))?->(\d{1,5})(?:-\d{1,5})?\/(\w{1,5})/g,
  )) {
    const count = Math.min(Number(to) - Number(from), 256);
    for (let step = 0; step <= count; step += 1) {
      const port = { hostPort: Number(from) + step, containerPort: Number(inside) + step, protocol };
      const key = `${port.hostPort}/${protocol}`;
      if (!found.has(key)) found.set(key, { host: printable(host.replace(/^\[|\]$/g, ''), 60), ...port });
    }
  }
  return [...found.values()];
}

/** What {@link usageScript} prints. */
export function readUsage(sections: ReadonlyMap<string, string>): ContainerUsage[] {
  const containerOf = new Map(
    [...(sections.get('cgroup') ?? '').matchAll(/^(\d{1,9}) .*?([0-9a-f]{64})/gm)].map(([, pid, id]) => [pid, id]),
  );
  // a program that computes and draws is listed twice, with the same figure
  const programs = new Map(
    [...(sections.get('apps') ?? '').matchAll(/^\s*(\d{1,9}),\s*(\d{1,9}|\[?[\w/ ]+\]?)\s*$/gm)].map(
      ([, pid, used]) => [pid, used],
    ),
  );
  return readLines(sections.get('stats') ?? '', statsLine)
    .filter(({ ID: id }) => ID.test(id))
    .map(({ ID: id, CPUPerc, MemUsage }) => {
      const own = [...programs].filter(([pid]) => containerOf.get(pid) === id).map(([, used]) => Number(used));
      const known = own.filter(used => Number.isFinite(used));
      return {
        id,
        cpuPercent: /^\d+(\.\d+)?%$/.test(CPUPerc) ? Number(CPUPerc.slice(0, -1)) : null,
        memoryBytes: readSize(MemUsage.split('/')[0] ?? ''),
        gpuBytes: known.length === 0 ? null : known.reduce((sum, used) => sum + used, 0) * MIB,
        gpuProcesses: own.length,
      };
    });
}

/** What `docker images --no-trunc --format '{{json .}}'` prints. */
export function readImages(output: string): Image[] {
  return readLines(output, imageLine).map(({ ID: id, Repository, Tag, Size, CreatedSince }) => ({
    id,
    name: Repository === '<none>' ? null : printable(Tag === '<none>' ? Repository : `${Repository}:${Tag}`, 512),
    size: printable(Size, 20),
    created: printable(CreatedSince, 40),
  }));
}

const UNITS: Readonly<Record<string, number>> = {
  ...{ b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 },
  ...{ kib: 1024, mib: MIB, gib: 1024 * MIB, tib: MIB * MIB },
};

/** "1.952GiB" in bytes; null for anything else. */
function readSize(text: string): number | null {
  const [, number, unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]{1,3})\s*$/i.exec(text) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  return number === undefined || factor === undefined ? null : Math.round(Number(number) * factor);
}

/** JSON, a value a line. */
function readLines<T extends v.GenericSchema>(output: string, schema: T): v.InferOutput<T>[] {
  return output
    .split('\n', MOST_ROWS)
    .map(line => v.safeParse(v.pipe(v.string(), v.parseJson(), schema), line))
    .flatMap(result => (result.success ? [result.output] : []));
}
