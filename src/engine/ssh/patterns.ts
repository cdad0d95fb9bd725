/**
 * Whether a name matches a pattern as ssh_config(5) and sshd(8) have them (PATTERNS): `*` stands for any characters, `?` for one; case matters.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  return matchesSteps(
    pattern.length,
    step => pattern[step] === '*',
    (step, char) => pattern[step] === '?' || pattern[step] === char,
    name,
  );
}

/** Whether a name matches a list of patterns with commas between. A pattern with `!` that matches excludes it, wherever it stands. */
export function matchesPatternList(list: string, name: string): boolean {
  let matches = false;
  for (const item of list.split(',')) {
    const negated = item.startsWith('!');
    if (!matchesPattern(negated ? item.slice(1) : item, name)) continue;
    if (negated) return false;
    matches = true;
  }
  return matches;
}

/**
 * Matches a pattern of `count` steps, each of which is a star or takes one character. Walks with one place to come back to instead of a regular
 * expression, so that no pattern, however many stars it has, takes longer than pattern times name.
 */
export function matchesSteps(
  count: number,
  isStar: (step: number) => boolean,
  takes: (step: number, char: string) => boolean,
  name: string,
): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let i = 0; i < name.length;) {
    if (at < count && isStar(at)) {
      star = at++;
      resume = i;
    } else if (at < count && takes(at, name.charAt(i))) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++resume;
    } else return false;
  }
  while (at < count && isStar(at)) at++;
  return at === count;
}
