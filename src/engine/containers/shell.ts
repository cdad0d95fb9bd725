import { USUAL_FOLDERS } from '../base/usualFolders.js';
import { dockerScript } from './scripts.js';

/** What looks like a shell, the friendlier first. */
const SHELL = 'command -v bash >/dev/null 2>&1 && exec bash; exec sh';

/** Starts a shell inside a container; needs a terminal around it. */
export function shellIn(container: string): string[] {
  const inside = ['exec', '--interactive', '--tty', container, 'sh', '-c', SHELL];
  return ['sh', '-c', dockerScript, 'dgx-spark-docker', USUAL_FOLDERS, ...inside];
}
