import type { Span } from './places.js';

/** Something about a chain file that its author should know. With an error it does not run. */
export interface Problem extends Span {
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

/** The known word that a misspelt one was likely meant to be. */
export function didYouMean(word: string, known: readonly string[]): string | undefined {
  const limit = word.length < 3 ? 0 : Math.floor(word.length / 3);
  const [best] = known
    .map(candidate => ({ candidate, distance: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance: far }) => far <= limit)
    .sort((a, b) => a.distance - b.distance);
  return best?.candidate;
}

/** `"a", "b" or "c"`. */
export function oneOf(words: readonly string[]): string {
  const quoted = words.map(word => `"${word}"`);
  const last = quoted.pop() ?? '';
  return quoted.length === 0 ? last : `${quoted.join(', ')} or ${last}`;
}

/** Letters to change, add, leave out or swap with their neighbour to get from one word to another. */
function distance(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let at = 0; at < from.length; at++) {
    const next = [at + 1];
    for (let column = 0; column < to.length; column++) {
      const isSwapped = column > 0 && from[at] === to[column - 1] && from[at - 1] === to[column];
      next.push(
        Math.min(
          (row[column] ?? 0) + (from[at] === to[column] ? 0 : 1),
          (row[column + 1] ?? 0) + 1,
          (next[column] ?? 0) + 1,
          isSwapped ? (before[column - 1] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    before = row;
    row = next;
  }
  return row.at(-1) ?? 0;
}
