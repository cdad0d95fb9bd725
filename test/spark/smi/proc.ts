import { type Reading } from './reading.js';

const CORES = 20;

/** The files of `/proc` that are replaced by the Spark's, by their name below `/proc`. */
export const PROC_FILES = ['meminfo', 'stat', 'loadavg', 'uptime', 'pressure/memory'] as const;
export type ProcFile = (typeof PROC_FILES)[number];

/** The tables of sockets, which do not follow the machine's load. */
export const SOCKET_FILES = ['net/tcp', 'net/tcp6'] as const;

/** `/proc/net/tcp` (or, with `::1` and `::`, `tcp6`) with sockets that listen, and one that does not, in the kernel's format on a little-endian machine. */
export function renderSockets(
  file: (typeof SOCKET_FILES)[number],
  sockets: readonly { address: string; port: number }[],
): string {
  const wide = file === 'net/tcp6';
  const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');
  const addresses: Record<string, string> = {
    '127.0.0.1': '0100007F',
    '0.0.0.0': '00000000',
    '::': '0'.repeat(32),
    '::1': `${'0'.repeat(24)}01000000`,
  };
  const anywhere = `${'0'.repeat(wide ? 32 : 8)}:0000`;
  const lines = sockets
    .filter(({ address }) => address.includes(':') === wide)
    .map(({ address, port }, index) => {
      const bytes = address.split('.').map(byte => Number(byte).toString(16).toUpperCase().padStart(2, '0'));
      const local = addresses[address] ?? bytes.reverse().join('');
      return `${String(index).padStart(4)}: ${local}:${hex(port)} ${anywhere} 0A 00000000:00000000 00:00000000 00000000  1000        0 ${30_000 + index} 1 0000000000000000 100 0 0 10 0 \n`;
    });
  const other = wide
    ? ''
    : `  99: 0100007F:D431 0100007F:2CAA 01 00000000:00000000 00:00000000 00000000  1000        0 39999 1 0000000000000000 20 4 30 10 -1 \n`;
  return `  sl  local_address${wide ? ' '.repeat(25) : ''} rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n${lines.join('')}${other}`;
}

/** The text of a file of the Spark's `/proc`, in the kernel's format. */
export function renderProc(file: ProcFile, reading: Reading): string {
  switch (file) {
    case 'meminfo':
      return meminfo(reading);
    case 'stat':
      return stat(reading);
    case 'loadavg': {
      const load = (reading.load * CORES * 0.6 + 0.2).toFixed(2);
      return `${load} ${load} ${load} 2/1184 ${52_400 + Math.floor(reading.seconds)}\n`;
    }
    case 'uptime':
      return `${(86_400 + reading.seconds).toFixed(2)} ${(86_400 * CORES * 0.9).toFixed(2)}\n`;
    case 'pressure/memory':
      return 'some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n';
  }
}

/** arm64, 4 KiB pages, 16 GiB of swap that nothing uses. */
function meminfo({ memory }: Reading): string {
  const cached = Math.round((memory.availableKiB * 2) / 5);
  const anonymous = memory.totalKiB - memory.availableKiB - 4_000_000;
  const values: [string, number][] = [
    ['MemTotal', memory.totalKiB],
    ['MemFree', memory.availableKiB - cached],
    ['MemAvailable', memory.availableKiB],
    ['Buffers', 413_252],
    ['Cached', cached],
    ['SwapCached', 0],
    ['Active', 8_804_112],
    ['Inactive', Math.round(cached * 0.8)],
    ['Active(anon)', 7_912_004],
    ['Inactive(anon)', 0],
    ['Active(file)', 892_108],
    ['Inactive(file)', Math.round(cached * 0.8)],
    ['Unevictable', 24_640],
    ['Mlocked', 24_640],
    ['SwapTotal', 16_777_212],
    ['SwapFree', 16_777_212],
    ['Zswap', 0],
    ['Zswapped', 0],
    ['Dirty', 1_284],
    ['Writeback', 0],
    ['AnonPages', Math.max(anonymous, 1_712_244)],
    ['Mapped', 1_102_480],
    ['Shmem', 103_028],
    ['KReclaimable', 477_572],
    ['Slab', 997_932],
    ['SReclaimable', 477_572],
    ['SUnreclaim', 520_360],
    ['KernelStack', 21_008],
    ['PageTables', 70_204],
    ['SecPageTables', 2_564],
    ['NFS_Unstable', 0],
    ['Bounce', 0],
    ['WritebackTmp', 0],
    ['CommitLimit', 80_577_584],
    ['Committed_AS', 24_718_820],
    ['VmallocTotal', 136_896_315_392],
    ['VmallocUsed', 101_620],
    ['VmallocChunk', 0],
    ['Percpu', 27_520],
    ['HardwareCorrupted', 0],
    ['AnonHugePages', 3_196_928],
    ['ShmemHugePages', 0],
    ['ShmemPmdMapped', 0],
    ['FileHugePages', 0],
    ['FilePmdMapped', 0],
    ['CmaTotal', 131_072],
    ['CmaFree', 69_320],
  ];
  const pages =
    'HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\nHugePages_Surp:        0\n';
  const body = values.map(([name, kib]) => `${`${name}:`.padEnd(15)} ${String(kib).padStart(8)} kB\n`).join('');
  return `${body}${pages}Hugepagesize:       2048 kB\nHugetlb:               0 kB\n`;
}

/** Time since the start in hundredths of a second, the part that is not idle following the load. */
function stat(reading: Reading): string {
  // the integral of (1 - cos) / 2, which is what the load is made of
  const worked = reading.seconds / 2 - (30 / (2 * Math.PI)) * Math.sin((2 * Math.PI * reading.seconds) / 60);
  const busy = Math.round((1_000 + Math.max(0, worked)) * 60);
  const idle = Math.round((90_000 + reading.seconds) * 100) - busy;
  const line = (name: string, cores: number): string =>
    `${name} ${busy * cores} 0 ${Math.round(busy / 8) * cores} ${idle * cores} ${120 * cores} 0 ${14 * cores} 0 0 0\n`;
  const cores = Array.from({ length: CORES }, (_, index) => line(`cpu${index}`, 1)).join('');
  const booted = Math.round(reading.time.getTime() / 1000 - 86_400 - reading.seconds);
  return `${line('cpu ', CORES)}${cores}intr 9960985 0 0\nctxt 29106613\nbtime ${booted}\nprocesses 56298\nprocs_running 3\nprocs_blocked 0\nsoftirq 23973187 0 0 0 0 0 0 0 0 0 0\n`;
}
