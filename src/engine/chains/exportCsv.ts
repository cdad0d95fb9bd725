import { type FileHandle, open } from 'node:fs/promises';
import { isObject, type Json } from '../../chainFile/json.js';
import { textOf } from '../../chainFile/template.js';
import { SparkError } from '../../shared/errors.js';
import type { ResultsFile } from './results/resultsFile.js';
import type { RunIndex } from './results/runIndex.js';

/** Rows that are put together before they are written. */
const BATCH = 100;

/**
 * Writes the results of a run as CSV: a line a row, with the fields of its input, and for each step its answer, how it
 * came out and what it took. Answers how many rows were written.
 */
export async function exportCsv(results: ResultsFile, index: RunIndex, file: string): Promise<number> {
  const numbers = [...index.rows.keys()].sort((a, b) => a - b);
  const columns = await inputColumns(results, index, numbers);
  let handle: FileHandle;
  try {
    handle = await open(file, 'w', 0o644);
  } catch (error) {
    throw unwritable(file, error);
  }
  try {
    // with a mark, so that spreadsheets read it as what it is
    await handle.write(`\uFEFF${line(headings(index, columns))}`);
    for (let at = 0; at < numbers.length; at += BATCH) {
      const rows = await Promise.all(
        numbers.slice(at, at + BATCH).map(async row => line(await valuesOf(results, index, row, columns))),
      );
      await handle.write(rows.join(''));
    }
  } catch (error) {
    throw SparkError.is(error) ? error : unwritable(file, error);
  } finally {
    await handle.close();
  }
  return numbers.length;
}

async function inputOf(results: ResultsFile, index: RunIndex, row: number): Promise<Json> {
  const at = index.rows.get(row)?.inputAt;
  return at ? (await results.load('row', at)).input : '';
}

/** The columns of the inputs: the fields that any of them has, and one for those that are texts. */
interface InputColumns {
  readonly fields: readonly string[];
  readonly hasTexts: boolean;
}

async function inputColumns(results: ResultsFile, index: RunIndex, numbers: readonly number[]): Promise<InputColumns> {
  const fields = new Set<string>();
  let hasTexts = numbers.length === 0;
  for (let at = 0; at < numbers.length; at += BATCH) {
    const inputs = await Promise.all(
      numbers.slice(at, at + BATCH).map(async row => await inputOf(results, index, row)),
    );
    for (const input of inputs)
      if (isObject(input)) for (const name of Object.keys(input)) fields.add(name);
      else hasTexts = true;
  }
  return { fields: [...fields], hasTexts };
}

function headings({ header }: RunIndex, { fields, hasTexts }: InputColumns): string[] {
  return [
    'row',
    'result',
    ...(hasTexts ? ['input'] : []),
    ...fields.map(name => `input.${name}`),
    ...header.steps.flatMap(step => [step, `${step}.state`, `${step}.reason`, `${step}.tokens`, `${step}.seconds`]),
    ...header.outputs.map(name => `outputs.${name}`),
  ];
}

async function valuesOf(
  results: ResultsFile,
  index: RunIndex,
  row: number,
  { fields, hasTexts }: InputColumns,
): Promise<string[]> {
  const known = index.rows.get(row);
  const input = await inputOf(results, index, row);
  const values = [String(row + 1), known?.passed === undefined ? '' : known.passed ? 'passed' : 'failed'];
  if (hasTexts) values.push(isObject(input) ? '' : textOf(input));
  values.push(...fields.map(name => fieldOf(input, name)));
  for (const step of index.header.steps) {
    const cell = known?.cells.get(step);
    const record = cell && (await results.load('step', cell));
    if (record) {
      const { output, state, reason, tokens, milliseconds } = record;
      values.push(output, state, reason ?? '', String(tokens), (milliseconds / 1000).toFixed(3));
    } else values.push('', '', '', '', '');
  }
  const outputs = known?.outputsAt ? (await results.load('outputs', known.outputsAt)).values : {};
  values.push(...index.header.outputs.map(name => outputs[name] ?? ''));
  return values;
}

function fieldOf(input: Json, name: string): string {
  const value = isObject(input) && Object.hasOwn(input, name) ? input[name] : undefined;
  return value === undefined ? '' : textOf(value);
}

function line(values: readonly string[]): string {
  return `${values.map(quoted).join(',')}\r\n`;
}

function quoted(value: string): string {
  // a spreadsheet would take what a model wrote as a formula and run it
  const safe = /^[=+\-@\t\r]/.test(value) && !Number.isFinite(Number(value)) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function unwritable(file: string, error: unknown): SparkError {
  return new SparkError({
    code: 'resultsUnwritable',
    message: `${file} cannot be written: ${error instanceof Error ? error.message : String(error)}.`,
  });
}
