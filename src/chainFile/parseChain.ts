import { type Document, isMap, parseDocument, type YAMLError } from 'yaml';
import type { Chain } from './chain.js';
import { chainProblems } from './chainProblems.js';
import { LineIndex } from './lines.js';
import { Places } from './places.js';
import type { Problem } from './problem.js';
import { schemaProblems, UNQUOTED } from './schemaProblems.js';

/** A chain file longer than this is no chain file. */
export const LONGEST_FILE = 1024 * 1024;
/** A file of aliases of aliases must not fill the memory. */
const MOST_ALIASES = 100;

/** A chain file that was read. */
export interface ParsedChain {
  /** The chain, when no problem is an error. */
  readonly chain: Chain | undefined;
  /** What is in the file, also when it is no chain (yet). */
  readonly raw: unknown;
  readonly problems: readonly Problem[];
  readonly places: Places;
  readonly lines: LineIndex;
}

/** Reads a chain file, YAML or JSON. Never throws: what is wrong is a problem with a place. */
export function parseChain(text: string): ParsedChain {
  const lines = new LineIndex(text);
  // JSON is read by the same parser: it is YAML, and errors get their place
  const document = parseDocument(text.slice(0, LONGEST_FILE), {
    version: '1.2',
    prettyErrors: false,
    logLevel: 'silent',
  });
  const places = new Places(document, text);
  const failed = (problems: readonly Problem[], raw?: unknown): ParsedChain => ({
    ...{ chain: undefined, raw, problems, places, lines },
  });
  if (text.length > LONGEST_FILE)
    return failed([{ start: 0, end: 1, severity: 'error', message: 'This file is too long to be a chain.' }]);
  // first, since it may find errors of its own
  const raw = valueOf(document);
  const syntax = document.errors.map(error => syntaxProblem(error, text));
  if (syntax.length > 0) return failed(syntax, raw);
  if (!isMap(document.contents))
    return failed(
      [{ start: 0, end: Math.max(1, text.length), severity: 'error', message: 'A chain has a "model" and "steps".' }],
      raw,
    );
  const shape = schemaProblems(raw, places);
  if (shape.length > 0) return failed(shape, raw);
  const chain = raw as Chain;
  const problems = chainProblems(chain, places);
  const isRunnable = !problems.some(({ severity }) => severity === 'error');
  return { chain: isRunnable ? chain : undefined, raw, problems, places, lines };
}

function valueOf(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES }) as unknown;
  } catch (error) {
    document.errors.push(error as YAMLError);
    return undefined;
  }
}

function syntaxProblem(error: YAMLError | Error, text: string): Problem {
  const [start, end] = 'pos' in error ? error.pos : [0, 1];
  const message = startsWithBraces(text.slice(text.lastIndexOf('\n', start - 1) + 1, start + 2))
    ? UNQUOTED
    : (error.message.split('\n')[0] ?? 'This cannot be read.');
  return { start, end: Math.max(end, start + 1), severity: 'error', message };
}

/** A value that begins with `{{` is not the text that it is meant to be. */
function startsWithBraces(line: string): boolean {
  return line.includes(': {{') || line.includes('- {{');
}
