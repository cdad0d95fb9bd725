import type { Pressure, SystemMemory, SystemSample } from '../../shared/metrics.js';
import type { SystemFrame } from './frames.js';
import { parseMeminfo } from './meminfo.js';

/** One reading of a machine's `/proc`. */
export interface SystemReading {
  readonly memory: SystemMemory | null;
  readonly system: SystemSample;
}

/** Jiffies since the start. */
interface CpuTimes {
  readonly idle: number;
  readonly total: number;
}

/** Bytes since the start. */
interface Traffic {
  readonly received: number;
  readonly sent: number;
}

/** What counters were at a moment of the machine's own clock. */
interface Counters {
  uptime: number | null;
  cpus: readonly CpuTimes[];
  traffic: ReadonlyMap<string, Traffic>;
}

/** More of each is not a machine's. */
const MAX_CPUS = 4096;
const MAX_INTERFACES = 256;
const MAX_NAME_LENGTH = 40;

/** What counters were at the reading before, whoever made it. */
export interface LastCounters {
  counters?: Counters;
}

/**
 * Puts the frames of one system reading together, and makes rates of counters: by the machine's own clock, so that it
 * does not matter when they arrive. The first reading has no rates, nor has one after a counter went back.
 */
export class SystemReader {
  private now: Counters = nothingRead();
  private memory: SystemMemory | null = null;
  private load: SystemSample['load'] = null;
  private pressure: SystemSample['pressure'] = { cpu: null, memory: null, io: null };

  constructor(private readonly last: LastCounters) {}

  /** Takes a frame; the last one of a reading gives the reading. */
  take(frame: SystemFrame): SystemReading | undefined {
    switch (frame.kind) {
      case 'uptime':
        this.begin(frame.text);
        return undefined;
      case 'memory':
        this.memory = parseMeminfo(frame.text.replaceAll(';', '\n'));
        return undefined;
      case 'cpu':
        this.now.cpus = [...this.now.cpus, ...cpuTimes(frame.text)].slice(0, MAX_CPUS);
        return undefined;
      case 'pressure':
        this.pressure = parsePressure(frame.text);
        return undefined;
      case 'network':
        this.now.traffic = trafficOf(frame.text);
        return this.finish();
    }
  }

  /** Seconds since the start of the machine, of the reading that is being put together. */
  get uptime(): number | null {
    return this.now.uptime;
  }

  private begin(text: string): void {
    const [uptime, ...load] = text.split(' ').map(decimal);
    const [one, five, fifteen] = load;
    this.now = { ...nothingRead(), uptime: uptime ?? null };
    this.memory = null;
    this.pressure = { cpu: null, memory: null, io: null };
    this.load =
      typeof one === 'number' && typeof five === 'number' && typeof fifteen === 'number' ? [one, five, fifteen] : null;
  }

  private finish(): SystemReading {
    const { now, memory, load, pressure } = this;
    const before = this.last.counters;
    this.last.counters = now;
    const seconds = now.uptime !== null && typeof before?.uptime === 'number' ? now.uptime - before.uptime : 0;
    return {
      memory,
      system: {
        uptimeSeconds: now.uptime,
        load,
        cpu: cpuLoad(now.cpus, before?.cpus ?? []),
        pressure,
        network: networkRates(now.traffic, before?.traffic ?? new Map<string, Traffic>(), seconds),
      },
    };
  }
}

function nothingRead(): Counters {
  return { uptime: null, cpus: [], traffic: new Map() };
}

/** `idle total idle total ...`, of all cores together and then of each. */
function cpuTimes(text: string): CpuTimes[] {
  const numbers = text.split(' ').map(decimal);
  const times: CpuTimes[] = [];
  for (let at = 0; at + 1 < numbers.length; at += 2) {
    const idle = numbers[at];
    const total = numbers[at + 1];
    if (typeof idle !== 'number' || typeof total !== 'number') break;
    times.push({ idle, total });
  }
  return times;
}

function cpuLoad(now: readonly CpuTimes[], before: readonly CpuTimes[]): SystemSample['cpu'] {
  const [all, ...cores] = now.map((times, index) => busyShare(times, before[index]));
  return all === undefined ? null : { utilization: all, cores };
}

function busyShare(now: CpuTimes, before: CpuTimes | undefined): number | null {
  if (!before) return null;
  const total = now.total - before.total;
  const idle = now.idle - before.idle;
  // the kernel's idle time may go back a little (proc_stat(5), iowait)
  if (total <= 0 || idle > total) return null;
  return Math.round((1 - Math.max(0, idle) / total) * 1000) / 10;
}

/** `cpu some avg10=0.00 avg60=0.00 full ... memory some ...` */
function parsePressure(text: string): SystemSample['pressure'] {
  const parts: Record<keyof SystemSample['pressure'], Pressure | null> = { cpu: null, memory: null, io: null };
  for (const [, name, values = ''] of text.matchAll(/\b(cpu|memory|io) ((?:(?:some|full) avg10=\S+ avg60=\S+ ?)+)/g)) {
    const some = /some avg10=(\S+) avg60=(\S+)/.exec(values);
    const full = /full avg10=(\S+)/.exec(values);
    parts[name as keyof typeof parts] = {
      some10: percent(some?.[1]),
      some60: percent(some?.[2]),
      full10: percent(full?.[1]),
    };
  }
  return parts;
}

function percent(text: string | undefined): number | null {
  const value = text === undefined ? null : decimal(text);
  return value !== null && value <= 100 ? value : null;
}

/** `name received sent name received sent ...` */
function trafficOf(text: string): Map<string, Traffic> {
  const words = text.split(' ').filter(word => word !== '');
  const found = new Map<string, Traffic>();
  for (let at = 0; at + 2 < words.length && found.size < MAX_INTERFACES; at += 3) {
    const [name = '', received = '', sent = ''] = words.slice(at, at + 3);
    const counters = { received: decimal(received), sent: decimal(sent) };
    if (counters.received === null || counters.sent === null || !/^[\w.@-]+$/.test(name)) continue;
    found.set(name.slice(0, MAX_NAME_LENGTH), { received: counters.received, sent: counters.sent });
  }
  return found;
}

function networkRates(
  now: ReadonlyMap<string, Traffic>,
  before: ReadonlyMap<string, Traffic>,
  seconds: number,
): SystemSample['network'] {
  return [...now].map(([name, traffic]) => {
    const earlier = before.get(name);
    return {
      name,
      receivedBytesPerSecond: rate(traffic.received, earlier?.received, seconds),
      sentBytesPerSecond: rate(traffic.sent, earlier?.sent, seconds),
    };
  });
}

function rate(now: number, before: number | undefined, seconds: number): number | null {
  return before === undefined || seconds <= 0 || now < before ? null : Math.round((now - before) / seconds);
}

function decimal(text: string): number | null {
  return /^\d{1,20}(?:\.\d{1,6})?$/.test(text) ? Number(text) : null;
}
