/** The npm dependencies of this project, installed when they are missing or the lock file has changed. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.mjs';

/** Holds the hash of the lock file that `node_modules` was made from. */
const STAMP = join('node_modules', '.dgx-spark-lock');

/** npm writes this one at the end of an install; a folder without it is half-made. */
const NPM_MARK = join('node_modules', '.package-lock.json');

/** @param {(line: string) => void} say */
export async function ensureDependencies(say) {
  const wanted = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex');
  const found = existsSync(STAMP) && existsSync(NPM_MARK) ? readFileSync(STAMP, 'utf8') : '';
  if (found === wanted) return;
  say(existsSync('node_modules') ? 'Dependencies changed: npm ci' : 'Installing dependencies: npm ci');
  const { code } = await run(...npmCommand(['ci', '--no-audit', '--no-fund']));
  if (code !== 0) throw new Error('npm ci failed; see above.');
  writeFileSync(STAMP, wanted);
}

/** Under `npm run` npm says where it is; that also works on Windows, where `npm` is a batch file that cannot be spawned. */
function npmCommand(args) {
  const cli = process.env.npm_execpath;
  return cli?.endsWith('npm-cli.js') ? [process.execPath, [cli, ...args]] : ['npm', args];
}
