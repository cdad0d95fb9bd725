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

/**
 * The findings as plain text that can be put into an issue: one line each, what belongs to it indented below. Whatever the machine said is on one
 * line and without control characters.
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
  const body = findings.flatMap(({ state, title, detail, hint }, index) => {
    const [mark, word] = STATES[state];
    const line = `${mark} ${word.padEnd(WORD_WIDTH)}  ${(steps[index] ?? '').padEnd(stepWidth)}  ${plain(title)}`;
    return [
      line.trimEnd(),
      ...(detail === undefined ? [] : [`${indent}${plain(detail)}`]),
      ...(hint === undefined ? [] : [`${indent}→ ${plain(hint)}`]),
    ];
  });
  return [...head, ...(head.length > 0 && body.length > 0 ? [''] : []), ...body, ''].join('\n');
}

function plain(text: string): string {
  return printable(text, MOST_CHARACTERS);
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(({ length }) => length));
}
