import { homedir } from 'node:os';
import { sep } from 'node:path';

/** A path to be read: what is below the home folder begins with `~`. */
export function shortPath(path: string, home = homedir()): string {
  return path.startsWith(home + sep) ? `~${path.slice(home.length)}` : path;
}
