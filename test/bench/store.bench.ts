/**
 * The history after a year of eight GPUs, beside the same after its first day: size of the file, time to save it (and beside
 * it that of a plain file of its size, written and synced), time of what the charts ask, and what a day writes to the disk.
 * The first and the last day have a sample every 20 s, as the engine saves them; the days between one a minute. `--days N` (365).
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { nullLogger } from '../../src/engine/base/logger.js';
import { type Disk, type DiskFile, nodeDisk, replaceFile } from '../../src/engine/store/disk.js';
import { storeFiles } from '../../src/engine/store/files.js';
import { openStore } from '../../src/engine/store/openStore.js';
import type { Store } from '../../src/engine/store/types.js';
import { gpu, sample } from '../integration/store/support.js';
import { connectionData } from '../support/connections.js';
import { FakeClock } from '../support/fakeClock.js';
import { spreadOf } from './statistics.js';

const { values } = parseArgs({ options: { days: { type: 'string', default: '365' } } });
const DAYS = Math.max(2, Number(values.days));
const GPUS = 8;
const ROUNDS = 9;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ROW_MS = 20 * SECOND;
/** As many as the page asks for. */
const POINTS = 600;
const RANGES = { '1 h': HOUR, '24 h': DAY, '7 d': 7 * DAY, '90 d': 90 * DAY };

const MOST_BYTES_A_DAY = 500 * 1000 * 1000;
const MOST_CHART_MS = 100;
/** What is kept is bounded, so a year may not cost more than the quarters of an hour of its last 90 days. */
const MOST_GROWTH = 5;

/** The real disk, which counts what is written and knows when nothing is under way. */
class CountingDisk {
  written = 0;
  private underWay = 0;
  readonly disk: Disk;

  constructor() {
    const real = nodeDisk();
    const counted = <T>(work: Promise<T>): Promise<T> => {
      this.underWay += 1;
      return work.finally(() => (this.underWay -= 1));
    };
    const wrap = (file: DiskFile): DiskFile => ({
      write: (bytes, position) => {
        this.written += bytes.length;
        return counted(file.write(bytes, position));
      },
      truncate: length => counted(file.truncate(length)),
      sync: () => counted(file.sync()),
      close: () => counted(file.close()),
    });
    this.disk = {
      makeFolder: path => counted(real.makeFolder(path)),
      read: path => counted(real.read(path)),
      list: path => counted(real.list(path)),
      exists: path => counted(real.exists(path)),
      create: async path => wrap(await counted(real.create(path))),
      openOrCreate: async path => wrap(await counted(real.openOrCreate(path))),
      rename: (from, to) => counted(real.rename(from, to)),
      remove: path => counted(real.remove(path)),
      syncFolder: path => counted(real.syncFolder(path)),
    };
  }

  /** Resolves when what was saved is written. */
  async rest(): Promise<void> {
    for (let quiet = 0; quiet < 5; quiet = this.underWay === 0 ? quiet + 1 : 0) await nextTurn();
  }
}

interface State {
  readonly bytes: number;
  readonly saveMs: number;
  readonly plainMs: number;
  readonly queryMs: Readonly<Record<string, number>>;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dgx-spark-bench-'));
  const clock = new FakeClock();
  const counting = new CountingDisk();
  const { disk } = counting;
  const store = await openStore({ folder, clock, log: nullLogger, disk, retentionDays: () => 90 });
  const { id } = await store.connections.create(connectionData());
  const add = (at: number) => {
    store.metrics.save(sample(id, at, reading(at)));
  };
  const wholeDay = async (): Promise<number> => {
    const before = counting.written;
    for (let row = 0; row < DAY / ROW_MS; row++) {
      clock.advance(ROW_MS);
      add(clock.now());
      await counting.rest();
    }
    return counting.written - before;
  };

  const firstBytes = await wholeDay();
  const first = await measure(store, folder, disk, clock, id, add);
  for (let day = 2; day < DAYS; day++) {
    const start = clock.now();
    for (let at = start + MINUTE; at < start + DAY; at += MINUTE) add(at);
    clock.advance(DAY);
    add(clock.now());
    await counting.rest();
  }
  const lastBytes = await wholeDay();
  const last = await measure(store, folder, disk, clock, id, add);
  await store.close();
  rmSync(folder, { recursive: true });

  const failures: string[] = [];
  const gate = (holds: boolean, what: string) => {
    if (!holds) failures.push(what);
    return holds ? 'met' : 'MISSED';
  };
  const mib = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  console.log(`${GPUS} GPUs, after 1 day and after ${DAYS}; times are medians of ${ROUNDS}`);
  const growth = last.bytes / first.bytes;
  console.log(
    `file              ${mib(first.bytes)}   ${mib(last.bytes)}   ${growth.toFixed(2)} times, goal <= ${MOST_GROWTH} ${gate(growth <= MOST_GROWTH, 'The file grows.')}`,
  );
  const over = ({ saveMs, plainMs }: State) =>
    `${saveMs.toFixed(0)} ms (${(saveMs / plainMs).toFixed(2)} of a plain file)`;
  console.log(`save              ${over(first)}   ${over(last)}`);
  for (const range of Object.keys(RANGES)) {
    const [before = NaN, after = NaN] = [first.queryMs[range], last.queryMs[range]];
    console.log(
      `chart of ${range.padEnd(8)} ${before.toFixed(1)} ms   ${after.toFixed(1)} ms   ${(after / before).toFixed(2)} times, goal < ${MOST_CHART_MS} ms ${gate(after < MOST_CHART_MS, `The chart of ${range} is slow.`)}`,
    );
  }
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  console.log(
    `written in a day  ${megabytes(firstBytes)}   ${megabytes(lastBytes)}   goal < ${megabytes(MOST_BYTES_A_DAY)} ${gate(lastBytes < MOST_BYTES_A_DAY, 'Too much is written.')}`,
  );
  for (const failure of failures) console.error(`FAILED ${failure}`);
  process.exit(failures.length > 0 ? 1 : 0);
}

function reading(at: number) {
  const wave = 50 + 45 * Math.sin(at / HOUR);
  return Array.from({ length: GPUS }, (_, index) => ({
    ...gpu(index),
    utilization: Math.round(wave + index) % 101,
    temperatureC: Math.round(40 + wave / 3 + index),
    powerW: Math.round(1000 + wave * 60 + index) / 10,
  }));
}

async function measure(
  store: Store,
  folder: string,
  disk: Disk,
  clock: FakeClock,
  connectionId: string,
  add: (at: number) => void,
): Promise<State> {
  const timed = async (work: () => Promise<void> | void): Promise<number> => {
    const begun = performance.now();
    await work();
    return performance.now() - begun;
  };
  const median = async (work: () => Promise<number>) => {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) times.push(await work());
    return spreadOf(times).median;
  };
  // something to save each time; the time of the change itself is not counted
  const saveMs = await median(async () => {
    clock.advance(ROW_MS);
    add(clock.now());
    return await timed(() => store.flush());
  });
  const { size: bytes } = statSync(storeFiles(folder).database);
  const plain = Buffer.alloc(bytes, 'x');
  const plainMs = await median(() => timed(() => replaceFile(disk, join(folder, 'plain.bin'), plain)));
  const queryMs: Record<string, number> = {};
  for (const [range, ms] of Object.entries(RANGES)) {
    const query = { connectionId, gpuIndex: 3, from: clock.now() - ms, to: clock.now(), points: POINTS };
    queryMs[range] = await median(async () => await timed(() => void store.metrics.series(query, ROW_MS)));
  }
  return { bytes, saveMs, plainMs, queryMs };
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
