import { SparkError } from '../../shared/errors.js';

/** Words made of these alone mean themselves to every POSIX shell. */
const PLAIN = /^[A-Za-z0-9_@%+:,./-]+$/;

/**
 * Makes one shell line of a program and its arguments. Single quotes keep everything literal in a POSIX shell (XCU 2.2.2);
 * a single quote itself is written as `'\''`. No shell can carry a NUL, so that one is refused with `invalidInput`.
 */
export function quote(argv: readonly string[]): string {
  if (argv.length === 0) throw new SparkError({ code: 'invalidInput', message: 'There is no program to run.' });
  return argv.map(quoteWord).join(' ');
}

function quoteWord(word: string): string {
  if (word.includes('\0'))
    throw new SparkError({ code: 'invalidInput', message: 'A command cannot contain a NUL character.' });
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
