import { matchesPattern, matchesPatternList } from '../patterns.js';

/**
 * What a list of algorithms in ssh_config(5) (Ciphers, MACs, KexAlgorithms, HostKeyAlgorithms, PubkeyAcceptedAlgorithms) makes of the list that is
 * used without it: `+` adds to its end, `-` takes away, `^` puts in front, anything else replaces it. Names may be patterns.
 * @param written as it stands in the file
 * @param defaults what is used when nothing is written, best first
 * @param supported all there are; a name that is none of them is passed over
 * @returns what to use, best first; empty when the file leaves nothing that is supported, which OpenSSH takes for an error
 */
export function applyAlgorithmList(
  written: string,
  defaults: readonly string[],
  supported: readonly string[],
): readonly string[] {
  const names = written.slice(1);
  switch (written[0]) {
    case '-':
      return defaults.filter(name => !matchesPatternList(names, name));
    case '+':
      return pick([...defaults, ...names.split(',')], supported);
    case '^':
      return pick([...names.split(','), ...defaults], supported);
    default:
      return pick(written.split(','), supported);
  }
}

/** The supported names that the patterns stand for, each once, in the order of the patterns. */
function pick(patterns: readonly string[], supported: readonly string[]): readonly string[] {
  return [...new Set(patterns.flatMap(pattern => supported.filter(name => matchesPattern(pattern, name))))];
}
