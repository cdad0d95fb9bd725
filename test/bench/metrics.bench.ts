/**
 * What a sample costs: the sampler's one channel against running `nvidia-smi -q -x` for each poll, as most tools do it.
 * Both in a login shell that reads a start-up file, once a plain and once a slow one, with the same stand-in for
 * nvidia-smi, whose own work is not counted. Processes are counted by the kernel for the whole machine: keep it quiet. `--samples N` (30), `--interval MS` (500).
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/engine/base/clock.js';
import { nullLogger } from '../../src/engine/base/logger.js';
import { parseNvidiaSmi } from '../../src/engine/metrics/nvidiaSmi.js';
import { Sampler } from '../../src/engine/metrics/sampler.js';
import { LocalSession } from '../integration/metrics/localSession.js';

const { values } = parseArgs({
  options: { samples: { type: 'string', default: '30' }, interval: { type: 'string', default: '500' } },
});
const SAMPLES = Number(values.samples);
const INTERVAL_MS = Number(values.interval);
/** Clock ticks a second of /proc/PID/stat. */
const TICKS = 100;
/** The clocks that a data-centre GPU lists. */
const CLOCKS = 1500;

/** Costs of one sample. */
interface Cost {
  readonly processes: number;
  readonly bytes: number;
  readonly clientMs: number;
  readonly remoteMs: number;
}

const STARTUP = {
  plain: 'export EDITOR=vi\n',
  // what version managers and prompts do there
  slow: 'for i in 1 2 3 4 5 6 7 8 9 10; do id >/dev/null; date >/dev/null; done\nn=0; while [ $n -lt 20000 ]; do n=$((n + 1)); done\n',
} as const;

function makeMachine(): { bin: string; remove: () => void } {
  const bin = mkdtempSync(join(tmpdir(), 'dgx-spark-bench-'));
  const clocks = `<supported_clocks>\n${'\t\t\t<supported_graphics_clock>1980 MHz</supported_graphics_clock>\n'.repeat(CLOCKS)}</supported_clocks>`;
  const xml = readFileSync(resolve('test', 'fixtures', 'nvidia-smi', 'gb10.xml'), 'utf8').replace(
    '<supported_clocks>N/A</supported_clocks>',
    clocks,
  );
  writeFileSync(join(bin, 'all.xml'), xml);
  writeFileSync(
    join(bin, 'loop.js'),
    `const line = '0, 96, [N/A], [N/A], 68, 93.5, [N/A], 2400, [N/A], [N/A], P0, 1, 0x0000000000000000, NVIDIA GB10';
const print = () => console.log(line);
print();
setInterval(print, Number(process.argv[2]));
process.stdout.on('error', () => process.exit());\n`,
  );
  const smi = join(bin, 'nvidia-smi');
  writeFileSync(
    smi,
    `#!/bin/sh\nif [ "$*" = "-q -x" ]; then exec cat ${bin}/all.xml; fi\nfor last; do :; done\nexec ${process.execPath} ${bin}/loop.js "$last"\n`,
  );
  chmodSync(smi, 0o755);
  return { bin, remove: () => rmSync(bin, { recursive: true }) };
}

/** Processes that the whole machine has started since it was booted. */
function started(): number {
  return Number(/^processes (\d+)/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]);
}

function statOf(pid: number): { parent: number; name: string; ms: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const end = text.lastIndexOf(')');
    const fields = text.slice(end + 2).split(' ');
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
    return { parent: Number(fields[1]), name: text.slice(text.indexOf('(') + 1, end), ms: (ticks / TICKS) * 1000 };
  } catch {
    return undefined;
  }
}

/** Milliseconds of CPU of a process and all below it, and of those below that have ended; the stand-in left out. */
function treeMs(top: number): number {
  const all = new Map<number, NonNullable<ReturnType<typeof statOf>>>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const stat = Number.isInteger(pid) ? statOf(pid) : undefined;
    if (stat) all.set(pid, stat);
  }
  let sum = 0;
  const add = (pid: number): void => {
    const stat = all.get(pid);
    if (!stat || (pid !== top && stat.name === 'node')) return;
    sum += stat.ms;
    for (const [child, { parent }] of all) if (parent === pid) add(child);
  };
  add(top);
  return sum;
}

