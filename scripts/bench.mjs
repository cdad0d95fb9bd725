/**
 * `npm run bench -- NAME [options]`: measures something against an anchor in the same run and prints ratios, since
 * absolute figures are this machine's. Without a name: says what there is. Exits with 1 where a measurement gates.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureDependencies } from './lib/dependencies.mjs';
import { endAll, run } from './lib/run.mjs';
import { serverIsInstalled, serverPaths } from './lib/vscodeServer.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const ENDING = '.bench.ts';
const names = readdirSync(join('test', 'bench'))
  .filter(file => file.endsWith(ENDING))
  .map(file => file.slice(0, -ENDING.length))
  .sort();
const [name, ...options] = process.argv.slice(2);
if (name === undefined || !names.includes(name)) {
  console.log(`Choose what to measure: ${names.join(', ')}.`);
  process.exit(name === undefined ? 0 : 2);
}
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    endAll();
    process.exit(130);
  });
}

await ensureDependencies(line => console.log(`[bench] ${line}`));
console.log('[bench] building');
// as it ships: minified code is other code to the compiler
const built = await run(process.execPath, ['esbuild.mjs', '--tests', '--production'], { show: 'failure' });
if (built.code !== 0) process.exit(1);
const file = join('out', 'bench', `${name}.bench.js`);
if (!existsSync(file)) throw new Error(`${file} was not built.`);
// the Node of the editor where it is there: that is where the engine runs
const node = serverIsInstalled() ? serverPaths().node : process.execPath;
const { code } = await run(node, ['--enable-source-maps', file, ...options]);
process.exit(code);
