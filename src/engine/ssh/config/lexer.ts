/** A line of ssh_config(5) that has a keyword, taken apart as OpenSSH does it (process_config_line in readconf.c, argv_split in misc.c). */
export interface ConfigLine {
  /** Counted from 1. */
  readonly line: number;
  /** In lower case. */
  readonly keyword: string;
  /** All that follows the keyword and its `=`, comments and quotes as written; the arguments of ProxyCommand and ProxyJump. */
  readonly rest: string;
  /** The arguments without quotes, escapes and comment; undefined when a quote is not closed. */
  readonly words: readonly string[] | undefined;
}

const WHITESPACE = ' \t\r\n';

/** Takes a whole file apart. Empty lines and comments are left out. */
export function readLines(text: string): ConfigLine[] {
  return text.split('\n').flatMap((raw, index) => {
    const found = splitLine(raw);
    return found === undefined ? [] : [{ ...found, line: index + 1, words: splitWords(found.rest) }];
  });
}

function splitLine(raw: string): { keyword: string; rest: string } | undefined {
  // OpenSSH reads into C strings, where a NUL ends the line
  const line = raw.split('\0', 1)[0] ?? '';
  let end = line.length;
  // the first character is never cut off: a line of one form feed is an unknown keyword to OpenSSH
  while (end > 1 && `${WHITESPACE}\f`.includes(line[end - 1] ?? '')) end--;
  let first = takeKeyword(line.slice(0, end));
  // an empty one is what stands before leading space
  if (first?.word === '' && first.rest !== undefined) first = takeKeyword(first.rest);
  if (first === undefined || first.word === '' || first.word.startsWith('#')) return undefined;
  return { keyword: first.word.toLowerCase(), rest: first.rest ?? '' };
}

/**
 * Splits after the first word, at space or one `=`. The word may be quoted, wholly or in part.
 * @returns undefined when its quote is not closed, in which case OpenSSH passes over the line
 */
function takeKeyword(text: string): { word: string; rest: string | undefined } | undefined {
  const at = text.search(/[ \t\r\n"=]/);
  if (at < 0) return { word: text, rest: undefined };
  if (text[at] === '"') {
    const close = text.indexOf('"', at + 1);
    if (close < 0) return undefined;
    return { word: text.slice(0, at) + text.slice(at + 1, close), rest: skipSpace(text.slice(close + 1)) };
  }
  let rest = skipSpace(text.slice(at + 1));
  if (text[at] !== '=' && rest.startsWith('=')) rest = skipSpace(rest.slice(1));
  return { word: text.slice(0, at), rest };
}

function skipSpace(text: string): string {
  let start = 0;
  while (start < text.length && WHITESPACE.includes(text[start] ?? '')) start++;
  return text.slice(start);
}

/**
 * Splits into words as a shell would: at spaces and tabs, single and double quotes, and a backslash before a quote, before a backslash and,
 * outside quotes, before a space. Any other backslash stands for itself, so that Windows paths need no doubling. A `#` where a word would begin
 * starts a comment (since OpenSSH 8.7).
 * @returns undefined when a quote is not closed
 */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? '';
    const next = text[i + 1] ?? '';
    const space = char === ' ' || char === '\t';
    if (word === undefined && space) continue;
    if (word === undefined && char === '#') break;
    word ??= '';
    if (char === '\\' && next !== '' && (`'"\\`.includes(next) || (quote === '' && next === ' '))) {
      word += next;
      i++;
    } else if (quote === '' && space) {
      words.push(word);
      word = undefined;
    } else if (quote === '' && (char === '"' || char === "'")) quote = char;
    else if (char === quote) quote = '';
    else word += char;
  }
  if (quote !== '') return undefined;
  if (word !== undefined) words.push(word);
  return words;
}