function clientMs(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

async function ours(bin: string, startup: string): Promise<Cost> {
  const env = { BASH_ENV: startup, HOME: bin };
  const session = new LocalSession('sh', `${bin}:/usr/bin:/bin`, { env, login: '/bin/bash' });
  let count = 0;
  let heard: () => void = () => undefined;
  const sampler = new Sampler({
    ...{ connectionId: 'c', session, intervalMs: INTERVAL_MS, clock: systemClock, log: nullLogger },
    onSample: ({ error }) => {
      if (error) throw new Error(error.message);
      count += 1;
      heard();
    },
  });
  const reach = async (wanted: number) => {
    while (count < wanted) await new Promise<void>(done => (heard = done));
  };
  // the channel is opened once, and the first samples read what changes slowly
  await reach(5);
  const pid = session.processes[0]?.pid ?? 0;
  const before = { processes: started(), bytes: session.output.length, remote: treeMs(pid), cpu: process.cpuUsage() };
  await reach(5 + SAMPLES);
  const client = clientMs(before.cpu);
  const cost = {
    processes: (started() - before.processes) / SAMPLES,
    bytes: (session.output.length - before.bytes) / SAMPLES,
    clientMs: client / SAMPLES,
    remoteMs: (treeMs(pid) - before.remote) / SAMPLES,
  };
  sampler.dispose();
  await session.closed();
  return cost;
}

async function polled(bin: string, startup: string): Promise<Cost> {
  const before = { processes: started(), cpu: process.cpuUsage() };
  let bytes = 0;
  let remoteMs = 0;
  for (let sample = 0; sample < SAMPLES; sample++) {
    const child = spawn('/bin/bash', ['-c', 'nvidia-smi -q -x; cat /proc/$$/stat >&3'], {
      env: { BASH_ENV: startup, HOME: bin, PATH: `${bin}:/usr/bin:/bin` },
      stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    });
    const [output, stat] = await Promise.all([
      read(child.stdout as NodeJS.ReadableStream),
      read(child.stdio[3] as NodeJS.ReadableStream),
    ]);
    bytes += output.length;
    if (!parseNvidiaSmi(output)?.complete) throw new Error('The document was not read.');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    remoteMs += ([11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0) / TICKS) * 1000;
    await new Promise(done => setTimeout(done, INTERVAL_MS));
  }
  const client = clientMs(before.cpu);
  return {
    // one is the program that tells the figures
    processes: (started() - before.processes) / SAMPLES - 1,
    bytes: bytes / SAMPLES,
    clientMs: client / SAMPLES,
    remoteMs: remoteMs / SAMPLES,
  };
}

async function read(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

async function main(): Promise<void> {
  const { bin, remove } = makeMachine();
  const failures: string[] = [];
  try {
    console.log(`A sample every ${INTERVAL_MS} ms, ${SAMPLES} of them; nvidia-smi's own work is not counted.`);
    for (const [name, text] of Object.entries(STARTUP)) {
      const startup = join(bin, `${name}.bashrc`);
      writeFileSync(startup, text);
      const [one, other] = [await ours(bin, startup), await polled(bin, startup)];
      console.log(`\nwith a ${name} ~/.bashrc        ours   a program a poll   ratio`);
      const line = (what: string, get: (cost: Cost) => number) => {
        const [a, b] = [get(one), get(other)];
        console.log(
          `${what.padEnd(26)} ${a.toFixed(1).padStart(8)} ${b.toFixed(1).padStart(18)} ${(a / b).toFixed(3).padStart(7)}`,
        );
      };
      line('processes started', cost => cost.processes);
      line('bytes', cost => cost.bytes);
      line('client CPU, ms', cost => cost.clientMs);
      line('remote CPU, ms', cost => cost.remoteMs);
      if (one.processes > 1) console.log(`MISSED: at most 1 process a sample`);
      if (one.bytes > other.bytes / 4) failures.push(`${one.bytes.toFixed(0)} bytes a sample.`);
    }
  } finally {
    remove();
  }
  for (const failure of failures) console.error(failure);
  process.exit(failures.length > 0 ? 1 : 0);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
