import { lstat, readdir } from 'node:fs/promises';
import { matchesSteps } from '../patterns.js';

/** No pattern of a configuration means more files than this. */
const MAX_MATCHES = 1000;

/**
 * The files that a pattern of glob(7) means, in the order of their names: `*`, `?` and `[...]` (no classes such as `[:alpha:]`), none of which
 * stands for a `/` or a leading dot. On Windows a `\` separates folders as `/` does and case does not matter; elsewhere a `\` takes the meaning
 * from the character behind it. What cannot be looked into is passed over.
 * @param pattern an absolute path
 */
export async function glob(pattern: string, platform: NodeJS.Platform): Promise<string[]> {
  const windows = platform === 'win32';
  const path = windows ? pattern.replaceAll('\\', '/') : pattern;
  // a drive, or the server and the share of a UNC path
  const root = windows ? (/^(?:\/\/[^/]+\/[^/]+|[^/]*)/.exec(path)?.[0] ?? '') : '';
  let found = [root];
  for (const part of path.slice(root.length).split('/')) {
    if (part === '') continue;
    const next = await Promise.all(found.map(folder => enter(folder, part, windows)));
    found = next.flat().slice(0, MAX_MATCHES);
  }
  return found;
}

async function enter(folder: string, part: string, windows: boolean): Promise<string[]> {
  if (!/[*?[]/.test(part)) {
    const path = `${folder}/${windows ? part : part.replace(/\\([^])/g, '$1')}`;
    return (await exists(path)) ? [path] : [];
  }
  const steps = stepsOf(windows ? part.toLowerCase() : part, windows);
  const names = await readdir(`${folder}/`).catch(() => []);
  return names
    .filter(name => (!name.startsWith('.') || steps[0] === '.') && matches(steps, windows ? name.toLowerCase() : name))
    .sort()
    .map(name => `${folder}/${name}`);
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}

const STAR = Symbol('any characters');
const ONE = Symbol('any character');
/** A character, a star, a question mark or the inside of a bracket. */
type Step = string | typeof STAR | typeof ONE | { readonly inside: string; readonly negated: boolean };

function stepsOf(part: string, windows: boolean): Step[] {
  // a bracket that is not closed stands for itself; a `]` that comes first in one belongs to it
  const form = /\[([!^]?)(\]?[^\]]*)\]|\\([^])|([^])/g;
  return [...part.matchAll(form)].map(([all, negation, inside, escaped, char]) => {
    if (inside !== undefined && inside !== '') return { inside, negated: negation !== '' };
    if (escaped !== undefined && !windows) return escaped;
    if (char === '*') return STAR;
    return char === '?' ? ONE : all;
  });
}

function matches(steps: readonly Step[], name: string): boolean {
  return matchesSteps(
    steps.length,
    at => steps[at] === STAR,
    (at, char) => {
      const step = steps[at];
      if (typeof step !== 'object') return step === ONE || step === char;
      return isInside(step.inside, char) !== step.negated;
    },
    name,
  );
}

/** Whether a bracket's text such as `a-z_` has a character. */
function isInside(inside: string, char: string): boolean {
  return [...inside.matchAll(/([^])-([^])|[^]/g)].some(([single, from, to]) =>
    from !== undefined && to !== undefined ? from <= char && char <= to : single === char,
  );
}
