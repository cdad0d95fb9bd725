/**
 * `npm run bench -- NAME`: builds and runs `test/bench/NAME.bench.ts`, which prints what it has measured; without a name, all of them one after the
 * other. More arguments go to the benchmark.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endAll, run } from './lib/run.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    endAll();
    process.exit(130);
  });
}

const ENDING = '.bench.ts';
const known = readdirSync(join('test', 'bench'))
  .filter(name => name.endsWith(ENDING))
  .map(name => name.slice(0, -ENDING.length));
const [name, ...rest] = process.argv.slice(2);
if (name !== undefined && !known.includes(name)) {
  console.error(`There is no benchmark "${name}"; choose from ${known.join(', ')}.`);
  process.exit(2);
}
const built = await run(process.execPath, ['esbuild.mjs', '--tests'], { show: 'failure' });
if (built.code !== 0) process.exit(1);
let failed = false;
for (const each of name === undefined ? known : [name]) {
  const { code } = await run(process.execPath, ['--enable-source-maps', join('out', 'bench', `${each}.bench.js`), ...rest]);
  failed ||= code !== 0;
}
process.exit(failed ? 1 : 0);
