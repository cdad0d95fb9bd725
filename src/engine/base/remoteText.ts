/**
 * Makes text from the other side fit for a message of ours: one line, printable, at most `limit` characters.
 * Control and direction-changing characters are dropped, since they could make a message look like something else.
 */
export function printable(text: string, limit = 120): string {
  const line = text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\p{Cf}+/gu, '')
    .trim();
  return line.length > limit ? `${line.slice(0, limit)}…` : line;
}
