import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { XMLParser } from 'fast-xml-parser';
import { readingAt } from '../../spark/smi/machine.js';
import { renderProc } from '../../spark/smi/proc.js';
import { type Shape } from '../../spark/smi/reading.js';
import { renderTable } from '../../spark/smi/text.js';
import { renderXml } from '../../spark/smi/xml.js';

const CORPUS = '../shared/corpus/nvidia-smi';
const BUSIEST = 30;

interface ParsedGpu {
  '@_id': string;
  product_name: string;
  mig_devices: string | { mig_device: { fb_memory_usage: Record<string, string> }[] };
  fb_memory_usage: Record<string, string>;
  utilization: Record<string, string>;
  temperature: Record<string, string>;
  gpu_power_readings: Record<string, string>;
  supported_clocks: unknown;
  processes: string | { process_info: Record<string, string>[] };
}

function reading(shape: Shape, seconds = BUSIEST) {
  return readingAt(shape, seconds, new Date(2026, 3, 3, 6, 9, 19));
}

function parse(shape: Shape, seconds = BUSIEST): { timestamp: string; attached_gpus: string; gpu: ParsedGpu[] } {
  const parser = new XMLParser({
    ignoreAttributes: false,
    parseTagValue: false,
    isArray: name => ['gpu', 'mig_device', 'process_info'].includes(name),
  });
  const { nvidia_smi_log } = parser.parse(renderXml(reading(shape, seconds))) as {
    nvidia_smi_log: { timestamp: string; attached_gpus: string; gpu: ParsedGpu[] };
  };
  return nvidia_smi_log;
}

/** Every tag with its parents, in order. */
function tree(xml: string): string[] {
  const parser = new XMLParser({ preserveOrder: true, parseTagValue: false });
  const walk = (nodes: Record<string, unknown>[], path: string): string[] =>
    nodes.flatMap(node =>
      Object.entries(node)
        .filter(([name]) => name !== '#text' && name !== '?xml' && name !== ':@')
        .flatMap(([name, children]) => [
          `${path}/${name}`,
          ...walk(children as Record<string, unknown>[], `${path}/${name}`),
        ]),
    );
  return walk(parser.parse(xml) as Record<string, unknown>[], '');
}

