import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gpuFields, processFields } from './csv.js';
import { readingAt } from './machine.js';
import { PROC_FILES, renderProc, renderSockets, SOCKET_FILES } from './proc.js';
import { type Reading, type Shape } from './reading.js';
import { smiScript } from './script.js';
import { renderList, renderTable } from './text.js';
import { renderXml } from './xml.js';

/** How `nvidia-smi` behaves, apart from what the shape makes it do. */
export type SmiFault = 'none' | 'garbage' | 'hang' | 'missing';

const REFRESH_MS = 500;

/** Keeps the files that `nvidia-smi` and the readers of `/proc` see up to date while somebody is logged in. */
export class Publisher {
  readonly #smi: string;
  readonly #proc: string;
  readonly #program: string;
  readonly #startedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #fault: SmiFault = 'none';
  #frozenAt: number | undefined;
  #shape: Shape;
  #current: Reading;

  /** @param folder a folder of the Spark's own; `bin/`, `smi/` and `proc/` are made in it */
  constructor(folder: string, shape: Shape) {
    this.#smi = join(folder, 'smi');
    this.#proc = join(folder, 'proc');
    this.#program = join(folder, 'bin', 'nvidia-smi');
    this.#shape = shape;
    for (const path of [this.#smi, join(this.#proc, 'pressure'), join(this.#proc, 'net'), dirname(this.#program)])
      mkdirSync(path, { recursive: true });
    writeFileSync(join(this.#smi, 'garbage'), '\u001b[31m<nvidia_smi_log><gpu id="0"><utilization>\0\n{"not":');
    this.#current = this.#publish();
    this.setFault('none');
    this.setSockets([]);
  }

  /** What listens on the machine. */
  setSockets(sockets: readonly { address: string; port: number }[]): void {
    for (const file of SOCKET_FILES) replace(join(this.#proc, file), renderSockets(file, sockets));
  }

  /** What the files say now. */
  get current(): Reading {
    return this.#current;
  }

  /** The folder that stands for `/proc`. */
  get procFolder(): string {
    return this.#proc;
  }

  setShape(shape: Shape): void {
    this.#shape = shape;
    this.#current = this.#publish();
    this.#publishMode();
  }

  setFault(fault: SmiFault): void {
    this.#fault = fault;
    if (fault === 'missing') {
      rmSync(this.#program, { force: true });
      return;
    }
    replace(this.#program, smiScript(this.#smi), 0o755);
    this.#publishMode();
  }

  /**
   * Stops the machine's time at `seconds` after its start, so that every reading is the same until {@link thaw}. At 0 it is idle, at 30
   * its load is highest.
   */
  freeze(seconds: number): void {
    this.#frozenAt = seconds;
    this.#current = this.#publish();
  }

  thaw(): void {
    this.#frozenAt = undefined;
    this.refresh();
  }

  /** Writes the files for this moment. */
  refresh(): void {
    if (this.#frozenAt === undefined) this.#current = this.#publish();
  }

  /** Writes them again and again, or no longer. */
  keepFresh(on: boolean): void {
    clearInterval(this.#timer);
    this.#timer = on ? setInterval(() => this.refresh(), REFRESH_MS) : undefined;
  }

  #publish(): Reading {
    const seconds = this.#frozenAt ?? (performance.now() - this.#startedAt) / 1000;
    const reading = readingAt(this.#shape, seconds, new Date());
    replace(join(this.#smi, 'xml'), renderXml(reading));
    replace(join(this.#smi, 'table'), renderTable(reading));
    replace(join(this.#smi, 'list'), renderList(reading));
    replace(join(this.#smi, 'gpus'), gpuFields(reading));
    replace(join(this.#smi, 'apps'), processFields(reading));
    for (const file of PROC_FILES) replace(join(this.#proc, file), renderProc(file, reading));
    return reading;
  }

  #publishMode(): void {
    const failing = this.#shape === 'noGpu' || this.#shape === 'noDriver' ? this.#shape : 'ok';
    replace(
      join(this.#smi, 'mode'),
      `${this.#fault === 'garbage' || this.#fault === 'hang' ? this.#fault : failing}\n`,
    );
  }
}

/** A reader sees the old text or the new one, never a part. */
function replace(path: string, text: string, mode = 0o644): void {
  const fresh = `${path}.new`;
  writeFileSync(fresh, text);
  chmodSync(fresh, mode);
  renameSync(fresh, path);
}
