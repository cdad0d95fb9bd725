import type { CellState } from '../../../shared/chains.js';
import { textOf } from '../../../chainFile/template.js';
import type {
  EndRecord,
  InputsRecord,
  OutputsRecord,
  ResultRecord,
  RowRecord,
  RunRecord,
  StepRecord,
} from './records.js';

/** Where a record stands in its file. */
export interface Placement {
  readonly at: number;
  readonly length: number;
}

/** What is kept in memory of a step that is over; the rest is in the file. */
export interface CellIndex extends Placement {
  readonly key: string;
  readonly state: Exclude<CellState, 'waiting' | 'running'>;
  readonly text: string;
  readonly reason: string | null;
  readonly attempts: number;
  readonly promptTokens: number;
  readonly tokens: number;
  readonly tokensPerSecond: number | null;
  readonly milliseconds: number;
}

export interface RowIndex {
  input: string | undefined;
  /** Where all of the input is. */
  inputAt: Placement | undefined;
  /** Whether all of its steps passed; undefined while it is not over. */
  passed: boolean | undefined;
  outputs: readonly string[];
  /** Where all of the outputs are. */
  outputsAt: Placement | undefined;
  readonly cells: Map<string, CellIndex>;
}

const PREVIEW = 200;

/** One run of a results file: its shape, its rows in short, and where everything is. */
export class RunIndex {
  header: RunRecord;
  readonly startedAt: number;
  readonly rows = new Map<number, RowIndex>();
  end: EndRecord | undefined;
  inputs: (Placement & { readonly key: string; readonly count: number }) | undefined;
  /** Time of the newest thing that happened in it. */
  lastAt: number;
  passed = 0;
  failed = 0;
  over = 0;
  promptTokens = 0;
  tokens = 0;
  /** Seconds at work in the parts of it that have ended. */
  private finishedSeconds = 0;
  private partStartedAt: number;

  constructor(header: RunRecord) {
    this.header = header;
    this.startedAt = header.at;
    this.lastAt = header.at;
    this.partStartedAt = header.at;
  }

  /** Seconds at work, as far as the file tells. */
  get seconds(): number {
    // of a part without an end only its last step is known
    return this.finishedSeconds + (this.end ? 0 : (this.lastAt - this.partStartedAt) / 1000);
  }

  /** Seconds at work in those parts of it that are over. */
  get secondsBefore(): number {
    return this.finishedSeconds;
  }

  /** Takes a record over; of the same step the last one counts. */
  take(record: ResultRecord, placement: Placement): void {
    switch (record.kind) {
      case 'run':
        this.finishedSeconds = this.seconds;
        this.header = record;
        this.end = undefined;
        this.lastAt = this.partStartedAt = record.at;
        return;
      case 'inputs':
        this.takeInputs(record, placement);
        return;
      case 'row':
        this.takeRow(record, placement);
        return;
      case 'step':
        this.takeStep(record, placement);
        return;
      case 'outputs':
        this.takeOutputs(record, placement);
        return;
      case 'end':
        this.finishedSeconds += record.seconds;
        this.end = record;
        this.lastAt = record.at;
        return;
    }
  }

  /** Forgets that a row is over: one of its steps is asked again. */
  reopen(row: number): void {
    this.count(this.rows.get(row)?.passed, -1);
    const index = this.rows.get(row);
    if (index) index.passed = undefined;
  }

  private takeInputs({ key, inputs, promptTokens, tokens }: InputsRecord, placement: Placement): void {
    this.inputs = { ...placement, key, count: inputs.length };
    this.promptTokens += promptTokens;
    this.tokens += tokens;
  }

  private takeRow({ row, input }: RowRecord, placement: Placement): void {
    const index = this.row(row);
    index.input = preview(textOf(input));
    index.inputAt = placement;
  }

  private takeStep(record: StepRecord, placement: Placement): void {
    const { cells } = this.row(record.row);
    if (!cells.has(record.step)) this.over += 1;
    const last = record.attempts.at(-1);
    cells.set(record.step, {
      ...placement,
      ...{ key: flat(record.key), state: record.state, text: preview(record.output) },
      reason: record.reason === null ? null : preview(record.reason),
      attempts: record.attempts.length,
      ...{ promptTokens: record.promptTokens, tokens: record.tokens, milliseconds: record.milliseconds },
      tokensPerSecond: last?.tokensPerSecond ?? null,
    });
    this.promptTokens += record.promptTokens;
    this.tokens += record.tokens;
    this.lastAt = record.at;
  }

  private takeOutputs({ row, passed, values }: OutputsRecord, placement: Placement): void {
    const index = this.row(row);
    this.count(index.passed, -1);
    index.passed = passed;
    index.outputsAt = placement;
    index.outputs = this.header.outputs.map(name => preview(values[name] ?? ''));
    this.count(passed, 1);
  }

  private count(passed: boolean | undefined, by: number): void {
    if (passed === true) this.passed += by;
    if (passed === false) this.failed += by;
  }

  private row(number: number): RowIndex {
    let row = this.rows.get(number);
    if (!row) {
      row = {
        input: undefined,
        inputAt: undefined,
        passed: undefined,
        outputs: [],
        outputsAt: undefined,
        cells: new Map(),
      };
      this.rows.set(number, row);
    }
    return row;
  }
}

/** The beginning of a text on one line. */
export function preview(text: string): string {
  const start = text
    .slice(0, PREVIEW * 2)
    .replace(/\s+/g, ' ')
    .trim();
  return flat(start.length > PREVIEW ? `${start.slice(0, PREVIEW)}…` : start);
}

/** A copy that does not keep the long text alive that it was cut from. */
function flat(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
