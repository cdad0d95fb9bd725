import { CsvError, parse } from 'csv-parse/sync';
import { type InputFormat, type InputSource, MOST_INPUTS } from './chain.js';
import { isObject, type Json } from './json.js';

/** The inputs of a file, or why there are none. */
export type ReadInputs = { readonly inputs: Json[] } | { readonly problem: string; readonly line?: number };

/** What is in an input file, by its name. */
export function formatOf({ file = '', format }: InputSource): InputFormat {
  if (format) return format;
  if (/\.(csv|tsv)$/i.test(file)) return 'csv';
  return /\.(jsonl|ndjson)$/i.test(file) ? 'jsonl' : 'text';
}

/** Reads the text of an input file. Never throws. */
export function readInputs(text: string, source: InputSource): ReadInputs {
  const content = text.replace(/^\uFEFF/, '');
  const read = { csv: readCsv, jsonl: readJsonLines, text: readLines }[formatOf(source)](content, source);
  if ('problem' in read) return read;
  if (read.inputs.length === 0) return { problem: 'There is no input in it.' };
  if (read.inputs.length > MOST_INPUTS)
    return { problem: `There are ${read.inputs.length} inputs in it; ${MOST_INPUTS} are the most.` };
  return read;
}

function readCsv(text: string, { delimiter }: InputSource): ReadInputs {
  try {
    const rows: unknown = parse(text, {
      columns: (names: string[]) => checkedHeadings(names),
      delimiter: delimiter ?? likelyDelimiter(text),
      skip_empty_lines: true,
      relax_column_count_less: false,
      trim: false,
      to: MOST_INPUTS + 1,
      max_record_size: 1_000_000,
    });
    return { inputs: rows as Json[] };
  } catch (error) {
    if (error instanceof CsvError) {
      const { lines } = error as CsvError & { lines?: number };
      return { problem: error.message, ...(typeof lines === 'number' ? { line: lines } : {}) };
    }
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

function checkedHeadings(names: string[]): string[] {
  const trimmed = names.map(name => name.trim());
  const twice = trimmed.find((name, index) => trimmed.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`Two columns are called "${twice}".`);
  return trimmed;
}

function likelyDelimiter(text: string): string {
  const [first = ''] = text.split('\n', 1);
  const count = (mark: string) => first.split(mark).length;
  const [best = ','] = [',', ';', '\t'].sort((a, b) => count(b) - count(a));
  return best;
}

function readJsonLines(text: string): ReadInputs {
  const inputs: Json[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    let value: Json;
    try {
      value = JSON.parse(line) as Json;
    } catch {
      return { problem: 'This line is no JSON.', line: index + 1 };
    }
    if (!isObject(value) && typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
      return { problem: 'This line is neither an object nor a text.', line: index + 1 };
    inputs.push(value);
  }
  return { inputs };
}

function readLines(text: string): ReadInputs {
  const lines = text.split(/\r?\n/).map(line => line.trim());
  return { inputs: lines.filter(line => line !== '') };
}
