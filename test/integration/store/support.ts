import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../../src/engine/base/clock.js';
import { createLogger, type Logger, type LogLevel } from '../../../src/engine/base/logger.js';
import { openStore, type StoreOptions } from '../../../src/engine/store/openStore.js';
import type { Store } from '../../../src/engine/store/types.js';
import type { ConnectionData } from '../../../src/shared/connection.js';
import { connectionData } from '../../support/connections.js';
import type { GpuSample, Sample } from '../../../src/shared/metrics.js';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** A clock that stands until it is moved. */
export class StoppedClock implements Clock {
  constructor(public time = Date.UTC(2025, 5, 1, 12)) {}
  now(): number {
    return this.time;
  }
  after(): { dispose(): void } {
    throw new Error('The store sets no timers.');
  }
}

/** A folder of a test with everything that was opened in it. */
export class Place {
  readonly folder = mkdtempSync(join(tmpdir(), 'dgx-spark-store-'));
  readonly clock = new StoppedClock();
  readonly lines: { level: LogLevel; message: string }[] = [];
  readonly log: Logger = createLogger((level, _scope, message) => this.lines.push({ level, message }));
  private readonly stores: Store[] = [];

  get database(): string {
    return join(this.folder, 'dgx-spark.sqlite');
  }
  get journal(): string {
    return join(this.folder, 'dgx-spark.journal');
  }

  async open(options: Partial<StoreOptions> = {}): Promise<Store> {
    const store = await openStore({ folder: this.folder, clock: this.clock, log: this.log, ...options });
    this.stores.push(store);
    return store;
  }

  names(pattern: RegExp): string[] {
    return readdirSync(this.folder)
      .filter(name => pattern.test(name))
      .sort();
  }

  /** What the `sqlite3` program, which shares no code with the product, answers about the database file. */
  query(sql: string): string {
    return sqlite3(this.database, sql);
  }

  async remove(): Promise<void> {
    for (const store of this.stores) await store.close().catch(() => undefined);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function sqlite3(file: string, sql: string): string {
  return execFileSync('sqlite3', ['-readonly', file, sql], { encoding: 'utf8' }).trim();
}

export const SPARK: ConnectionData = connectionData({
  name: 'Spark',
  sshKeyPath: '~/.ssh/id_ed25519',
  authMethod: 'key',
});

export function gpu(index: number, values: Partial<GpuSample> = {}): GpuSample {
  return {
    index,
    uuid: null,
    name: 'NVIDIA GB10',
    utilization: 50,
    memory: { kind: 'unified', usedMb: 1000.4, totalMb: 122_880 },
    temperatureC: 45,
    powerW: 12.5,
    powerLimitW: null,
    smClockMhz: 2400,
    memClockMhz: null,
    fanPercent: null,
    performanceState: 'P0',
    throttle: [],
    ...values,
  };
}

export function sample(connectionId: string, at: number, gpus: GpuSample[] = [gpu(0)]): Sample {
  return { connectionId, at, driverVersion: '580.95.05', gpus, memory: null, system: null, troubles: [] };
}
