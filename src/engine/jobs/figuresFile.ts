import { type LogFigures, nameOf } from './logLine.js';
import type { LineReader } from './trainingLog.js';

/** Names under which programs write when a line was written, in seconds or milliseconds since 1970, or as ISO 8601 says it. */
const TIMES = new Set(['time', 'timestamp', '_timestamp', 'ts']);
/** Fields of a line that are looked at. */
const MOST_FIELDS = 200;
/** 1973 in milliseconds, 5138 in seconds. */
const LEAST_MS = 1e11;
/** The last moment that a date can be. */
const MOST_MS = 8.64e15;

/** Of the file of figures: every line may say something. */
export const FIGURES_LINES: LineReader = { mayTell: () => true, read: readFiguresLine };

/** Reads a line of `dgx-metrics.jsonl`: an object of numbers, such as `{"step": 10, "loss": 1.2, "time": 1767225600}`. Undefined for anything else. */
export function readFiguresLine(line: string): LogFigures | undefined {
  const fields = parse(line);
  if (!fields) return undefined;
  const found: Record<string, number> = {};
  for (const [name, value] of Object.entries(fields).slice(0, MOST_FIELDS)) {
    const key = TIMES.has(name) ? 'at' : (nameOf(name) ?? nameOf(name.split('/').at(-1) ?? ''));
    const number = key === 'at' ? timeOf(value) : numberOf(value);
    if (key !== undefined && number !== undefined) found[key] ??= number;
  }
  return Object.keys(found).some(key => key !== 'at') ? found : undefined;
}

function parse(line: string): object | undefined {
  try {
    // Python writes what is not finite as no JSON
    const value: unknown = JSON.parse(line.replace(/(:\s*)(?:NaN|-?Infinity)\b/g, '$1null'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined; // half written, or no JSON at all
  }
}

/** Some write their numbers in quotes. */
function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** Milliseconds since 1970. */
function timeOf(value: unknown): number | undefined {
  const number = typeof value === 'string' ? Date.parse(value) : value;
  if (typeof number !== 'number' || !(number > 0 && number <= MOST_MS)) return undefined;
  return Math.round(number < LEAST_MS ? number * 1000 : number);
}
