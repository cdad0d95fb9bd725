import { printable } from '../base/remoteText.js';
import type { Finding, FindingState } from './finding.js';

/** Marks and words: the marks for the eye, the words for whoever does not see or know them. */
const STATES: Readonly<Record<FindingState, readonly [mark: string, word: string]>> = {
  ok: ['✓', 'ok'],
  warning: ['!', 'warning'],
  problem: ['✗', 'problem'],
  skipped: ['–', 'skipped'],
};
const WORD_WIDTH = Math.max(...Object.values(STATES).map(([, word]) => word.length));
/** Longer texts are cut: a report is to be read. */
const MOST_CHARACTERS = 1_000;
/** Lines are broken so that an editor beside a side bar shows them whole. */
const MOST_COLUMNS = 84;
const LEAST_COLUMNS = 40;

/**
 * The findings as plain text that can be put into an issue: a line each, what belongs to it indented below. Whatever the machine said is without
 * control characters, and where it goes on in another line it is indented: it cannot look like a finding.
 * @param about what the report is about, such as the versions of editor and extension; each becomes a line
 */
export function formatReport(
  findings: readonly Finding[],
  about: readonly (readonly [label: string, value: string])[],
): string {
  const steps = findings.map(({ step }) => plain(step));
  const stepWidth = widest(steps);
  const labelWidth = widest(about.map(([label]) => plain(label))) + 1;
  const indent = ' '.repeat(2 + WORD_WIDTH + 2 + stepWidth + 2);
  const head = about.map(([label, value]) => `${`${plain(label)}:`.padEnd(labelWidth)} ${plain(value)}`.trimEnd());
  const columns = Math.max(LEAST_COLUMNS, MOST_COLUMNS - indent.length);
  const body = findings.flatMap(({ state, title, detail, hint }, index) => {
    const [mark, word] = STATES[state];
    const start = `${mark} ${word.padEnd(WORD_WIDTH)}  ${(steps[index] ?? '').padEnd(stepWidth)}  `;
    return [
      ...broken(title, columns, start, indent),
      ...(detail === undefined ? [] : broken(detail, columns, indent, indent)),
      ...(hint === undefined ? [] : broken(hint, columns - 2, `${indent}→ `, `${indent}  `)),
    ];
  });
  return [...head, ...(head.length > 0 && body.length > 0 ? [''] : []), ...body, ''].join('\n');
}

function plain(text: string): string {
  return printable(text, MOST_CHARACTERS);
}

/** A text in lines of so many columns, broken at spaces; a word that is longer stays whole. */
function broken(text: string, columns: number, first: string, others: string): string[] {
  const lines = [''];
  for (const word of plain(text).split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line === '') lines.splice(-1, 1, word);
    else if (line.length + 1 + word.length <= columns) lines.splice(-1, 1, `${line} ${word}`);
    else lines.push(word);
  }
  return lines.map((line, index) => `${index === 0 ? first : others}${line}`.trimEnd());
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(({ length }) => length));
}
