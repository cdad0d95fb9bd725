import { type Part, PARTS } from './remoteScript.js';

/** No part has that much to say. */
const MOST_CHARACTERS = 8_000;

/** What one part of the script answered. */
export interface Answer {
  /** Output and complaints, without blanks around them. */
  readonly text: string;
  /** Exit status; undefined when it never came to an end. */
  readonly status: number | undefined;
}

export type Answers = ReadonlyMap<Part, Answer>;

/**
 * Takes the output of the script apart. What is outside of the parts, such as what a login prints, is left out, as are parts that nobody asked for
 * and what a part says after its end.
 */
export function readAnswers(output: string, marker: string): Answers {
  const answers = new Map<Part, Answer>();
  let open: { part: Part; lines: string[] } | undefined;
  const close = (status: number | undefined) => {
    if (open) answers.set(open.part, { text: open.lines.join('\n').trim().slice(0, MOST_CHARACTERS), status });
    open = undefined;
  };
  for (const line of output.split('\n')) {
    const words = line.trim().split(' ');
    if (words[0] !== marker) {
      open?.lines.push(line);
      continue;
    }
    const part = PARTS.find(known => known === words[2]);
    if (words[1] === 'b') {
      close(undefined);
      if (part !== undefined && !answers.has(part)) open = { part, lines: [] };
    } else if (words[1] === 'e' && part !== undefined && part === open?.part && /^\d{1,3}$/.test(words[3] ?? '')) {
      close(Number(words[3]));
    }
  }
  close(undefined);
  return answers;
}
