import type { Path } from './places.js';

/** Where somebody writes in YAML, by how lines are indented: that also holds for a file that is half written. */
export interface WritingPlace {
  /** Of the map or list that is written in. */
  readonly path: Path;
  /** The key whose value is being written; undefined where a key is. */
  readonly key: string | undefined;
  /** What is there of the word, and where it begins. */
  readonly word: string;
  readonly start: number;
}

interface Line {
  readonly indent: number;
  readonly key: string | undefined;
  /** Columns of the dashes of list items that begin here. */
  readonly dashes: readonly number[];
  readonly isBlock: boolean;
}

const LINE = /^( *)((?:- +)*)(?:([\w$-]+):(?=\s|$))?(.*)$/;

/** Undefined inside of a text, a comment or braces. */
export function writingPlace(text: string, offset: number): WritingPlace | undefined {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const before = text.slice(lineStart, offset);
  if (/#|["'[{]/.test(before)) return undefined;
  const current = readLine(before);
  const [, value = ''] = /^ *(?:- +)*[\w$-]+: +(.*)$/.exec(before) ?? [];
  const isValue = current.key !== undefined;
  if (isValue && !/^ *(?:- +)*[\w$-]+: /.test(before)) return undefined;
  const word = isValue ? value : before.trimStart().replace(/^(?:- *)+/, '');
  if (/\s/.test(word)) return undefined;
  const path = pathAbove(text.slice(0, lineStart).split('\n').slice(0, -1), current);
  return path && { path, key: current.key, word, start: offset - word.length };
}

function readLine(line: string): Line {
  const [, spaces = '', marks = '', key, rest = ''] = LINE.exec(line) ?? [];
  const dashes = Array.from(marks.matchAll(/-/g), ({ index }) => spaces.length + index);
  return { indent: spaces.length + marks.length, key, dashes, isBlock: /[|>][-+\d]*\s*$/.test(rest) };
}

/** The keys and items around a line; undefined where it is part of a text of several lines. */
function pathAbove(lines: readonly string[], current: Line): Path | undefined {
  const path: (string | number)[] = [];
  let column = current.indent;
  const enter = (line: Line) => {
    for (const dash of [...line.dashes].reverse())
      if (dash < column) {
        path.unshift(0);
        column = dash;
      }
  };
  enter(current);
  for (let at = lines.length - 1; at >= 0 && column >= 0; at--) {
    const written = lines[at] ?? '';
    if (/^\s*(#|$)/.test(written)) continue;
    const line = readLine(written);
    // the items of a list may stand as far left as its key
    const isListKey = path[0] === 0 && line.indent === column && line.dashes.length === 0;
    if (line.key !== undefined && (line.indent < column || isListKey)) {
      if (line.isBlock) return undefined;
      path.unshift(line.key);
      column = line.indent;
      enter(line);
      if (column === 0 && line.dashes.length === 0) return path;
    } else enter(line);
  }
  return path;
}
