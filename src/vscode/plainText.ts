/*
 * Names that users type and text that machines send are shown in places where the editor gives some characters a
 * meaning. Each function takes that meaning away and leaves the text readable.
 */

/** Joins without a width: keeps two characters from being read as one token, and is not seen. */
const WORD_JOINER = '\u2060';
const LONGEST_MESSAGE = 1000;

/** For markdown: every ASCII punctuation mark escaped, so neither links, HTML, images nor bare addresses come of it. */
export function escapeMarkdown(text: string): string {
  return oneLine(text).replace(/[!-/:-@[-`{-~]/g, String.raw`\$&`);
}

/** For labels that draw `$(name)` as an icon: status bar, quick picks. */
export function withoutIcons(text: string): string {
  return oneLine(text).replaceAll('$(', `$${WORD_JOINER}(`);
}

/** For notifications and dialogs, which turn `[text](command:...)` into a link that runs. */
export function withoutLinks(text: string): string {
  const line = oneLine(text).replaceAll('](', `]${WORD_JOINER}(`);
  return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}…` : line;
}

/** For input boxes, whose prompts and complaints draw icons and turn links into ones that run. */
export function withoutIconsAndLinks(text: string): string {
  return withoutIcons(withoutLinks(text));
}

/** Control characters, line breaks and direction marks become spaces: they could fake another line or its order. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ');
}