function shared(file: string): string | undefined {
  const path = `${CORPUS}/${file}`;
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** The tags of one GPU that are the same however many processes and clocks it lists. */
function fixedTags(xml: string): string[] {
  const tags = tree(xml).filter(tag => !/process_info|supported_clocks\/|mig_device\b/.test(tag));
  const second = tags.indexOf('/nvidia_smi_log/gpu', tags.indexOf('/nvidia_smi_log/gpu') + 1);
  return second === -1 ? tags : tags.slice(0, second);
}

describe('simulated nvidia-smi: XML', () => {
  it('has the tags of driver 580 for a GB10, in their order', function () {
    const known = shared('derived-gb10.xml');
    if (known === undefined) this.skip();
    assert.deepEqual(fixedTags(renderXml(reading('gb10'))), fixedTags(known));
  });

  it('has the tags of driver 580 for a GPU with memory of its own', function () {
    const known = shared('k8stestinfra-hw-gb200.xml');
    if (known === undefined) this.skip();
    const ours = new Set(fixedTags(renderXml(reading('h100x8'))));
    const theirs = fixedTags(known);
    // a real GB200 offers power smoothing and profiles as trees; without the right to read them they are one text
    const missing = theirs.filter(tag => !ours.has(tag) && !/power_smoothing|power_profiles/.test(tag));
    assert.deepEqual(missing, []);
  });

  it('begins and ends as the real one does', () => {
    const xml = renderXml(reading('gb10'));
    assert.match(xml, /^<\?xml version="1\.0" \?>\n<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v13\.dtd">\n/);
    assert.match(xml, /\t<\/gpu>\n\n<\/nvidia_smi_log>\n$/);
    assert.match(xml, /<timestamp>Fri Apr {2}3 06:09:19 2026<\/timestamp>/);
    assert.match(xml, /\t\t<mig_devices>\n\t\t\tNone\n\t\t<\/mig_devices>\n/);
  });

  it('says N/A for what a GB10 does not have, and numbers for the rest', () => {
    const expected = reading('gb10').gpus[0]!;
    const gpu = parse('gb10').gpu[0]!;
    assert.equal(gpu['@_id'], '0000000F:01:00.0');
    assert.equal(gpu.product_name, 'NVIDIA GB10');
    assert.deepEqual(gpu.fb_memory_usage, { total: 'N/A', reserved: 'N/A', used: 'N/A', free: 'N/A' });
    assert.equal(gpu.supported_clocks, 'N/A');
    assert.equal(gpu.utilization['gpu_util'], `${expected.utilization!} %`);
    assert.equal(gpu.temperature['gpu_temp'], `${expected.temperatureC} C`);
    assert.equal(gpu.gpu_power_readings['average_power_draw'], `${expected.powerW.toFixed(2)} W`);
    assert.equal(gpu.gpu_power_readings['current_power_limit'], 'N/A');
  });

  it('lists a program that draws and computes twice, under one pid', () => {
    const { processes } = parse('gb10').gpu[0]!;
    assert.ok(typeof processes === 'object');
    const lines = processes.process_info.filter(line => line['process_name']!.endsWith('/kit'));
    assert.deepEqual(lines.map(line => line['type']).sort(), ['C', 'G']);
    assert.equal(new Set(lines.map(line => `${line['pid']!} ${line['used_memory']!}`)).size, 1);
  });

  it('shows eight H100 with memory and a limit of 700 W', () => {
    const { attached_gpus, gpu } = parse('h100x8');
    assert.equal(attached_gpus, '8');
    assert.equal(gpu.length, 8);
    assert.equal(new Set(gpu.map(one => one['@_id'])).size, 8);
    for (const one of gpu) {
      assert.equal(one.fb_memory_usage['total'], '81559 MiB');
      assert.equal(one.gpu_power_readings['current_power_limit'], '700.00 W');
      const parts = ['reserved', 'used', 'free'].map(part => Number.parseInt(one.fb_memory_usage[part]!, 10));
      assert.equal(
        parts.reduce((sum, part) => sum + part),
        81_559,
      );
    }
  });

  it('puts the memory of the MIG devices before that of their GPU, which reports no utilisation', () => {
    const [gpu] = parse('mig').gpu as [ParsedGpu];
    assert.ok(typeof gpu.mig_devices === 'object');
    assert.deepEqual(
      gpu.mig_devices.mig_device.map(device => device.fb_memory_usage['total']),
      ['19968 MiB', '19968 MiB', '19968 MiB', '19968 MiB'],
    );
    assert.equal(gpu.utilization['gpu_util'], 'N/A');
    assert.equal(gpu.gpu_power_readings['average_power_draw'], 'N/A');
    const xml = renderXml(reading('mig'));
    assert.ok(xml.indexOf('<total>19968 MiB') < xml.indexOf('<total>81920 MiB'));
  });
});

describe('simulated nvidia-smi: the machine', () => {
  it('rises and falls within a minute', () => {
    const series = [0, 15, 30, 45, 60].map(seconds => reading('gb10', seconds).gpus[0]!);
    const [idle, rising, busiest, falling, again] = series.map(gpu => gpu.utilization!) as [
      number,
      number,
      number,
      number,
      number,
    ];
    assert.ok(idle < 5 && again < 5 && busiest > 90);
    assert.ok(idle < rising && rising < busiest && busiest > falling && falling > again);
    assert.ok(series[2]!.powerW > 80 && series[0]!.powerW < 10);
  });

  it('starts programs under load, and ends them', () => {
    const pids = (seconds: number): number[] => reading('gb10', seconds).gpus[0]!.processes.map(({ pid }) => pid);
    assert.ok(pids(30).length > pids(0).length);
    assert.deepEqual(pids(60), pids(0));
  });

  it('takes what the GPU holds from the memory that all share', () => {
    const [idle, busy] = [0, 30].map(seconds => reading('gb10', seconds)) as [
      ReturnType<typeof reading>,
      ReturnType<typeof reading>,
    ];
    const byPid = new Map(busy.gpus[0]!.processes.map(({ pid, usedMiB }) => [pid, usedMiB]));
    const held = [...byPid.values()].reduce((sum, used) => sum + used) * 1024;
    assert.ok(idle.memory.availableKiB - busy.memory.availableKiB > held * 0.99);
    assert.ok(busy.memory.availableKiB > 0);
  });

  it('writes /proc/meminfo as the kernel does', () => {
    const { memory } = reading('gb10');
    const text = renderProc('meminfo', reading('gb10'));
    const lines = text.trimEnd().split('\n');
    assert.deepEqual(
      lines.filter(line => !/^[A-Za-z_()0-9]+: +\d+( kB)?$/.test(line)),
      [],
    );
    assert.ok(lines.includes('MemTotal:       127600748 kB'));
    assert.ok(lines.includes(`MemAvailable:   ${String(memory.availableKiB).padStart(8)} kB`));
  });

  it('counts the time of 20 cores in /proc/stat', () => {
    const idle = (seconds: number): number => Number(renderProc('stat', reading('gb10', seconds)).split(/\s+/)[4]);
    const text = renderProc('stat', reading('gb10'));
    assert.equal(text.match(/^cpu\d+ /gm)?.length, 20);
    assert.ok(idle(10) < idle(20) && idle(20) < idle(30));
  });

  for (const shape of ['gb10', 'h100x8', 'mig'] as const)
    it(`prints the table of ${shape} in columns`, () => {
      const table = renderTable(reading(shape)).trimEnd().split('\n').slice(1);
      assert.deepEqual(
        table.filter(line => line !== '' && line.length !== 91),
        [],
      );
    });
});
